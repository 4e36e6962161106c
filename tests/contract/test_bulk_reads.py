"""What every usage store reads in bulk: the rows that its queries answer, for as long as the context lasts."""

import dataclasses
import datetime as dt
import logging
import tempfile
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from polars.testing import assert_frame_equal

from signtally.aws.clients import AwsClients, ClientTimeouts
from signtally.aws.timestream_sql import table_name
from signtally.aws.timestream_unload import TimestreamUnload, scanned
from signtally.domain.actions import MEASURES, Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.schemas import DAILY_USAGE, EVENTS, STORED_USAGE
from signtally.local.local_aws import LocalAws
from signtally.ports.errors import NotProvisionedError, ServiceError, ServiceUnavailableError
from signtally.ports.usage_store import UsageStore
from signtally.services import Services
from signtally.stores.keys import UNLOADS

NOW = dt.datetime.now(dt.UTC).replace(microsecond=123_456)  # Timestream judges times by its own clock
DAY = dt.timedelta(days=1)
SOME = ["user_name", "user_email", "occurred_at", "user_id", "tenant_id"]
AWKWARD = [
    "O'Hara & Söhne",
    "'; DROP TABLE events; --",
    "') OR ('1'='1",
    "') TO 's3://elsewhere/' WITH (format = 'CSV') --",
    "back\\slash\\'",
    "line\nbreak\r\n\ttab",
    "東京株式会社 😀",
    " leading and trailing ",
    "x" * 256,
]
SERVICE_DOWN = 503


@pytest.fixture
def timestream_store(real_services: Services) -> UsageStore:
    return real_services.usage_store


@pytest.fixture
def own_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process puts its temporary files during the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def event(number: int = 1, instant: dt.datetime = NOW, *, tenant_id: str = "acme") -> ReceivedEvent:
    happened = UsageEvent("/portal", str(number), Action.SENT, tenant_id, f"u{number % 3}", "doc", instant)
    return ReceivedEvent(happened, instant + dt.timedelta(seconds=2), f"message-{number}")


def full_event(number: int = 99) -> ReceivedEvent:
    plain = event(number, NOW - dt.timedelta(microseconds=1))
    sent_at = NOW - dt.timedelta(days=40, microseconds=1)
    named = dataclasses.replace(plain.event, user_name="Ann Ash", user_email="ann@acme.example", sent_at=sent_at)
    return dataclasses.replace(plain, event=named)


def usage(tenant_id: str, day: dt.date, *, sent: int = 1, user_name: str | None = None) -> pl.DataFrame:
    row = {"tenant_id": tenant_id, "user_id": tenant_id, "day": day, **dict.fromkeys(MEASURES, 0), "sent": sent}
    return pl.DataFrame([row | {"user_name": user_name, "timezone": "Asia/Kathmandu"}], schema=DAILY_USAGE)


def scanned_events(store: UsageStore, tenant_ids: list[str] | None) -> pl.DataFrame:
    with store.scan_events(since=NOW - 300 * DAY, until=NOW + DAY, tenant_ids=tenant_ids) as rows:
        return rows.collect(engine="streaming").sort("tenant_id", "event_id")


def queried_events(store: UsageStore, tenant_ids: list[str]) -> pl.DataFrame:
    found = store.events(since=NOW - 300 * DAY, until=NOW + DAY, tenant_ids=tenant_ids)
    return found.sort("tenant_id", "event_id")


def scanned_usage(store: UsageStore, tenant_ids: list[str] | None, *, days: int = 30) -> pl.DataFrame:
    today = NOW.date()
    with store.scan_daily_usage(first=today - days * DAY, last=today, tenant_ids=tenant_ids) as rows:
        return rows.collect(engine="streaming").sort("tenant_id", "day")


def queried_usage(store: UsageStore, tenant_ids: list[str], *, days: int = 30) -> pl.DataFrame:
    today = NOW.date()
    found = store.daily_usage(first=today - days * DAY, last=today, tenant_ids=tenant_ids)
    return found.sort("tenant_id", "day")


def unloaded_keys(services: Services) -> list[str]:
    return [found.key for found in services.objects.list_objects(UNLOADS)]


# Every store


def test_a_scan_reads_the_events_that_a_query_reads(store: UsageStore) -> None:
    """While some columns do not exist yet too, and whatever tenants are called."""
    store.put_events([event(number, tenant_id=name) for number, name in enumerate(AWKWARD)])
    assert_frame_equal(scanned_events(store, AWKWARD), queried_events(store, AWKWARD))
    assert scanned_events(store, AWKWARD)["user_name"].null_count() == len(AWKWARD)
    store.put_events([full_event()])
    everybody = [*AWKWARD, "acme"]
    for tenant_ids in (everybody, AWKWARD[:2], ["acme", "acme", "nobody"]):
        assert_frame_equal(scanned_events(store, tenant_ids), queried_events(store, tenant_ids))
    assert_frame_equal(scanned_events(store, None), queried_events(store, everybody))
    with store.scan_events(since=NOW - 300 * DAY, until=NOW + DAY, tenant_ids=everybody, columns=SOME) as rows:
        some = rows.collect(engine="streaming").sort("tenant_id", "user_name")
    assert_frame_equal(some, queried_events(store, everybody).select(SOME).sort("tenant_id", "user_name"))
    assert len(scanned_events(store, None)) == len(everybody)


def test_a_scan_reads_the_daily_usage_that_a_query_reads(store: UsageStore) -> None:
    """The newest version of each row, those of zeros too."""
    today = NOW.date()
    rows = pl.concat(usage(name, today - number * DAY) for number, name in enumerate(AWKWARD))
    store.put_daily_usage(rows, version=5)
    assert_frame_equal(scanned_usage(store, None), queried_usage(store, AWKWARD))
    store.put_daily_usage(usage(AWKWARD[0], today, sent=2**53 + 1, user_name="Ann"), version=6)
    store.put_daily_usage(usage(AWKWARD[1], today - DAY, sent=0), version=7)
    for tenant_ids in (AWKWARD, AWKWARD[1:3]):
        assert_frame_equal(scanned_usage(store, tenant_ids), queried_usage(store, tenant_ids))
    assert_frame_equal(scanned_usage(store, None, days=1), queried_usage(store, AWKWARD, days=1))
    assert scanned_usage(store, None, days=1)["sent"].to_list() == [0, 2**53 + 1]


def test_a_scan_begins_at_since_and_ends_before_until(store: UsageStore) -> None:
    microsecond = dt.timedelta(microseconds=1)
    instants = [NOW - microsecond, NOW, NOW + 2 * microsecond]
    store.put_events([event(number, instant) for number, instant in enumerate(instants)])
    with store.scan_events(since=NOW, until=NOW + 2 * microsecond, tenant_ids=None) as rows:
        assert rows.collect()["occurred_at"].to_list() == [NOW]


def test_more_tenants_than_one_query_can_name_are_read_and_nobody_else(store: UsageStore) -> None:
    """A query of Timestream holds 256 KiB of text."""
    tenants = [f"{'t' * 250}{number:04}" for number in range(2_100)]
    store.put_events([event(number, tenant_id=tenant) for number, tenant in enumerate([*tenants[::50], "another"])])
    found = scanned_events(store, [*tenants, tenants[0]])
    assert found["tenant_id"].to_list() == tenants[::50]
    assert_frame_equal(found, queried_events(store, tenants))


def test_nothing_is_an_empty_frame_of_the_schema(store: UsageStore) -> None:
    """Before anything was written, when nobody is asked for, and when nothing is found."""
    for tenant_ids in (None, ["acme"], []):
        assert_frame_equal(scanned_events(store, tenant_ids), EVENTS.to_frame())
        assert_frame_equal(scanned_usage(store, tenant_ids), STORED_USAGE.to_frame())
    store.put_events([event(1, NOW - 310 * DAY)])
    store.put_daily_usage(usage("acme", NOW.date() - 31 * DAY), version=1)
    for tenant_ids in (None, ["acme"], []):
        assert_frame_equal(scanned_events(store, tenant_ids), EVENTS.to_frame())
        assert_frame_equal(scanned_usage(store, tenant_ids), STORED_USAGE.to_frame())


def test_a_frame_can_be_collected_until_the_context_ends_and_is_what_was_there_when_it_began(store: UsageStore) -> None:
    store.put_events([event(1)])
    with store.scan_events(since=NOW - DAY, until=NOW + DAY, tenant_ids=None) as rows:
        assert rows.collect_schema() == EVENTS
        store.put_events([event(2)])
        counts = [rows.select(pl.len()).collect().item(), len(rows.collect(engine="streaming"))]
    assert counts == [1, 1]
    with pytest.raises(FileNotFoundError):
        rows.collect(engine="streaming")


# Timestream alone


def test_nothing_is_left_in_the_bucket_even_while_the_frame_is_read(real_services: Services, own_disk: Path) -> None:
    store = real_services.usage_store
    store.put_events([event()])
    with store.scan_events(since=NOW - DAY, until=NOW + DAY, tenant_ids=None) as rows:
        assert len(rows.collect()) == 1
        assert unloaded_keys(real_services) == []
        assert len([*own_disk.rglob("*.parquet")]) == 1
    assert [*own_disk.iterdir()] == []


def test_nothing_is_left_when_the_reader_fails(real_services: Services, own_disk: Path) -> None:
    store = real_services.usage_store
    store.put_events([event()])
    failing = store.scan_events(since=NOW - DAY, until=NOW + DAY, tenant_ids=None)
    with pytest.raises(ZeroDivisionError), failing as rows:
        1 / (rows.select(pl.len()).collect().item() - 1)
    assert unloaded_keys(real_services) == []
    assert [*own_disk.iterdir()] == []


class BrokenS3:
    """Answers operations of one client's S3 with 503, as far as the network; it counts how often."""

    def __init__(self, *operations: str) -> None:
        self.clients = AwsClients(ClientTimeouts(attempts=1))
        self.refusals = 0
        for operation in operations:
            self.clients.s3.meta.events.register(f"before-send.s3.{operation}", self._refuse)

    def unload(self, services: Services) -> TimestreamUnload:
        return TimestreamUnload(self.clients.timestream_query, self.clients.s3, bucket=services.settings.bucket)

    def _refuse(self, request: AWSPreparedRequest, **_: object) -> Any:
        self.refusals += 1
        return AWSResponse(request.url, SERVICE_DOWN, HTTPHeaders(), _Nothing())


class _Nothing:
    """The empty body of an answer, as botocore reads one."""

    def stream(self, **_: object) -> list[bytes]:
        return []


def select_one(services: Services, column: str = "tenant_id") -> str:
    services.usage_store.put_events([event()])
    return f"SELECT {column} FROM {table_name(services.settings.database, 'events')}"  # noqa: S608 -- names of ours


def test_nothing_is_left_when_a_file_cannot_be_fetched(real_services: Services, own_disk: Path) -> None:
    broken = BrokenS3("HeadObject")  # a download asks for the size first
    files = broken.unload(real_services).files(select_one(real_services), what="the events")
    with pytest.raises(ServiceUnavailableError, match="try again"), files:
        pytest.fail("there is nothing to read")
    assert broken.refusals == 1
    assert unloaded_keys(real_services) == []
    assert [*own_disk.iterdir()] == []


def test_what_cannot_be_deleted_now_is_left_to_the_bucket_and_read_all_the_same(
    real_services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    broken = BrokenS3("DeleteObjects")
    with (
        caplog.at_level(logging.WARNING),
        broken.unload(real_services).files(select_one(real_services), what="the events") as files,
    ):
        assert pl.read_parquet(files).rows() == [("acme",)]
    assert broken.refusals == 1
    assert f"s3://{real_services.settings.bucket}/unloads/" in caplog.text
    assert len(unloaded_keys(real_services)) == 3  # the file, its manifest and its metadata


def test_a_select_that_timestream_refuses_is_a_service_error(real_services: Services) -> None:
    absent = select_one(real_services, "absent")
    clients = AwsClients()
    unload = TimestreamUnload(clients.timestream_query, clients.s3, bucket=real_services.settings.bucket)
    with pytest.raises(ServiceError, match=r"the events.*'absent'"), unload.files(absent, what="the events"):
        pytest.fail("there is nothing to read")
    unprovisioned = unload.files('SELECT time FROM "absent"."events"', what="the events")
    with pytest.raises(NotProvisionedError, match="signtally provision"), unprovisioned:
        pytest.fail("there is nothing to read")


def test_a_throttled_unload_is_asked_for_again(real_services: Services, local_aws: LocalAws) -> None:
    """Timestream starts one a second and refuses the others."""
    select = select_one(real_services)
    clients = AwsClients()
    unload = TimestreamUnload(clients.timestream_query, clients.s3, bucket=real_services.settings.bucket)
    modes = f"http://127.0.0.1:{local_aws.timestream_port}/_timestream_local/modes"
    assert httpx.post(modes, json={"throttle_next": 1}).json()["throttle_next"] == 1
    with unload.files(select, what="the events") as files:
        assert pl.read_parquet(files).rows() == [("acme",)]


def test_several_files_with_awss_kind_of_timestamps_are_one_frame(tmp_path: Path) -> None:
    """AWS writes a timestamp as INT96, the local Timestream as INT64; both say nanoseconds and no zone."""
    instants = [NOW.replace(tzinfo=None), NOW.replace(year=1969, tzinfo=None)]
    files = [tmp_path / "[0].parquet", tmp_path / "1.parquet"]
    for path, instant, old in zip(files, instants, [True, False], strict=True):
        day = str(instant.date())
        table = pa.table({"time": pa.array([instant], pa.timestamp("ns")), "day": [day], "sent": [2**53 + 1]})
        pq.write_table(table, path, compression="gzip", use_deprecated_int96_timestamps=old)
    assert [pq.ParquetFile(path).schema.column(0).physical_type for path in files] == ["INT96", "INT64"]
    schema = pl.Schema(
        {"day": pl.Date(), "sent": pl.Int64(), "occurred_at": EVENTS["occurred_at"], "name": pl.String()}
    )
    read = scanned(files, columns=["day", "sent", "occurred_at"], schema=schema).collect(engine="streaming")
    assert read.schema == schema
    assert read.rows() == [(instant.date(), 2**53 + 1, instant.replace(tzinfo=dt.UTC), None) for instant in instants]
