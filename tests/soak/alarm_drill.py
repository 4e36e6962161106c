"""`make alarm-drill`: causes each alarm on a running stack, follows the runbook as written, and takes the minutes.

    .venv/bin/python -m tests.soak.alarm_drill [TITLE…]      (all alarms unless some are named by words of their titles)

The notification is read off a socket; then every command of its section in docs/operations.md runs, in order, and what
was wrong must be right again. Prints a table; the exit code is 1 when an alarm stayed silent or a section did not help.
"""

import datetime as dt
import functools
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from signtally import wiring
from signtally.domain.counted import counted
from signtally.local.flow_runs import FlowRuns
from signtally.local.prefect_api import PrefectApi
from signtally.local.processes import ChildError
from signtally.settings import Settings
from tests.soak.alarm_causes import EXERCISES, Channel, Exercise, Scene, prepare
from tests.soak.running_up import running_up
from tests.soak.stack_programs import StackPrograms
from tests.support.alarm_inbox import AlarmInbox
from tests.support.commands import SIGNTALLY, Program
from tests.support.leftovers import end_with_this_process

_RUNBOOK = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
_TIMEOUT_SECONDS = 300.0
_TRIES = 5
_SETTINGS = {"SIGNTALLY_WEBHOOK_LOOPBACK": "true", "SIGNTALLY_DIGEST_PATIENCE": "0s"}  # things go wrong soon
_SILENCE = dt.timedelta(seconds=30)  # in place of a quarter of an hour, or a day


def main() -> None:
    end_with_this_process()
    wanted = [each for each in EXERCISES if not sys.argv[1:] or any(word in each.title for word in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as directory, AlarmInbox() as inbox, Channel() as channel:
        folder = Path(directory)
        settings = _SETTINGS | {"SIGNTALLY_ALERT_URL": inbox.url}
        with running_up(folder, settings=settings, log=Path("alarm-drill.log")) as (process_id, stack):
            os.environ.update(settings | stack.shell_environment)
            services = wiring.services(Settings(state_directory=folder / ".signtally"))
            runs, prefect = FlowRuns(stack.prefect_url), PrefectApi(f"{stack.prefect_url}/api")
            programs = StackPrograms(process_id, is_well={})
            scene = Scene(services, runs, prefect, programs, channel, Program(folder, {}))
            prepare(scene)
            sys.stdout.write("| alarm | told after | mended by commands in | |\n|---|---|---|---|\n")
            failed = []
            for each in wanted:
                try:
                    row = _exercise(each, scene, inbox)
                except (AssertionError, ChildError) as error:  # the others are tried all the same
                    row = f"| {each.title} | FAILED | | {error} |"
                    failed.append(each.title)
                sys.stdout.write(f"{row}\n")
                sys.stdout.flush()
            runs.close()
            prefect.close()
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _exercise(exercise: Exercise, scene: Scene, inbox: AlarmInbox) -> str:
    if exercise.shown_as:
        _shorten_silences()
    began = time.monotonic()
    exercise.cause(scene)
    inbox.wait_for(exercise.subject, exercise.says, timeout_seconds=_TIMEOUT_SECONDS)
    told = time.monotonic()
    sections = [title for title in (exercise.before, exercise.title) if title]
    commands = [each for title in sections for each in _commands_of(title, scene)]
    scene.codes = [_run(command, scene) for command in commands]
    mended = time.monotonic()
    assert exercise.is_mended(scene), (exercise.title, commands, scene.codes)
    minutes = [f"{seconds / 60:.1f} min" for seconds in (told - began, mended - told)]
    return f"| {exercise.title} | {' | '.join(minutes)} | {counted(len(commands), 'command')} |"


def _commands_of(title: str, scene: Scene) -> list[str]:
    """Those of the runbook's section, for last month, and for who was refused here. Several alarms may share one."""
    headings = rf"^## {title}\n+(?:## .*\n+)*"
    section = re.split(headings, _RUNBOOK, maxsplit=1, flags=re.MULTILINE)[1].split("\n## ", maxsplit=1)[0]
    listed = re.findall(r"^\$ (.*)$", section, re.MULTILINE)
    assert listed, f"no commands under {title}"
    last_month = scene.services.clock().replace(day=1) - dt.timedelta(days=1)
    here = {"2026-10": f"{last_month:%Y-%m}", "ann@acme.example": "webhook:Hook"}
    return [functools.reduce(lambda text, name: text.replace(name, here[name]), here, each) for each in listed]


def _run(command: str, scene: Scene) -> int:
    program, *arguments = shlex.split(command)
    if program == "signtally":
        return scene.operator(*arguments).code
    assert program == "prefect", command
    for _ in range(_TRIES):  # over SQLite, its server may say on a busy machine that its database is locked
        ran = subprocess.run(
            [SIGNTALLY.with_name("prefect"), *arguments], check=False, capture_output=True, text=True, timeout=300
        )
        if ran.returncode == 0:
            return 0
    raise AssertionError(f"{command}: {(ran.stdout + ran.stderr)[-500:]}")


def _shorten_silences() -> None:
    """The same automations, which notice within half a minute that no run has started."""
    from tasks.alarms import SILENCE, alarms  # noqa: PLC0415 -- Prefect takes seconds
    from tasks.automations import deploy  # noqa: PLC0415

    deploy(_alert_settings(), alarms(silence=dict.fromkeys(SILENCE, _SILENCE)), heartbeat_seconds=30)


def _alert_settings() -> Settings:
    return Settings.model_validate({"alert_url": os.environ["SIGNTALLY_ALERT_URL"]})


if __name__ == "__main__":
    main()
