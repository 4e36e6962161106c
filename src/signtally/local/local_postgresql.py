"""A PostgreSQL server on this machine's loopback address: Debian's programs, its state in one directory."""

import dataclasses
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from signtally.local.processes import ChildError, Program
from signtally.loopback import LOOPBACK, require_free

DEFAULT_POSTGRESQL_PORT = 5433  # 5432 is often that of a server which came with the machine
_DEBIAN = Path("/usr/lib/postgresql")
_ACCOUNT = "postgres"  # that Debian's package makes: the server refuses to run as root
_USER, _DATABASE = "signtally", "postgres"
_QUIET = ("log_min_messages=fatal", "log_checkpoints=off")  # a refused statement is its caller's to report
_OTHERS_MAY_ENTER = 0o001


@dataclasses.dataclass(frozen=True, slots=True)
class LocalPostgresql:
    """The port and the state directory of one server.

    *options* are settings as `postgres -c` takes them; without a *password*, one is drawn when the state is made.
    """

    port: int
    data: Path
    options: tuple[str, ...] = ()
    password: str | None = None

    @property
    def address(self) -> str:
        """With the password in it. Raises FileNotFoundError before the first `program`."""
        password = quote(self._password_file.read_text(encoding="utf-8"), safe="")
        return f"postgresql://{_USER}:{password}@{LOOPBACK}:{self.port}/{_DATABASE}"

    def program(self) -> Program:
        """The server over the state in *data*, which is made first where there is none: that takes a second or two.

        Raises ChildError when PostgreSQL is not installed, not in the version of the state, or does not make it,
        PortInUseError.
        """
        require_free(self.port, what="the local PostgreSQL", option="--postgresql-port")
        programs = self._programs()
        if not self._cluster.exists():
            self._make_cluster(programs)
        options = (f"listen_addresses={LOOPBACK}", f"port={self.port}", "unix_socket_directories=", *_QUIET)
        settings = [part for option in (*options, *self.options) for part in ("-c", option)]
        return Program(
            name="postgresql",
            command=[*self._as_account(), str(programs / "postgres"), "-D", str(self._cluster), *settings],
            is_ready=self._takes_connections,
            stop_signal=signal.SIGINT,  # with SIGTERM it would wait for its clients
        )

    @property
    def _cluster(self) -> Path:
        return self.data / "cluster"

    @property
    def _password_file(self) -> Path:
        return self.data / "password"

    def _make_cluster(self, programs: Path) -> None:
        """Whole or not at all. Raises ChildError."""
        unfinished = self.data / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self._password_file.touch(0o600)
        self._password_file.write_text(self.password or secrets.token_urlsafe(16), encoding="utf-8")
        self._give(self.data, self._password_file)
        rules = ["--auth-host=scram-sha-256", "--auth-local=reject", f"--pwfile={self._password_file}"]
        where = ["-D", str(unfinished), "-U", _USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = [*self._as_account(), str(programs / "initdb"), *where, *rules]
        made = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if made.returncode != 0:
            raise ChildError(f"PostgreSQL's initdb could not fill {self.data}: {made.stderr.strip()}")
        unfinished.rename(self._cluster)

    def _programs(self) -> Path:
        """The directory of PostgreSQL's programs: of the version that made the state, else of the newest installed."""
        wanted = self._cluster / "PG_VERSION"
        version = wanted.read_text(encoding="ascii").strip() if wanted.exists() else "*"
        if found := [*_DEBIAN.glob(f"{version}/bin/initdb")]:
            return max(found, key=lambda path: int(path.parts[-3])).parent
        if elsewhere := shutil.which("initdb"):
            return Path(elsewhere).resolve().parent
        named = "" if version == "*" else f" {version}, which made {self.data},"
        raise ChildError(
            f"PostgreSQL{named} is not installed: install Debian's package "
            f"postgresql{'' if version == '*' else f'-{version}'}, or run `make setup STORE=postgresql`"
        )

    def _as_account(self) -> list[str]:
        """What makes root's command the account's, and has it end with its parent, which a new account forgets."""
        if os.geteuid() != 0:
            return []
        _require_account()
        command = ["setpriv", f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--init-groups", "--pdeathsig=INT"]
        if _are_closed(self.data.absolute().parents):  # such as /root: it may pass all the same
            command += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return [*command, "--"]

    def _give(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            _require_account()
            for path in paths:
                shutil.chown(path, _ACCOUNT, _ACCOUNT)

    def _takes_connections(self) -> bool:
        import psycopg  # noqa: PLC0415 -- a tenth of a second that only this server's user pays

        try:
            psycopg.connect(self.address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _require_account() -> None:
    try:
        pwd.getpwnam(_ACCOUNT)
    except KeyError:
        raise ChildError(
            f"PostgreSQL does not run as root, and this machine has no account {_ACCOUNT}: install Debian's package "
            "postgresql, or run the command as another user"
        ) from None


def _are_closed(directories: Iterable[Path]) -> bool:
    return any(not each.stat().st_mode & _OTHERS_MAY_ENTER for each in directories if each.exists())
