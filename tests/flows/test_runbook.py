"""The runbook: every alarm and every event has its place in it, and every command in it runs."""

import datetime as dt
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.cli import app as prefect_program
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate

from signtally import wiring
from signtally.domain.operator_events import EventName
from signtally.local.stack import WORK_POOL
from signtally.settings import Settings
from tasks.alarms import alarms
from tests.support.commands import Command, names_of
from tests.support.fakes import fake_services

RUNBOOK = (Path(__file__).parents[2] / "docs/operations.md").read_text()
COMMANDS = [
    *dict.fromkeys(
        line.removeprefix("$ ")
        for block in re.findall(r"```console\n(.*?)```", RUNBOOK, re.DOTALL)
        for line in block.splitlines()
    )
]
U_17 = {"email": "una@acme.example", "user_id": "u_17"}
PROFILE: dict[str, Any] = {
    "tenant_id": "acme",
    "schedules": [{"name": "monthly", "every": "month", "recipients": [{"email": "ann@acme.example"}, U_17]}],
}


def test_every_alarm_has_a_section_and_every_event_a_row() -> None:
    headings = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)
    assert {each.title for each in alarms()} <= {*headings}
    assert {*re.findall(r"^\| `(signtally\.[a-z.-]+)` \|", RUNBOOK, re.MULTILINE)} == {*EventName}


@pytest.mark.usefixtures("prefect_server")
def test_every_command_runs(
    tmp_path: Path, real_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    services = fake_services(clock=lambda: dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC))
    monkeypatch.setattr(wiring, "services", lambda *_, **__: services)
    services.stores.watermarks.publish_data_through(services.clock())
    (tmp_path / "acme.json").write_text(json.dumps(PROFILE))
    signtally = Command(tmp_path, names_of(real_settings))
    (tmp_path / "bolt.json").write_text('{"tenant_id": "bolt"}')
    assert signtally("tenants", "put", "acme.json", "bolt.json").code == 0
    with get_client(sync_client=True) as client:
        if WORK_POOL not in {each.name for each in client.read_work_pools()}:
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        if program == "signtally":
            ran = signtally(*arguments)
            assert ran.code == 0, (command, ran)
            assert isinstance(ran.answer, dict), command
        else:
            assert program == "prefect", command
            monkeypatch.setattr(sys, "argv", ["prefect", *arguments])
            with pytest.raises(SystemExit) as ended:
                prefect_program()
            assert not ended.value.code, (command, capsys.readouterr())
    assert len(COMMANDS) > 15
