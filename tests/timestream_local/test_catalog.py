"""Databases, tables, tags and endpoint discovery."""

import uuid
from typing import Any

import boto3
import pytest

from tests.timestream_local.timestream_harness import Server, Table, record


def test_a_database_is_created_described_updated_and_deleted(server: Server) -> None:
    name = f"db_{uuid.uuid4().hex}"
    created = server.write.create_database(DatabaseName=name, Tags=[{"Key": "owner", "Value": "me"}])["Database"]
    assert created["Arn"] == f"arn:aws:timestream:us-east-1:000000000000:database/{name}"
    assert created["TableCount"] == 0
    with pytest.raises(server.write.exceptions.ConflictException):
        server.write.create_database(DatabaseName=name)
    assert server.write.update_database(DatabaseName=name, KmsKeyId="key")["Database"]["KmsKeyId"] == "key"
    assert server.write.describe_database(DatabaseName=name)["Database"]["KmsKeyId"] == "key"
    server.write.delete_database(DatabaseName=name)
    with pytest.raises(server.write.exceptions.ResourceNotFoundException):
        server.write.describe_database(DatabaseName=name)


def test_a_database_with_tables_cannot_be_deleted(server: Server, table: Table) -> None:
    with pytest.raises(server.write.exceptions.ValidationException):
        server.write.delete_database(DatabaseName=table.database)
    server.write.delete_table(DatabaseName=table.database, TableName=table.name)
    server.write.delete_database(DatabaseName=table.database)


def test_a_table_has_the_defaults_of_the_service(server: Server, table: Table) -> None:
    described = server.write.create_table(DatabaseName=table.database, TableName="plain")["Table"]
    assert described["RetentionProperties"] == {
        "MemoryStoreRetentionPeriodInHours": 6,
        "MagneticStoreRetentionPeriodInDays": 73_000,
    }
    assert described["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": False}
    assert described["Schema"] == {"CompositePartitionKey": [{"Type": "MEASURE"}]}
    assert described["TableStatus"] == "ACTIVE"
    again = server.write.describe_table(DatabaseName=table.database, TableName="plain")["Table"]
    assert again == described


def test_two_partition_keys_are_too_many(server: Server, table: Table) -> None:
    keys = [{"Type": "DIMENSION", "Name": name, "EnforcementInRecord": "OPTIONAL"} for name in ("a", "b")]
    with pytest.raises(server.write.exceptions.ValidationException) as caught:
        server.write.create_table(
            DatabaseName=table.database, TableName="keyed", Schema={"CompositePartitionKey": keys}
        )
    assert caught.value.response["Error"]["Message"] == (
        "You have specified too many partition keys to be used in your composite partition key. "
        "Only 1 partition keys can be specified."
    )


def test_a_table_made_anew_has_nothing_of_the_old_one(server: Server, table: Table) -> None:
    table.put(record(1_000))
    where = {"DatabaseName": table.database, "TableName": table.name}
    server.write.delete_table(**where)
    server.write.create_table(**where, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True})
    assert table.rows("count(*)") == [["0"]]
    assert len(server.rows(f"DESCRIBE {table.sql}")) == 2
    table.put(record(1_000, value=2))
    assert table.rows("measure_value::double") == [["2.0"]]


def test_lists_come_in_pages(server: Server, table: Table) -> None:
    for number in range(3):
        server.write.create_table(DatabaseName=table.database, TableName=f"more{number}")
    first = server.write.list_tables(DatabaseName=table.database, MaxResults=3)
    rest = server.write.list_tables(DatabaseName=table.database, MaxResults=3, NextToken=first["NextToken"])
    names = [found["TableName"] for found in first["Tables"] + rest["Tables"]]
    assert names == ["more0", "more1", "more2", "tab"]
    assert "NextToken" not in rest


def test_tags_are_put_listed_and_removed_through_both_services(server: Server, table: Table) -> None:
    arn = server.write.describe_table(DatabaseName=table.database, TableName=table.name)["Table"]["Arn"]
    server.write.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    server.query.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert server.write.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_what_scheduled_queries_ask_is_refused_by_name(server: Server) -> None:
    with pytest.raises(server.query.exceptions.ValidationException, match="ListScheduledQueries is not supported"):
        server.query.list_scheduled_queries()


def test_show_and_describe(server: Server, table: Table) -> None:
    table.put(record(1_000), record(1_000, MeasureName="n", MeasureValueType="BIGINT", MeasureValue="7"))
    assert [table.database] in server.rows("SHOW DATABASES")
    assert server.rows(f'SHOW TABLES FROM "{table.database}"') == [["tab"]]
    assert server.rows(f"SHOW TABLES FROM \"{table.database}\" LIKE 'x%'") == []
    assert server.rows(f"DESCRIBE {table.sql}") == [
        ["host", "varchar", "DIMENSION"],
        ["measure_name", "varchar", "MEASURE_NAME"],
        ["time", "timestamp", "TIMESTAMP"],
        ["measure_value::double", "double", "MEASURE_VALUE"],
        ["measure_value::bigint", "bigint", "MEASURE_VALUE"],
    ]
    assert server.rows(f"SHOW MEASURES FROM {table.sql}") == [
        ["cpu", "double", [("host", "varchar")]],
        ["n", "bigint", [("host", "varchar")]],
    ]


def test_endpoint_discovery_answers_an_address_with_its_scheme(server: Server) -> None:
    endpoint = server.write.describe_endpoints()["Endpoints"][0]
    assert endpoint["Address"] == server.url
    assert endpoint["CachePeriodInMinutes"] == 1_440


@pytest.mark.parametrize(
    "variables", [("AWS_ENDPOINT_URL",), ("AWS_ENDPOINT_URL_TIMESTREAM_WRITE", "AWS_ENDPOINT_URL_TIMESTREAM_QUERY")]
)
def test_the_standard_variables_lead_here(
    server: Server, monkeypatch: pytest.MonkeyPatch, variables: tuple[str, ...]
) -> None:
    """boto3 discovers endpoints when the address comes from the environment, and follows what it is told."""
    for variable in variables:
        monkeypatch.setenv(variable, server.url)
    keys: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-west-1"}
    assert boto3.client("timestream-query", **keys).query(QueryString="SELECT 1")["Rows"]
    assert "Databases" in boto3.client("timestream-write", **keys).list_databases()
