"""What lies in a bucket from before: keys and bodies as earlier versions wrote them can still be read."""

import datetime as dt
import io

import polars as pl

from signtally.domain.deliveries import DeliveryKey, MailState
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportKey
from signtally.memory.objects import MemoryObjectStore
from signtally.stores.all_stores import Stores
from signtally.stores.counted_zones import CountedZone
from signtally.stores.holds import Hold
from signtally.stores.provisional import ProvisionalSpan
from signtally.stores.touched_hours import TOUCHED

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
KEY = DeliveryKey("acme", "monthly", "2026-10")
BODIES = {
    "state/settled-through.json": '{"instant": "2026-11-03T09:00:00+00:00"}',
    "state/data-through.json": '{"instant": "2026-11-03T08:59:58.000001+00:00"}',
    "state/zones-compared.json": '{"at": "2026-11-03T08:56:00+00:00"}',
    "state/counted-zones.json": '{\n"generation": "first",\n"zones": {\n"acme": "UTC",\n'
    '"bolt": [\n"Asia/Tokyo",\n"m1"\n]\n}\n}',
    "state/touched/begun.json": '{"at": "2026-11-03T09:00:00+00:00"}',
    "state/deliveries.json": '{"reports": {"deliveries/acme/monthly/": "2026-10"}}',
    "state/holds/acme.json": '{"tenant_id":"acme","since":"2026-11-03T09:00:00Z","first":"2026-10-01",'
    '"last":"2026-10-03","differences":2,"sample":["1 Oct"]}',
    "reported/acme/2026-10-01_2026-10-31.json": '{"at": "2026-11-03T09:00:00+00:00"}',
    "deliveries/acme/monthly/2026-10/making.json": '{"since": "2026-11-03T08:50:00+00:00"}',
    "deliveries/acme/monthly/2026-10/digest.json": '{"closed_at": "2026-11-03T09:00:00+00:00"}',
    "deliveries/acme/monthly/2026-09/report.json": '{"tenant_id":"acme","report_id":"r1","version":2}',
    "deliveries/acme/monthly/2026-10/ann%40acme.example.json": '{"email":"ann@acme.example","state":"uncertain",'
    '"at":"2026-11-03T09:00:00Z","detail":"no answer"}',
    "state/provisional/acme/492489-492491-5f0c": "",
}


def stores_from_before() -> Stores:
    objects = MemoryObjectStore()
    for key, body in BODIES.items():
        objects.put(key, body.encode())
    touched = pl.DataFrame([("acme", NOW, "/portal#1", "import")], schema=TOUCHED, orient="row")
    parquet = io.BytesIO()
    touched.write_parquet(parquet, compression="zstd")
    objects.put("state/touched/01793696400000.00000000000000.5f0c.parquet", parquet.getvalue())
    return Stores(objects, clock=lambda: NOW)


def test_watermarks_and_zones() -> None:
    stores = stores_from_before()
    assert stores.watermarks.settled_through() == NOW
    assert stores.watermarks.data_through() == NOW - dt.timedelta(seconds=2) + dt.timedelta(microseconds=1)
    assert not stores.zone_checks.is_due(now=NOW)
    assert stores.zone_checks.is_due(now=NOW + dt.timedelta(minutes=1))
    zones = stores.counted_zones(generation="first")
    assert zones.read() == {"acme": CountedZone("UTC"), "bolt": CountedZone("Asia/Tokyo", "m1")}
    assert stores.counted_zones(generation="second").read() is None


def test_touched_batches_and_what_they_make_provisional() -> None:
    stores = stores_from_before()
    assert stores.touched_hours.is_initialised()
    (batch,) = stores.touched_hours.pending()
    assert (batch.appended_at, batch.tried_at) == (NOW, None)
    assert batch.rows.rows() == [("acme", NOW, "/portal#1", "import")]
    assert stores.touched_hours.names() == {"5f0c"}
    since = dt.datetime.fromtimestamp(492_489 * 3600, dt.UTC)
    assert stores.provisional.spans("acme") == [ProvisionalSpan(since, since + dt.timedelta(hours=2))]


def test_holds_and_deliveries() -> None:
    stores = stores_from_before()
    first, last = dt.date(2026, 10, 1), dt.date(2026, 10, 3)
    assert stores.holds.get("acme") == Hold("acme", NOW, first, last, 2, ("1 Oct",))
    told = stores.reported_periods.first_told("acme", parse_period("2026-10"))
    assert ({*told}, {*told.values()}) == ({*parse_period("2026-10").days()}, {NOW})
    deliveries = stores.deliveries
    assert not deliveries.claim_report(KEY, now=NOW, lease=dt.timedelta(minutes=11))
    assert deliveries.claim_report(KEY, now=NOW, lease=dt.timedelta(minutes=10))
    assert deliveries.periods("acme", "monthly").closed == {"2026-10"}
    doubtful = stores.mail_deliveries.get(KEY, "ann@acme.example")
    assert doubtful is not None
    assert (doubtful.state, doubtful.attempts) == (MailState.IN_DOUBT, 1)
    assert deliveries.report(DeliveryKey("acme", "monthly", "2026-09")) == ReportKey("acme", "r1", 2)
    assert KEY in stores.done_occurrences("reports")
