"""`signtally reconcile` and `signtally rebuild`, as an operator and a script call them."""

import datetime as dt
import json
import time

import polars as pl
import pytest

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.aws.timestream_tables import DAILY_USAGE_TABLE
from signtally.domain.schemas import DAILY_USAGE
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from tests.support.commands import Command

DAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)


@pytest.fixture
def counted(signtally: Command, real_services: Services) -> Services:
    """Two tenants with two events each, counted."""
    about = {"specversion": "1.0", "source": "/portal", "type": "document.sent", "time": DAY.isoformat()}
    for tenant_id in ("acme", "bolt"):
        data = {"tenant_id": tenant_id, "user_id": "ann", "document_id": "d"}
        events = [{**about, "id": f"{tenant_id}{number}", "data": data} for number in range(2)]
        real_services.queue.send([OutgoingMessage(json.dumps(events))])
    signtally("ingest")
    signtally("aggregate")
    # Ingest takes a margin for clocks that differ off what it knows: these events were sent within it.
    real_services.stores.watermarks.publish_settled_through(real_services.clock())
    return real_services


def test_a_mismatch_is_listed_held_mended_and_let_go(signtally: Command, counted: Services) -> None:
    clean = signtally("reconcile", "--json")
    assert (clean.code, clean.answer["tenant_days"], clean.answer["mismatches"]) == (0, 2, [])
    spoil(counted)
    day = DAY.date().isoformat()
    difference = {"tenant_id": "acme", "day": day, "action": "sent", "events": 2, "aggregates": 7}

    found = signtally("reconcile", "--json")
    assert (found.code, found.answer["mismatches"], found.answer["held"]) == (1, [difference], ["acme"])
    told = signtally("reconcile")
    assert told.code == 1
    assert told.out.splitlines()[0] == f"acme · {day} · sent: events 2, aggregates 7"
    assert "`signtally rebuild --tenant acme`" in told.out
    assert "Traceback" not in told.err
    assert signtally("reconcile", "--tenant", "bolt").code == 0
    assert signtally("reconcile", "--to", (DAY - dt.timedelta(days=1)).date().isoformat()).code == 0

    change = {"tenant_id": "acme", "day": day, "measure": "sent", "before": 7, "after": 2}
    assert signtally("rebuild", "--dry-run", "--json").answer["changes"] == [change], "of all days that there are"
    assert f"acme · {day}: sent 7 → 2" in signtally("rebuild", "--dry-run", "--from", day).out
    mended = signtally("rebuild", "--tenant", "acme", "--from", day, "--json")
    assert (mended.answer["rows"], mended.answer["lifted"]) == (1, ["acme"])
    assert "100%" in mended.err, "it tells how far it is"
    after = signtally("reconcile", "--json")
    assert (after.code, after.answer["held"], after.answer["lifted"]) == (0, [], [])


def test_lost_rows_and_lost_state_heal(signtally: Command, counted: Services) -> None:
    before = usage(counted)
    drop_daily_usage(counted)
    counted.objects.delete(each.key for each in counted.objects.list_objects("state/"))
    signtally("provision")
    assert signtally("reconcile", "--json", "--tenant", "acme").code == 0, "without zones, all is counted again"
    drop_daily_usage(counted)
    assert signtally("aggregate").failed_with("signtally provision")
    signtally("provision")
    assert signtally("aggregate", "--json").answer["rows"] == 2, "of a table made anew, all is counted again"
    assert signtally("reconcile", "--json").code == 0
    assert usage(wiring.services(counted.settings)).equals(before)


def test_what_is_asked_wrongly_is_one_sentence(signtally: Command, counted: Services) -> None:
    del counted
    wrong = ("--from", "2026-02-01", "--to", "2026-01-01")
    assert signtally("rebuild", *wrong).failed_with("swap from and to")
    assert signtally("reconcile", *wrong).failed_with("swap from and to")
    assert signtally("reconcile", "--from", "yesterday").failed_with("2026-10-03")


def drop_daily_usage(services: Services) -> None:
    AwsClients().timestream_write.delete_table(DatabaseName=services.settings.database, TableName=DAILY_USAGE_TABLE)


def usage(services: Services) -> pl.DataFrame:
    day = DAY.date()
    rows = services.usage_store.daily_usage(first=day, last=day, tenant_ids=["acme", "bolt"])
    return rows.drop("counted_at").sort("tenant_id")


def spoil(services: Services) -> None:
    rows = services.usage_store.daily_usage(first=DAY.date(), last=DAY.date(), tenant_ids=["acme"])
    wrong = rows.select([*DAILY_USAGE]).with_columns(sent=pl.lit(7, pl.Int64))
    assert services.usage_store.put_daily_usage(wrong, version=time.time_ns() // 1_000).is_empty()
