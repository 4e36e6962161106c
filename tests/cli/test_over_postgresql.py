"""The commands with PostgreSQL as the usage store: the same answers as with any other."""

import csv
import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

from tests.support.commands import Command


@pytest.fixture
def over_postgresql(signtally: Command, postgresql: str) -> Command:
    return dataclasses.replace(signtally, names={**signtally.names, "SIGNTALLY_USAGE_STORE": postgresql})


@pytest.mark.usefixtures("local_aws")
def test_traffic_and_history_become_the_same_figures(over_postgresql: Command, tmp_path: Path) -> None:
    signtally = over_postgresql
    assert signtally("ingest").failed_with("does not exist", "signtally provision")
    assert signtally("provision").code == 0
    database = f"database {signtally.names['SIGNTALLY_DATABASE']}"
    assert signtally("provision", "--json").answer[database] == "found"
    traffic = ("--tenants", "3", "--days", "3", "--events", "300", "--seed", "7")
    trouble = ("--duplicates", "0.1", "--late", "0.1", "--junk", "0.1")
    sent = signtally("emit", *traffic, *trouble, "--expect", "expected.json", "--json").answer
    expected = json.loads((tmp_path / "expected.json").read_bytes())

    ingested = signtally("ingest", "--json").answer
    assert ingested["stored"] == sent["distinct_events"] == 300
    assert ingested["duplicates"] == sent["duplicates"]
    assert ingested["dead_letters"] == sent["dead_letters"]
    rows = sum(len(user["days"]) for tenant in expected["tenants"].values() for user in tenant["users"].values())
    assert signtally("aggregate", "--json").answer["rows"] == rows
    assert signtally("aggregate", "--json").answer["rows"] == 0, "all of it could be read at once"

    tenant_id = max(expected["tenants"], key=lambda each: sum(expected["tenants"][each]["totals"].values()))
    month = ("--tenant", tenant_id, "--period", expected["until"][:7])
    made = signtally("report", *month, "--format", "json", "-o", "out", "--json").answer
    assert json.loads(Path(tmp_path, made["files"][0]["path"]).read_bytes())["about"]["tenant_id"] == tenant_id
    assert signtally("report", *month, "--format", "json", "--json").answer["version"] == 1, "nothing has changed"

    old = dt.date.fromisoformat(expected["until"][:10]) - dt.timedelta(days=4_000)
    _write_history(tmp_path / "old.csv", tenant_id, old)
    imported = signtally("import", "old.csv", "--json").answer
    assert (imported["stored"], imported["duplicates"]) == (1, 1)
    assert signtally("aggregate", "--json").answer["tenant_days"] == 1
    assert signtally("rebuild", "--tenant", tenant_id, "--dry-run", "--json").answer["changes"] == []
    assert signtally("reconcile", "--json").code == 0
    assert signtally("erase", "--tenant", tenant_id, "--user", "u1", "--dry-run").code == 0


def _write_history(path: Path, tenant_id: str, day: dt.date) -> None:
    """One event of years ago, and once more at another time: refused at once."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["id", "source", "type", "time", "tenant_id", "user_id", "document_id", "user_email", "user_name"]
        )
        for hour in (10, 11):
            time = f"{day}T{hour}:00:00Z"
            rows.writerow(["1", "/old", "document.sent", time, tenant_id, "u1", "d1", "ann@acme.example", "Ann"])
