"""`signtally reports render`: files made again from a JSON file, with no service at all."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from signtally import wiring
from signtally.domain.actions import MEASURES
from signtally.domain.reports import FORMATS
from signtally.domain.schemas import DAILY_USAGE
from signtally.render.files import render
from signtally.settings import Settings
from tests.support.commands import Command
from tests.support.report_samples import IDENTITY, user
from tests.support.whole_reports import adding_up, filtered_report, whole_report

FILES = {name: f"acme 2026-10-3f2a91c07b1e v3.{name}" for name in FORMATS}


def test_the_files_are_those_of_the_report(tmp_path: Path) -> None:
    """Without an endpoint, a bucket or a queue."""
    report = adding_up(filtered_report())
    (tmp_path / "report.json").write_bytes(render("json", report, IDENTITY).body)
    asked = [part for name in FORMATS for part in ("--format", name)]
    answer = Command(tmp_path, {})("reports", "render", "report.json", *asked, "-o", "made", "--json").answer
    assert (answer["report_id"], answer["version"]) == (IDENTITY.report_id, 3)
    assert [file["path"] for file in answer["files"]] == [str(Path("made") / FILES[name]) for name in FORMATS]
    for name in FORMATS:
        assert (tmp_path / "made" / FILES[name]).read_bytes() == render(name, report, IDENTITY).body, name


def test_a_report_id_leads_nowhere_else(tmp_path: Path) -> None:
    body = render("json", adding_up(filtered_report()), IDENTITY).body.replace(
        b"2026-10-3f2a91c07b1e", b"../../escaped"
    )
    (tmp_path / "report.json").write_bytes(body)
    path = Path(
        Command(tmp_path, {})("reports", "render", "report.json", "--format", "csv", "--json").answer["files"][0][
            "path"
        ]
    )
    assert path.parent == Path()
    assert (tmp_path / path).exists()


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"rows": []}')
    ran = Command(tmp_path, {})("reports", "render", "other.json", "--format", "pdf")
    assert ran.failed_with("no Signtally report in JSON")
    assert not list(tmp_path.glob("*.pdf"))


def test_a_file_whose_figures_were_edited_is_refused(tmp_path: Path) -> None:
    """And not with a traceback once a file made of it contradicts itself, or with files that do."""
    report = json.loads(render("json", adding_up(whole_report()), IDENTITY).body)
    report["totals"]["sent"] += 1
    (tmp_path / "report.json").write_text(json.dumps(report))
    for name in ("csv", "pdf"):
        ran = Command(tmp_path, {})("reports", "render", "report.json", "--format", name)
        assert ran.failed_with(
            "sum of days", "FILE was edited after it was made: download the report's JSON file again"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """As any other report's: what FILE says was said elsewhere."""
    report = dataclasses.replace(adding_up(whole_report(tuple(map(user, range(4_000))))), all_users=True)
    (tmp_path / "report.json").write_bytes(render("json", report, IDENTITY).body)
    ran = Command(tmp_path, {"SIGNTALLY_RENDER_TIMEOUT": "1s"})("reports", "render", "report.json", "--format", "pdf")
    assert ran.failed_with("took more than 1 seconds")
    assert not list(tmp_path.glob("*.pdf"))


@pytest.mark.usefixtures("local_aws")
def test_every_file_of_a_stored_version_comes_from_its_json(
    signtally: Command, real_settings: Settings, tmp_path: Path
) -> None:
    """Figures from the store, files in the bucket: what is rendered again is what was stored."""
    signtally("provision")
    counts: dict[str, object] = {**dict.fromkeys(MEASURES, 0), "sent": 45, "completed": 3}
    row = {"tenant_id": "acme", "user_id": "00012345", "day": dt.date(2026, 9, 3), "timezone": "UTC", **counts}
    frame = pl.DataFrame([row | {"user_name": "=1+1", "user_email": None}], schema=DAILY_USAGE)
    wiring.services(real_settings).usage_store.put_daily_usage(frame, version=1)
    made = signtally("report", "--tenant", "acme", "--period", "2026-09", "-o", "made", "--json").answer
    stored = {file["format"]: tmp_path / file["path"] for file in made["files"]}
    assert tuple(stored) == FORMATS
    asked = [part for name in FORMATS for part in ("--format", name)]
    again = signtally("reports", "render", str(stored["json"]), *asked, "-o", "again", "--json").answer
    for file in again["files"]:
        assert (tmp_path / file["path"]).read_bytes() == stored[file["format"]].read_bytes(), file["format"]
        assert Path(file["path"]).name == stored[file["format"]].name
    (user,) = pd.read_csv(stored["csv"]).to_dict("records")
    assert (user["user_id"], user["user_name"], user["sent"]) == ("'00012345", "'=1+1", 45)
