"""How the Timestream store speaks and listens: literals, pages, and the errors of whole calls."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import polars as pl
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signtally.aws.clients import AwsClients
from signtally.aws.timestream import TimestreamUsageStore
from signtally.aws.timestream_answers import frame, keep_rows_as_sent, pages
from signtally.aws.timestream_records import event_batch
from signtally.aws.timestream_sql import day_instant, instant_literal, literal, literal_lists
from signtally.aws.timestream_unload import TimestreamUnload
from signtally.domain.actions import Action
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.local.local_aws import LocalAws
from signtally.ports.errors import AccessRefusedError, ServiceError, ServiceUnavailableError
from signtally.ports.usage_store import WriteResult
from tests.support.examples import examples

if TYPE_CHECKING:
    from mypy_boto3_timestream_query import TimestreamQueryClient
    from mypy_boto3_timestream_write import TimestreamWriteClient

NOW = dt.datetime(2026, 10, 3, 12, 34, 56, 789_012, tzinfo=dt.UTC)
texts = st.text(min_size=1, max_size=50) | st.text("'\"\\;-/*%_ \n", min_size=1, max_size=20)
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def event(number: int, *, tenant_id: str = "acme", action: Action = Action.SENT) -> ReceivedEvent:
    happened = UsageEvent("/portal", str(number), action, tenant_id, "u1", "doc", NOW)
    return ReceivedEvent(happened, NOW, f"m{number}")


# Literals


@given(texts)
@example("'")
@example("''; --")
def test_a_literal_is_one_token_that_means_the_text(text: str) -> None:
    made = literal(text)
    assert _LITERAL.fullmatch(made)
    assert made[1:-1].replace("''", "'") == text


@given(st.lists(texts, max_size=30))
def test_tenants_are_listed_once_each_and_in_order(tenant_ids: list[str]) -> None:
    listed = ", ".join(literal_lists(tenant_ids))
    assert listed == ", ".join(literal(tenant_id) for tenant_id in dict.fromkeys(tenant_ids))


def test_lists_stay_below_what_a_query_may_be_long() -> None:
    """In bytes: a quote is doubled, and an emoji takes four."""
    tenants = [f"{number:04}{character * 250}" for number in range(500) for character in ("'", "😀")]
    lists = list(literal_lists(tenants))
    assert len(lists) > 1
    assert max(len(each.encode()) for each in lists) < 255 * 1024
    assert sum(len(_LITERAL.findall(each)) for each in lists) == len(tenants)


def test_instants_are_spelt_to_the_nanosecond_in_utc() -> None:
    kathmandu = NOW.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=45)))
    assert instant_literal(kathmandu) == "'2026-10-03 12:34:56.789012000'"


def test_a_days_row_bears_the_instant_at_which_that_date_first_begins_on_earth() -> None:
    assert day_instant(dt.date(2026, 10, 3)) == dt.datetime(2026, 10, 2, 10, tzinfo=dt.UTC)


@pytest.fixture
def query(local_aws: LocalAws) -> "TimestreamQueryClient":
    del local_aws  # it only has to run
    return AwsClients().timestream_query


def test_timestream_reads_back_what_a_literal_says(query: "TimestreamQueryClient") -> None:
    @settings(max_examples=examples(60))
    @given(texts)
    @example("a'b\\'c\n--d/*e*/")
    def reads_back(text: str) -> None:
        (rows,) = (rows for rows in pages(query, f"SELECT {literal(text)} AS text", what="text") if rows)
        assert rows[0]["Data"] == [{"ScalarValue": text}]

    reads_back()


# Pages


class ScriptedClient:
    """Answers with the pages it is given, and keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def query(self, **request: str) -> dict[str, Any]:
        self.asked.append(request)
        return self.answers.pop(0)


def row(*values: str | None) -> dict[str, list[dict[str, object]]]:
    return {"Data": [{"NullValue": True} if value is None else {"ScalarValue": value} for value in values]}


def test_an_empty_first_page_is_not_the_end() -> None:
    client: Any = ScriptedClient(
        {"Rows": [], "NextToken": "one"},
        {"Rows": [row("a", "1")], "NextToken": "two"},
        {"Rows": [row("b", None)]},
    )
    schema = pl.Schema({"name": pl.String(), "count": pl.Int64()})
    answer = frame(pages(client, "SELECT 1", what="x"), columns=["name", "count"], schema=schema)
    assert answer.rows() == [("a", 1), ("b", None)]
    assert [request.get("NextToken") for request in client.asked] == [None, "one", "two"]
    assert {request["QueryString"] for request in client.asked} == {"SELECT 1"}


def test_columns_that_do_not_exist_yet_are_null_and_every_type_is_read() -> None:
    schema = pl.Schema({"day": pl.Date(), "absent": pl.String(), "at": pl.Datetime("us", "UTC"), "count": pl.Int64()})
    answers = iter([[row("2026-10-03 00:00:00.000000000", "2026-10-03 12:34:56.789012000", "-9007199254740993")]])
    read = frame(answers, columns=["day", "at", "count"], schema=schema)  # type: ignore[arg-type]  # rows as sent
    assert read.schema == schema
    assert read.row(0) == (dt.date(2026, 10, 3), None, NOW, -9007199254740993)


def test_thousands_of_rows_come_in_pages_of_a_megabyte(local_aws: LocalAws) -> None:
    del local_aws
    clients = AwsClients()
    keep_rows_as_sent(clients.timestream_query)
    store = TimestreamUsageStore(
        clients.timestream_write,
        clients.timestream_query,
        unload=TimestreamUnload(clients.timestream_query, clients.s3, bucket="unused"),
        database=f"t-{uuid.uuid4().hex[:12]}",
        memory_retention_hours=360,
        magnetic_retention_days=400,
    )
    store.provision()
    tenant_id = "t" * 256
    for start in range(0, 4_000, 100):
        store.put_events([event(number, tenant_id=tenant_id) for number in range(start, start + 100)])
    found = store.events(since=NOW, until=NOW + dt.timedelta(seconds=1), tenant_ids=[tenant_id])
    assert sorted(found["message_id"]) == sorted(f"m{number}" for number in range(4_000))


# Records


def test_what_all_records_share_is_said_once() -> None:
    batch = event_batch([event(1), event(2), event(3, action=Action.SIGNED)])
    assert batch.common["Dimensions"] == [
        {"Name": "tenant_id", "Value": "acme"},
        {"Name": "user_id", "Value": "u1"},
    ]
    assert [[dimension["Name"] for dimension in record["Dimensions"]] for record in batch.records] == [
        ["action", "event_id"]
    ] * 3
    assert batch.records[0]["Time"] == "1791030896789012"


# Errors of whole calls


@pytest.fixture
def writer() -> "TimestreamWriteClient":
    return boto3.client(
        "timestream-write",
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )


@pytest.fixture
def stubbed(writer: "TimestreamWriteClient") -> Iterator[Stubber]:
    with Stubber(writer) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def store(writer: "TimestreamWriteClient") -> TimestreamUsageStore:
    clients = AwsClients()
    return TimestreamUsageStore(
        writer,
        clients.timestream_query,
        unload=TimestreamUnload(clients.timestream_query, clients.s3, bucket="unused"),
        database="signtally",
        memory_retention_hours=360,
        magnetic_retention_days=400,
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 429, ServiceUnavailableError),
        ("InternalServerException", 500, ServiceUnavailableError),
        ("SomethingNew", 503, ServiceUnavailableError),
        ("AccessDeniedException", 403, AccessRefusedError),
        ("SomethingNew", 400, ServiceError),
    ],
)
def test_errors_of_a_whole_call_refuse_no_event_for_good(
    stubbed: Stubber, store: TimestreamUsageStore, *, code: str, status: int, expected: type[ServiceError]
) -> None:
    stubbed.add_client_error("write_records", code, "try later", http_status_code=status)
    with pytest.raises(expected, match=r"table signtally\.events"):
        store.put_events([event(1), event(2)])


def rejected(*reasons: tuple[int, str]) -> dict[str, object]:
    return {"RejectedRecords": [{"RecordIndex": index, "Reason": reason} for index, reason in reasons]}


def test_each_rejection_is_told_by_its_reason(stubbed: Stubber, store: TimestreamUsageStore) -> None:
    reasons = rejected(
        (1, "A record already exists with the same time, dimensions, measure name, and record version. …"),
        (2, "The record timestamp is outside the time range [a, b) of the memory store."),
        (3, "Measure value types do not match."),
    )
    stubbed.add_client_error("write_records", "RejectedRecordsException", http_status_code=419, modeled_fields=reasons)
    outcomes = store.put_events([event(number) for number in range(5)])
    assert [(outcome.result, outcome.reason) for outcome in outcomes] == [
        (WriteResult.STORED, ""),
        (WriteResult.DUPLICATE, ""),
        (WriteResult.REFUSED, "too-old"),
        (WriteResult.REFUSED, "refused-by-timestream"),
        (WriteResult.STORED, ""),
    ]
    assert outcomes[3].detail == "Measure value types do not match."


def test_halving_finds_the_invalid_record_and_nobody_else_suffers(
    stubbed: Stubber, store: TimestreamUsageStore
) -> None:
    """Of four, the third is invalid: 4 fail, 2 pass, 2 fail, 1 fails, 1 passes."""
    written = {"RecordsIngested": {"Total": 1, "MemoryStore": 1, "MagneticStore": 0}}
    stubbed.add_client_error("write_records", "ValidationException", "too long", http_status_code=400)
    stubbed.add_response("write_records", written)
    stubbed.add_client_error("write_records", "ValidationException", "too long", http_status_code=400)
    stubbed.add_client_error("write_records", "ValidationException", "too long", http_status_code=400)
    stubbed.add_response("write_records", written)
    outcomes = store.put_events([event(number) for number in range(4)])
    assert [outcome.result for outcome in outcomes] == [
        WriteResult.STORED,
        WriteResult.STORED,
        WriteResult.REFUSED,
        WriteResult.STORED,
    ]
    assert outcomes[2].detail == "too long"
