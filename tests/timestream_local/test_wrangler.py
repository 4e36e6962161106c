"""awswrangler, a demanding client that was not written with this server in mind."""
# ruff: noqa: S608 - the SQL is the test

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pandas as pd
import pytest

from tests.timestream_local.timestream_harness import ONCE, local_s3, running

wr = pytest.importorskip("awswrangler")

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
NOON = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 - pandas writes what it is given, and Timestream has UTC alone

pytestmark = pytest.mark.filterwarnings("ignore")  # the library's own warnings are not ours to answer for


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with (
        local_s3(str(tmp_path_factory.mktemp("s3"))) as s3,
        running("--memory", "--s3-endpoint", s3, env=KEYS) as server,
    ):
        boto3.client(
            "s3", endpoint_url=s3, config=ONCE, aws_access_key_id="test", aws_secret_access_key="test"
        ).create_bucket(Bucket="wrangled")
        yield server.url, s3


@pytest.fixture
def database(
    endpoints: tuple[str, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[str]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    url, s3 = endpoints
    wr.config.timestream_write_endpoint_url = url
    wr.config.timestream_query_endpoint_url = url
    wr.config.s3_endpoint_url = s3
    name = f"db_{abs(hash(request.node.name))}"
    wr.timestream.create_database(name)
    wr.timestream.create_table(
        name,
        "t",
        memory_retention_hours=8_000,
        magnetic_retention_days=3_000,
        timestream_additional_kwargs={"MagneticStoreWriteProperties": {"EnableMagneticStoreWrites": True}},
    )
    yield name
    wr.timestream.delete_table(name, "t")
    wr.timestream.delete_database(name)
    wr.config.reset()


def frame(**columns: list[Any]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    times = [NOON + dt.timedelta(minutes=step) for step in range(rows)]
    return pd.DataFrame({"time": times, "host": [f"h{step % 2}" for step in range(rows)], **columns})


def test_databases_and_tables_are_listed(database: str) -> None:
    assert database in wr.timestream.list_databases()
    assert wr.timestream.list_tables(database=database) == ["t"]


def test_a_scalar_measure_is_written_and_read_back_typed(database: str) -> None:
    rejected = wr.timestream.write(
        frame(v=[1.5, 2.5, 3.5]), database, "t", time_col="time", measure_col="v", dimensions_cols=["host"]
    )
    assert rejected == []
    found = wr.timestream.query(
        f'SELECT host, time, measure_value::double AS v, 1 AS one, true AS yes FROM "{database}"."t" ORDER BY time'
    )
    assert found["v"].tolist() == [1.5, 2.5, 3.5]
    assert found["time"].tolist() == [NOON + dt.timedelta(minutes=step) for step in range(3)]
    assert found["host"].tolist() == ["h0", "h1", "h0"]
    assert found["one"].tolist() == [1, 1, 1]
    assert found["yes"].tolist() == [True, True, True]


def test_multi_measures_of_every_type(database: str) -> None:
    data = frame(i=[1, 2], f=[0.5, 1.5], s=["a", "b"], b=[True, False])
    rejected = wr.timestream.write(
        data,
        database,
        "t",
        time_col="time",
        measure_col=["i", "f", "s", "b"],
        dimensions_cols=["host"],
        measure_name="m",
    )
    assert rejected == []
    found = wr.timestream.query(f'SELECT i, f, s, b, measure_name FROM "{database}"."t" ORDER BY time')
    assert found.to_numpy().tolist() == [[1, 0.5, "a", True, "m"], [2, 1.5, "b", False, "m"]]


def test_common_attributes(database: str) -> None:
    common = {
        "Dimensions": [{"Name": "region", "Value": "eu"}],
        "MeasureName": "cpu",
        "MeasureValueType": "DOUBLE",
        "Time": str(int(NOON.replace(tzinfo=dt.UTC).timestamp() * 1_000)),
        "TimeUnit": "MILLISECONDS",
    }
    data = pd.DataFrame({"host": ["a", "b"], "v": [1.5, 2.5]})
    rejected = wr.timestream.write(
        data, database, "t", measure_col="v", dimensions_cols=["host"], common_attributes=common
    )
    assert rejected == []
    found = wr.timestream.query(f'SELECT host, region FROM "{database}"."t" ORDER BY host')
    assert found.to_numpy().tolist() == [["a", "eu"], ["b", "eu"]]


def test_versions(database: str) -> None:
    def write(value: float, version: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = wr.timestream.write(
            frame(v=[value]), database, "t", time_col="time", measure_col="v", dimensions_cols=["host"], version=version
        )
        return found

    assert write(1.5, 2) == []
    assert write(2.5, 1)[0]["ExistingVersion"] == 2
    assert write(2.5, 3) == []
    assert wr.timestream.query(f'SELECT measure_value::double AS v FROM "{database}"."t"')["v"].tolist() == [2.5]


def test_a_query_in_chunks_and_in_pages(database: str) -> None:
    data = frame(v=[float(step) for step in range(250)])
    wr.timestream.write(data, database, "t", time_col="time", measure_col="v", dimensions_cols=["host"])
    sql = f'SELECT measure_value::double AS v FROM "{database}"."t" ORDER BY time'
    chunks = list(wr.timestream.query(sql, chunked=True, pagination_config={"PageSize": 100}))
    assert [value for chunk in chunks for value in chunk["v"]] == data["v"].tolist()
    assert wr.timestream.query(sql, pagination_config={"MaxItems": 1_000})["v"].tolist() == data["v"].tolist()


@pytest.mark.parametrize("unload_format", ["CSV", "PARQUET"])
@pytest.mark.parametrize("partitions", [None, ["host"]])
def test_unload(database: str, unload_format: str, partitions: list[str] | None) -> None:
    data = frame(v=[float(step) for step in range(20)])
    wr.timestream.write(data, database, "t", time_col="time", measure_col="v", dimensions_cols=["host"])
    found = wr.timestream.unload(
        f'SELECT measure_value::double AS v, time, host FROM "{database}"."t"',
        path=f"s3://wrangled/{database}/",
        unload_format=unload_format,
        partition_cols=partitions,
    )
    assert sorted(found["v"].tolist()) == data["v"].tolist()
    assert set(found["host"]) == {"h0", "h1"}
