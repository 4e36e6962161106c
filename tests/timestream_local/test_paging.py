"""Answers in pages, tokens, PrepareQuery and CancelQuery."""

import pytest

from tests.timestream_local.timestream_harness import Server

FIVE = "SELECT c FROM UNNEST(sequence(1, 5)) AS t(c) ORDER BY c"


def test_with_max_rows_below_the_result_the_first_page_is_empty(server: Server) -> None:
    first = server.query.query(QueryString=FIVE, MaxRows=2)
    assert first["Rows"] == []
    assert first["ColumnInfo"] == [{"Name": "c", "Type": {"ScalarType": "BIGINT"}}]
    assert first["QueryId"].isalnum()
    sizes, token = [], first["NextToken"]
    while token:
        page = server.query.query(QueryString=FIVE, MaxRows=2, NextToken=token)
        sizes.append(len(page["Rows"]))
        token = page.get("NextToken")
    assert sizes == [2, 2, 1]


def test_with_enough_max_rows_there_is_one_page(server: Server) -> None:
    page = server.query.query(QueryString=FIVE, MaxRows=5)
    assert len(page["Rows"]) == 5
    assert "NextToken" not in page
    assert page["QueryStatus"]["ProgressPercentage"] == 100.0


def test_a_large_result_comes_in_pages_of_a_megabyte_and_whole(server: Server) -> None:
    numbers = (
        "SELECT a * 10000 + b AS c FROM UNNEST(sequence(0, 1)) AS s(a) CROSS JOIN UNNEST(sequence(1, 10000)) AS t(b)"
    )
    sql = f"SELECT c, repeat('0123456789', 20) AS l FROM ({numbers}) ORDER BY c"  # noqa: S608 -- literals of this test
    pages = list(server.query.get_paginator("query").paginate(QueryString=sql))
    assert len(pages) > 5
    seen = [int(row["Data"][0]["ScalarValue"]) for page in pages for row in page["Rows"]]
    assert seen == list(range(1, 20_001))


def test_a_token_belongs_to_its_query_and_can_be_used_five_times(server: Server) -> None:
    token = server.query.query(QueryString=FIVE, MaxRows=2)["NextToken"]
    with pytest.raises(server.query.exceptions.ValidationException):
        server.query.query(QueryString=f"{FIVE} ", MaxRows=2, NextToken=token)
    pages = [server.query.query(QueryString=FIVE, MaxRows=2, NextToken=token)["Rows"] for _ in range(5)]
    assert all(page == pages[0] for page in pages)
    with pytest.raises(server.query.exceptions.ValidationException):
        server.query.query(QueryString=FIVE, MaxRows=2, NextToken=token)
    with pytest.raises(server.query.exceptions.ValidationException):
        server.query.query(QueryString=FIVE, NextToken="nonsense")


def test_max_rows_has_bounds(server: Server) -> None:
    with pytest.raises(server.query.exceptions.ValidationException, match="less than or equal to 1000"):
        server.query.query(QueryString=FIVE, MaxRows=1_001)


def test_a_cancelled_query_is_read_no_further(server: Server) -> None:
    first = server.query.query(QueryString=FIVE, MaxRows=2)
    for _ in range(2):
        assert "cancelled" in server.query.cancel_query(QueryId=first["QueryId"])["CancellationMessage"]
    with pytest.raises(server.query.exceptions.ConflictException):
        server.query.query(QueryString=FIVE, MaxRows=2, NextToken=first["NextToken"])


def test_prepare_query_tells_columns_and_runs_nothing(server: Server) -> None:
    sql = "SELECT c, 1/(c - c) AS bad, 'x' FROM (VALUES 1) AS t(c)"
    prepared = server.query.prepare_query(QueryString=sql, ValidateOnly=True)
    assert [(column["Name"], column["Type"]["ScalarType"]) for column in prepared["Columns"]] == [
        ("c", "INTEGER"),
        ("bad", "INTEGER"),
        ("_col2", "VARCHAR"),
    ]
    with pytest.raises(server.query.exceptions.ValidationException):
        server.query.prepare_query(QueryString=sql, ValidateOnly=False)
    with pytest.raises(server.query.exceptions.ValidationException, match="Column 'z' does not exist"):
        server.query.prepare_query(QueryString="SELECT z", ValidateOnly=True)
