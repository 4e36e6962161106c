"""PostgreSQL servers of a test's own, which can be killed, and PgBouncer before one."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from signtally.local.local_postgresql import LocalPostgresql
from signtally.loopback import LOOPBACK
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore
from tests.support.ports import free_port

_DEADLINE_SECONDS = 60
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class KillableServer:
    """One server, whose state outlives its process."""

    def __init__(self, local: LocalPostgresql) -> None:
        self._local = local
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return self._local.address

    def start(self) -> None:
        """Return once it takes connections; while what a killed one has left is still ending, it is tried again."""
        program = self._local.program()
        # The kernel would end it with the thread that starts it here, not with this process.
        command = [part for part in program.command if not part.startswith("--pdeathsig")]
        assert program.is_ready is not None
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while True:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(command, start_new_session=True)
            if program.is_ready():
                return
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        """As the kernel does when memory ends: its children notice, and what was not on the disk is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(_DEADLINE_SECONDS)
            self._process = None


@contextlib.contextmanager
def postgresql_server(*options: str) -> Iterator[KillableServer]:
    """Empty; *options* as `postgres -c` takes them."""
    directory = Path(tempfile.mkdtemp(prefix="signtally-server-"))
    directory.chmod(0o755)
    server = KillableServer(LocalPostgresql(free_port(), directory / "data", options=options))
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)


@contextlib.contextmanager
def streaming_replica(of: KillableServer) -> Iterator[KillableServer]:
    """A hot standby of a running server."""
    directory = Path(tempfile.mkdtemp(prefix="signtally-replica-"))
    directory.chmod(0o755)
    replica = KillableServer(LocalPostgresql(free_port(), directory / "data"))
    try:
        _copy_cluster(of.address, directory / "data")
        replica.start()
        yield replica
    finally:
        replica.stop()
        shutil.rmtree(directory)


def _copy_cluster(address: str, data: Path) -> None:
    """As `LocalPostgresql` keeps one, told to follow the server that it is copied from."""
    program = max(Path("/usr/lib/postgresql").glob("*/bin/pg_basebackup"), key=lambda path: int(path.parts[-3]))
    data.mkdir()
    command = [
        str(program),
        f"--dbname={address}",
        f"--pgdata={data}/cluster",
        "--write-recovery-conf",
        "--checkpoint=fast",
    ]
    subprocess.run(command, check=True)
    (data / "password").write_text(unquote(urlsplit(address).password or ""), encoding="utf-8")
    if os.geteuid() == 0:
        subprocess.run(["/bin/chown", "--recursive", "postgres:postgres", data], check=True)


@contextlib.contextmanager
def pgbouncer(address: str, *, server_connections: int) -> Iterator[str]:
    """The address of a PgBouncer in transaction mode before the server at *address*."""
    assert PGBOUNCER is not None
    user, _, rest = address.removeprefix("postgresql://").partition(":")
    password, _, place = rest.partition("@")
    port = int(place.partition(":")[2].partition("/")[0])
    with tempfile.TemporaryDirectory(prefix="signtally-pgbouncer-") as name:
        folder, own = Path(name), free_port()
        folder.chmod(0o755)
        (folder / "users").write_text(f'"{user}" "{password}"\n')
        (folder / "ini").write_text(
            f"[databases]\n* = host={LOOPBACK} port={port} password={password}\n[pgbouncer]\n"
            f"listen_addr = {LOOPBACK}\nlisten_port = {own}\nunix_socket_dir =\nauth_type = plain\n"
            f"auth_file = {folder}/users\npool_mode = transaction\nmax_client_conn = 500\n"
            f"default_pool_size = {server_connections}\nignore_startup_parameters = extra_float_digits,options\n"
        )
        command = [PGBOUNCER, str(folder / "ini")]
        if os.geteuid() == 0:
            command = [PGBOUNCER, "-u", "postgres", str(folder / "ini")]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
            through = address.replace(f":{port}/", f":{own}/")
            deadline = time.monotonic() + _DEADLINE_SECONDS
            while not _answers(own):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield through
            process.send_signal(signal.SIGINT)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def store_at(address: str, *, size: int = 8) -> Iterator[PostgresqlUsageStore]:
    """Its connections are closed in the end."""
    store = PostgresqlUsageStore(PostgresqlConnections(address, size=size), schema="signtally")
    try:
        yield store
    finally:
        store.close()
