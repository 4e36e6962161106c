"""`signtally reports diff`: what changed between two versions."""

import datetime as dt
import json

import polars as pl
import pytest

from signtally import wiring
from signtally.domain.actions import MEASURES
from signtally.domain.schemas import DAILY_USAGE
from signtally.settings import Settings
from tests.support.commands import Command, Ran


@pytest.mark.usefixtures("local_aws")
def test_two_versions_are_compared(signtally: Command, real_settings: Settings) -> None:
    signtally("provision")
    services = wiring.services(real_settings)

    def make(version: int, **figures: int) -> Ran:
        counts: dict[str, object] = {**dict.fromkeys(MEASURES, 0), **figures}
        row = {"tenant_id": "acme", "user_id": "u_1", "day": dt.date(2026, 9, 3), "timezone": "UTC", **counts}
        row |= {"user_name": "Ann", "user_email": None}
        services.usage_store.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=version)
        return signtally("report", "--tenant", "acme", "--period", "2026-09", "--format", "csv", "--json")

    make(1, sent=45)
    report_id = make(2, sent=50, viewed=2).answer["report_id"]
    call = ("reports", "diff", "--tenant", "acme", report_id)
    answer = signtally(*call, "1", "2", "--json").answer
    sent = {"measure": "sent", "before": 45, "after": 50}
    viewed = {"measure": "viewed", "before": 0, "after": 2}
    assert (answer["report_id"], answer["from"]["version"], answer["to"]["version"]) == (report_id, 1, 2)
    assert answer["measures"] == [sent, viewed]
    assert answer["days"] == [{"day": "2026-09-03", "measures": [sent, viewed]}]
    assert answer["users"] == [{"user_id": "u_1", "user_name": "Ann", "user_email": None, "measures": [sent, viewed]}]
    assert answer["notice"] is None
    assert signtally(*call, "1", "2").out.splitlines()[1:] == [
        "total: sent 45 → 50, viewed 0 → 2",
        "day 2026-09-03: sent 45 → 50, viewed 0 → 2",
        "user u_1: sent 45 → 50, viewed 0 → 2",
    ]
    assert signtally(*call, "2", "2").out.endswith("no figure differs\n")
    assert json.loads(signtally(*call, "2", "2", "--json").out)["measures"] == []
    assert signtally(*call, "1", "3").failed_with("no version 3")
    assert signtally(*call, "0", "1").code == 2
