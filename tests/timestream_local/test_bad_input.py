"""Whatever is sent, the answer is a documented error, and the server lives on."""
# ruff: noqa: S310, S608 - the addresses are our own server; the SQL is the test

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.timestream_local.timestream_harness import Server, Table, multi, record


def post(server: Server, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    headers = {"X-Amz-Target": f"Timestream_20181101.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    request = urllib.request.Request(server.url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture(autouse=True)
def _lives_on(server: Server) -> Any:
    yield
    assert server.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"a": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_json_object(server: Server, body: bytes) -> None:
    status, answer = post(server, "Query", body)
    assert (status, answer["__type"]) == (400, "com.amazon.coral.service#SerializationException")


def test_an_unknown_operation(server: Server) -> None:
    status, answer = post(server, "DropEverything", b"{}")
    assert (status, answer["__type"]) == (404, "com.amazon.coral.service#UnknownOperationException")


@pytest.mark.parametrize(
    "body",
    [
        {"QueryString": 7},
        {"QueryString": "SELECT 1", "MaxRows": "x"},
        {"QueryString": "SELECT 1", "MaxRows": True},
        {"QueryString": "SELECT 1", "NextToken": []},
    ],
)
def test_members_of_the_wrong_type(server: Server, body: dict[str, object]) -> None:
    status, answer = post(server, "Query", json.dumps(body).encode())
    assert status == 400
    assert answer["__type"].endswith("#SerializationException")


@pytest.mark.parametrize(
    "records", [7, "x", [7], [None], [[]], [{"Dimensions": 7}], [{"Dimensions": [7]}], [{"Dimensions": [{}]}]]
)
def test_records_of_the_wrong_form(table: Table, records: object) -> None:
    body = {"DatabaseName": table.database, "TableName": table.name, "Records": records}
    status, answer = post(table.server, "WriteRecords", json.dumps(body).encode())
    assert status == 400
    assert answer["__type"].rpartition("#")[2] in ("SerializationException", "ValidationException")


@pytest.mark.parametrize(
    "change",
    [
        {"Time": 1},
        {"Version": "x"},
        {"Version": 1.5},
        {"MeasureValue": 1.5},
        {"MeasureName": 7},
        {"MeasureValueType": "FLOAT"},
        {"TimeUnit": "DAYS"},
        {"TimeUnit": [7]},
        {"Dimensions": [{"Name": "d", "Value": 7}]},
        {"Dimensions": [{"Name": "d", "Value": "x", "DimensionValueType": "BIGINT"}]},
        {"MeasureValueType": "MULTI", "MeasureValue": None, "MeasureValues": [{"Name": "m", "Type": "BIGINT"}]},
        {"MeasureValueType": "MULTI", "MeasureValue": None, "MeasureValues": [7]},
    ],
)
def test_members_of_a_record_of_the_wrong_type(table: Table, change: dict[str, object]) -> None:
    body = {"DatabaseName": table.database, "TableName": table.name, "Records": [{**record(), **change}]}
    status, answer = post(table.server, "WriteRecords", json.dumps(body).encode())
    assert status == 400, answer
    assert answer["__type"].rpartition("#")[2] in ("SerializationException", "ValidationException")


def test_ten_megabytes_of_records(table: Table) -> None:
    body = {"DatabaseName": table.database, "TableName": table.name, "Records": [record()] * 90_000}
    encoded = json.dumps(body).encode()
    assert len(encoded) > 10_000_000
    status, answer = post(table.server, "WriteRecords", encoded)
    assert status == 400
    assert "less than or equal to 100" in answer["Message"]


def test_a_body_beyond_all_bounds(server: Server) -> None:
    try:
        status, _ = post(server, "WriteRecords", b" " * 17_000_000)
    except OSError:  # the server need not read to the end what it refuses
        return
    assert status == 413


def test_a_query_of_256_kibibytes_and_one_beyond(server: Server) -> None:
    start, end = "SELECT '", "'"
    fits = start + "x" * (262_144 - len(start) - len(end)) + end
    assert len(server.query.query(QueryString=fits)["Rows"]) == 1
    status, answer = post(server, "Query", json.dumps({"QueryString": fits + " "}).encode())
    assert status == 400
    assert "less than or equal to 262144" in answer["Message"]


def test_a_long_list_of_values(server: Server) -> None:
    values = ", ".join(f"'{number}'" for number in range(5_000))
    assert server.rows(f"SELECT count(*) FROM (VALUES '7', 'x') AS t(c) WHERE c IN ({values})") == [["1"]]


HOSTILE = [
    'x"; DROP TABLE records.t1; --',
    "x' OR 1=1 --",
    'a"b',
    "a''b",
    "^Caret",
    "ünï",
    "semi;colon",
    "a.b",
    "{x}",
    "%s",
    "?",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_values_are_never_sql(table: Table, name: str) -> None:
    table.put(multi(1_000, {f"d{name}": name}, {f"m{name}": ("VARCHAR", name)}))
    dimension, measure = (f'"{prefix}{name}"'.replace('"', '""')[1:-1] for prefix in "dm")
    text = name.replace("'", "''")
    rows = table.server.rows(f"SELECT {dimension}, {measure}, '{text}' FROM {table.sql} WHERE {dimension} = '{text}'")
    assert rows == [[name, name, name]]


@pytest.mark.parametrize("name", ["", "x" * 257, "a b", "a;b", "ä" * 3])
def test_bad_names_of_databases(server: Server, name: str) -> None:
    status, answer = post(server, "CreateDatabase", json.dumps({"DatabaseName": name}).encode())
    assert status == 400
    assert "failed to satisfy constraint" in answer["Message"]


@pytest.mark.parametrize(
    "retention",
    [
        {},
        {"MemoryStoreRetentionPeriodInHours": 0, "MagneticStoreRetentionPeriodInDays": 1},
        {"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 73_001},
    ],
)
def test_bad_retention(table: Table, retention: dict[str, int]) -> None:
    body = {"DatabaseName": table.database, "TableName": "other", "RetentionProperties": retention}
    status, _ = post(table.server, "CreateTable", json.dumps(body).encode())
    assert status == 400


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("CreateDatabase", {"Tags": [7]}),
        ("CreateDatabase", {"Tags": {"a": 1}}),
        ("CreateDatabase", {"Tags": [{}]}),
        ("CreateDatabase", {"Tags": [{"Key": "a"}]}),
        ("CreateTable", {"TableName": "other", "Schema": {"CompositePartitionKey": [7]}}),
        ("CreateTable", {"TableName": "other", "Schema": {"CompositePartitionKey": {"a": 1}}}),
        ("CreateTable", {"TableName": "other", "Schema": [7]}),
    ],
)
def test_members_of_a_structure_of_the_wrong_type(table: Table, operation: str, members: dict[str, object]) -> None:
    database = table.database if operation == "CreateTable" else "malformed"
    status, answer = post(table.server, operation, json.dumps({"DatabaseName": database, **members}).encode())
    assert status == 400, answer
    assert answer["__type"].rpartition("#")[2] in ("SerializationException", "ValidationException")


def test_a_client_that_goes_away_in_the_middle_of_its_body(server: Server) -> None:
    """The fixture above asks whether the server lives on."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        target = "X-Amz-Target: Timestream_20181101.WriteRecords"
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{target}\r\nContent-Length: 100\r\n\r\n{{".encode())


@pytest.mark.parametrize("sql", ["SELECT repeat('x', 2000000000)", "SELECT repeat('x', 10001)"])
def test_what_would_fill_the_memory_is_refused(server: Server, sql: str) -> None:
    status, answer = post(server, "Query", json.dumps({"QueryString": sql}).encode())
    assert status == 400
    assert answer["Message"] == "count argument of repeat function must be less than or equal to 10000"
