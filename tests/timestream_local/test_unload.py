"""UNLOAD to an S3 of its own: keys, manifest, metadata, formats."""
# ruff: noqa: E501, S608 - a row of the table stays one line; the SQL is the test

import gzip
import io
import json
from collections.abc import Iterator

import boto3
import pyarrow.parquet as pq
import pytest

from tests.timestream_local.timestream_harness import ONCE, Server, Table, local_s3, multi, running

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_s3(str(tmp_path_factory.mktemp("s3"))) as url:
        boto3.client(
            "s3", endpoint_url=url, config=ONCE, aws_access_key_id="test", aws_secret_access_key="test"
        ).create_bucket(Bucket="results")
        yield url


@pytest.fixture(scope="module")
def unloader(s3_url: str) -> Iterator[Server]:
    with running("--memory", "--s3-endpoint", s3_url, env=KEYS) as found:
        yield found


@pytest.fixture(scope="module")
def filled(unloader: Server) -> Table:
    table = unloader.table()
    rows = [
        multi(
            1_600_000_000_000 + step,
            {"site": f"s{step % 2}"},
            {"n": ("BIGINT", str(step)), "x": ("DOUBLE", "0.5"), "s": ("VARCHAR", f'a"{step},b')},
        )
        for step in range(100)
    ]
    table.put(*rows)
    return table


class Bucket:
    """What lies in the bucket under one prefix."""

    def __init__(self, url: str, prefix: str) -> None:
        self.s3 = boto3.client(
            "s3", endpoint_url=url, config=ONCE, aws_access_key_id="test", aws_secret_access_key="test"
        )
        listed = self.s3.list_objects_v2(Bucket="results", Prefix=prefix).get("Contents", [])
        self.keys = [item["Key"] for item in listed]

    def read(self, key: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket="results", Key=key.removeprefix("s3://results/"))["Body"].read()
        return body


def test_the_answer_is_one_row_that_leads_to_everything(filled: Table, s3_url: str) -> None:
    sql = f"UNLOAD (SELECT n, s, time FROM {filled.sql} ORDER BY n) TO 's3://results/plain'"
    answer = filled.server.query.query(QueryString=sql)
    assert [column["Name"] for column in answer["ColumnInfo"]] == ["rows", "metadataFile", "manifestFile"]
    rows, metadata_url, manifest_url = (datum["ScalarValue"] for datum in answer["Rows"][0]["Data"])
    bucket = Bucket(s3_url, "plain/")
    assert rows == "100"
    assert metadata_url.startswith(f"s3://results/plain/{answer['QueryId']}_")
    assert metadata_url.endswith("_metadata.json")
    manifest = json.loads(bucket.read(manifest_url))
    assert manifest["query_metadata"]["total_row_count"] == 100
    assert manifest["query_metadata"]["result_format"] == "CSV"
    (result,) = manifest["result_files"]
    assert result["url"].startswith(f"s3://results/plain/results/{answer['QueryId']}_")
    assert result["url"].endswith(".gz")
    body = bucket.read(result["url"])
    assert result["file_metadata"] == {"content_length_in_bytes": len(body), "row_count": 100}
    first = gzip.decompress(body).decode().splitlines()[0]
    assert first == '0,"a\\"0,b",2020-09-13 12:26:40.000000000'
    columns = json.loads(bucket.read(metadata_url))["ColumnInfo"]
    assert columns[2] == {"Name": "time", "Type": {"ScalarType": "TIMESTAMP"}}


def test_partition_columns_name_the_folders_and_leave_the_files(filled: Table, s3_url: str) -> None:
    sql = (
        f"UNLOAD (SELECT n, time, site FROM {filled.sql}) TO 's3://results/parts/' "
        "WITH (format = 'parquet', compression = 'gzip', partitioned_by = ARRAY['site'])"
    )
    filled.server.query.query(QueryString=sql)
    bucket = Bucket(s3_url, "parts/results/")
    assert {key.split("/")[2] for key in bucket.keys} == {"site=s0", "site=s1"}
    tables = [pq.read_table(io.BytesIO(bucket.read(key))) for key in bucket.keys]
    assert {tuple(found.column_names) for found in tables} == {("n", "time")}
    assert sum(found.num_rows for found in tables) == 100


def test_csv_with_header_delimiter_and_partitions(filled: Table, s3_url: str) -> None:
    sql = (
        f"UNLOAD (SELECT n, x, site FROM {filled.sql} ORDER BY n) TO 's3://results/csv' WITH (format = 'CSV', "
        "compression = 'NONE', include_header = 'true', field_delimiter = '|', partitioned_by = ARRAY['site'])"
    )
    answer = filled.server.query.query(QueryString=sql)
    manifest = json.loads(Bucket(s3_url, "").read(answer["Rows"][0]["Data"][2]["ScalarValue"]))
    assert sum(result["file_metadata"]["row_count"] for result in manifest["result_files"]) == 100
    bucket = Bucket(s3_url, "csv/results/")
    assert all(key.endswith(".csv") for key in bucket.keys)
    assert bucket.read(bucket.keys[0]).decode().splitlines()[:2] == ["n|x", "0|0.5"]


BAD = [
    (
        "UNLOAD (SELECT site, n FROM {t}) TO 's3://results/x' WITH (partitioned_by = ARRAY['site'])",
        "must be the last columns",
    ),
    ("UNLOAD (SELECT n FROM {t}) TO 'file:///etc/passwd'", "Invalid S3 URI"),
    ("UNLOAD (SELECT n FROM {t}) TO 's3://results/x' WITH (format = 'ORC')", "Invalid value 'ORC'"),
    ("UNLOAD (SELECT n FROM {t}) TO 's3://results/x' WITH (colour = 'red')", "Unknown UNLOAD option"),
    ("UNLOAD (SELECT n FROM {t}) TO 's3://results/x' WITH (max_file_size = '1KB')", "between 16MB and 78GB"),
    (
        "UNLOAD (SELECT n, n AS k FROM {t} UNION ALL SELECT n, n + 100 FROM {t}) TO 's3://results/x' WITH (partitioned_by = ARRAY['k'])",
        "at most 100",
    ),
    ("UNLOAD (SELECT array_agg(n) FROM {t}) TO 's3://results/x'", "CSV takes no arrays"),
    ("UNLOAD (SELECT n FROM {t}) TO 's3://nosuchbucket/x'", "could not write"),
    ("UNLOAD (SELECT nope FROM {t}) TO 's3://results/x'", "Column 'nope' does not exist"),
    ("UNLOAD SELECT 1 TO 's3://results/x'", "The query syntax is invalid at line 1:8"),
]


@pytest.mark.parametrize(("sql", "message"), BAD, ids=[message for _, message in BAD])
def test_a_bad_unload_is_refused(filled: Table, sql: str, message: str) -> None:
    with pytest.raises(filled.server.query.exceptions.ValidationException) as caught:
        filled.server.query.query(QueryString=sql.format(t=filled.sql))
    assert message in caught.value.response["Error"]["Message"]


def test_nothing_to_unload_leaves_a_manifest_without_files(filled: Table, s3_url: str) -> None:
    answer = filled.server.query.query(
        QueryString=f"UNLOAD (SELECT n FROM {filled.sql} WHERE n < 0) TO 's3://results/none'"
    )
    assert answer["Rows"][0]["Data"][0] == {"ScalarValue": "0"}
    assert Bucket(s3_url, "none/results/").keys == []
