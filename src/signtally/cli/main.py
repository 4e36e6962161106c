"""The command group, and the exit codes and messages of errors."""

import gc
import importlib
import importlib.util
import keyword

import click

from signtally.cli.output import EXPECTED_ERRORS, explain, explain_path, printable

# Command → module below `signtally.cli`, imported when it is called: `signtally token` does not pay for Polars.
_COMMANDS = {
    "local": "local",
    "up": "local",
    "demo": "local",
    "emit": "emit",
    "provision": "pipeline",
    "deploy": "deploy",
    "ingest": "pipeline",
    "aggregate": "pipeline",
    "reconcile": "integrity",
    "rebuild": "integrity",
    "import": "history",
    "report": "reports",
    "reports": "report_diff",
    "dead-letters": "dead_letters",
    "schedules": "schedules",
    "digests": "digests",
    "deliveries": "digests",
    "mail-events": "mail_events",
    "tenants": "tenants",
    "backup": "backups",
    "restore": "backups",
    "copy-store": "copying",
    "keys": "keys",
    "expire": "retention",
    "erase": "erasing",
    "erasures": "erasing",
    "offboard": "erasing",
    "token": "token",
    "api": "api",
}
# Modules and clients stay until the end. With Python's own thresholds (700, 10, 10) the collector looks at them again
# and again, which is a fifth of the processor time of `signtally report`.
_GARBAGE_THRESHOLDS = (100_000, 50, 50)
_CHECKOUT_COMMANDS = {"local", "up", "demo", "emit"}  # their code is in no wheel


class LazyGroup(click.Group):
    """Imports a command's module only when that command, or the list of all, is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for name in _COMMANDS if _is_installed(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        if not _is_installed(cmd_name):
            raise click.ClickException(
                f"`signtally {cmd_name}` is for laptops and tests, and not in the production wheel: "
                "run it from a checkout, after `make setup`"
            )
        module = importlib.import_module(f"signtally.cli.{_COMMANDS[cmd_name]}")
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, f"{name}_" if keyword.iskeyword(name) else name)
        return command


def _is_installed(command: str) -> bool:
    return command not in _CHECKOUT_COMMANDS or importlib.util.find_spec("signtally.local") is not None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="signtally")
def signtally() -> None:
    """Usage reports for the tenants of an eSignature SaaS.

    AWS is found by its standard variables (AWS_REGION, AWS_ENDPOINT_URL_SQS, …), which `signtally local` prints for a
    local AWS. Signtally's own settings start with SIGNTALLY_. Logs go to stderr: as text on a terminal, else as JSON
    (SIGNTALLY_LOG_FORMAT).
    """
    from signtally.logs import configure_logs  # noqa: PLC0415 -- `--help` writes no log

    configure_logs()


def main() -> None:
    """Run a command; an expected error is one message on stderr and exit code 1, an interrupt exit code 130.

    Expected, too, is a file or directory that cannot be read or written, and a disk that is full.
    """
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    try:
        signtally(standalone_mode=False)
    except click.exceptions.Abort:
        raise SystemExit(130) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except EXPECTED_ERRORS as error:
        raise _failed(explain(error)) from None
    except OSError as error:
        why = explain_path(error)
        if why is None:  # a defect of ours
            raise
        raise _failed(why) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _failed(why: str) -> SystemExit:
    for line in f"signtally: {why}".splitlines():
        click.echo(printable(line), err=True)
    return SystemExit(1)
