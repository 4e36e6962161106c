"""WriteRecords: what is accepted, replaced, rejected and refused, in the service's own words."""
# ruff: noqa: E501, S608 - texts of the service stay whole; the SQL is the test

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.timestream_local.timestream_harness import Clock, Server, Table, multi, now_ms, record
from timestream_local.writing.prepared_inserts import MOST_PREPARED

EXISTS = (
    "A record already exists with the same time, dimensions, measure name, and record version. A higher record version "
    "must be specified in order to update the measure value. Specifying record version is supported by the latest SDKs."
)


def refusal(table: Table, *records: dict[str, Any], **common: Any) -> str:
    with pytest.raises(table.server.write.exceptions.ValidationException) as caught:
        table.put(*records, **common)
    return str(caught.value.response["Error"]["Message"])


def test_the_answer_counts_the_stores(table: Table) -> None:
    ingested = table.put(record(), record(1_000))["RecordsIngested"]
    assert ingested == {"Total": 2, "MemoryStore": 1, "MagneticStore": 1}


def test_every_type_is_kept_as_written(table: Table) -> None:
    measures = {
        "text": ("VARCHAR", "ünïcode 'quoted' \"double\" \n line"),
        "whole": ("BIGINT", "-9223372036854775808"),
        "real": ("DOUBLE", "1.6554878837710001E9"),
        "yes": ("BOOLEAN", "TRUE"),
        "moment": ("TIMESTAMP", "1600000000123"),
    }
    table.put(multi(1_600_000_000_000, {"d": "x"}, measures))
    assert table.rows("text, whole, real, yes, moment") == [
        [measures["text"][1], measures["whole"][1], "1.6554878837710001E9", "true", "2020-09-13 12:26:40.123000000"]
    ]


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("SECONDS", "1600000000"),
        ("MILLISECONDS", "1600000000000"),
        ("MICROSECONDS", "1600000000000000"),
        ("NANOSECONDS", "1600000000000000000"),
    ],
)
def test_the_time_unit_scales_time_and_timestamp_measures(table: Table, unit: str, time: str) -> None:
    table.put(multi(0, {"d": "x"}, {"at": ("TIMESTAMP", time)}, Time=time, TimeUnit=unit))
    assert table.rows("time, at") == [["2020-09-13 12:26:40.000000000"] * 2]


def test_batches_of_very_many_different_columns_keep_their_values(table: Table) -> None:
    """More sets of columns, one after the other and all again, than the writer keeps INSERTs prepared."""
    sets = MOST_PREPARED + 5
    for version in (1, 2):
        for number in range(sets):
            measures = {f"m{number}": ("BIGINT", str(number * version))}
            table.put(multi(1_600_000_000_000, {"d": str(number)}, measures, Version=version))
    sums = ", ".join(f"sum(m{number})" for number in range(sets))
    assert table.rows(sums) == [[str(number * 2) for number in range(sets)]]


def test_common_attributes_fill_every_record(table: Table) -> None:
    common = {
        "Dimensions": [{"Name": "region", "Value": "eu"}],
        "MeasureName": "cpu",
        "MeasureValueType": "BIGINT",
        "Time": "1600000000",
        "TimeUnit": "SECONDS",
        "Version": 3,
    }
    table.put(
        {"Dimensions": [{"Name": "host", "Value": "a"}], "MeasureValue": "1"},
        {"MeasureValue": "2", "Time": "1600000001"},
        **common,
    )
    assert table.rows("region, host, measure_value::bigint, time", "ORDER BY time") == [
        ["eu", "a", "1", "2020-09-13 12:26:40.000000000"],
        ["eu", None, "2", "2020-09-13 12:26:41.000000000"],
    ]


def test_common_measures_are_joined_to_those_of_the_record(table: Table) -> None:
    common = {"MeasureValues": [{"Name": "a", "Value": "1", "Type": "BIGINT"}], "MeasureValueType": "MULTI"}
    table.put(multi(1_600_000_000_000, {"d": "x"}, {"b": ("BIGINT", "2")}), **common)
    assert table.rows("a, b") == [["1", "2"]]


def test_the_same_record_is_accepted_again(table: Table) -> None:
    table.put(record(5_000))
    assert table.put(record(5_000))["RecordsIngested"]["Total"] == 1
    assert table.rows("count(*)") == [["1"]]


def test_dimensions_in_another_order_are_the_same_identity(table: Table) -> None:
    names = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    table.put(record(5_000, Dimensions=names))
    table.put(record(5_000, Dimensions=names[::-1]))
    assert table.rows("count(*)") == [["1"]]


def test_a_different_value_is_rejected_and_its_neighbours_are_kept(table: Table) -> None:
    table.put(record(5_000))
    rejected = table.rejected(record(4_000), record(5_000, value=2), record(6_000))
    assert rejected == [{"RecordIndex": 1, "Reason": EXISTS, "ExistingVersion": 1}]
    assert table.rows("measure_value::double", "ORDER BY time") == [["1.5"], ["1.5"], ["1.5"]]


def test_a_rejection_is_http_419(table: Table) -> None:
    table.put(record(5_000))
    with pytest.raises(ClientError) as caught:
        table.put(record(5_000, value=2))
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 419
    assert response["Error"] == {
        "Code": "RejectedRecordsException",
        "Message": "One or more records have been rejected. See RejectedRecords for details.",
    }


def test_a_higher_version_replaces_the_whole_record(table: Table) -> None:
    table.put(multi(5_000, {"d": "x"}, {"a": ("BIGINT", "1"), "b": ("BIGINT", "2")}))
    table.put(multi(5_000, {"d": "x"}, {"a": ("BIGINT", "7")}, Version=2))
    assert table.rows("a, b") == [["7", None]]


def test_a_version_rises_with_equal_values_too(table: Table) -> None:
    table.put(record(5_000))
    table.put(record(5_000, Version=200))
    rejected = table.rejected(record(5_000, value=9, Version=2))
    reason = "The record version 2 is lower than the existing version 200. A higher version is required to update the measure value."
    assert rejected == [{"RecordIndex": 0, "Reason": reason, "ExistingVersion": 200}]


def test_records_of_one_batch_apply_in_order(table: Table) -> None:
    rejected = table.rejected(record(5_000, value=1), record(5_000, value=2), record(5_000, value=3, Version=2))
    assert [item["RecordIndex"] for item in rejected] == [1]
    assert table.rows("measure_value::double") == [["3.0"]]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"Dimensions": []}, "At least one dimension is required for a record."),
    ({"Time": "noon"}, "Invalid time for record."),
    ({"Time": "-1"}, "Invalid time for record."),
    ({"Time": "99999999999999999999"}, "Invalid time for record."),
    ({"Version": 0}, "version must be greater than or equal to 1"),
    ({"MeasureValue": "NaN"}, "not a valid DOUBLE"),
    ({"MeasureValue": "Infinity"}, "not a valid DOUBLE"),
    ({"MeasureValue": "1e999"}, "not a valid DOUBLE"),
    ({"MeasureValueType": "BIGINT", "MeasureValue": "1.5"}, "not a valid BIGINT"),
    ({"MeasureValueType": "BIGINT", "MeasureValue": "9223372036854775808"}, "not a valid BIGINT"),
    ({"MeasureValueType": "BOOLEAN", "MeasureValue": "yes"}, "not a valid BOOLEAN"),
    ({"MeasureValueType": "TIMESTAMP", "MeasureValue": "1"}, "TIMESTAMP is an invalid measure value type"),
    ({"MeasureValueType": "MULTI"}, "A record of type MULTI needs MeasureValues"),
    ({"MeasureName": "ts_x"}, "reserved"),
    ({"MeasureName": "m" * 257}, "between 1 and 256 bytes"),
    ({"Dimensions": [{"Name": "time", "Value": "x"}]}, "reserved"),
    ({"Dimensions": [{"Name": "measure_name2", "Value": "x"}]}, "reserved"),
    ({"Dimensions": [{"Name": "d" * 61, "Value": "x"}]}, "between 1 and 60 bytes"),
    ({"Dimensions": [{"Name": "d", "Value": "x"}] * 2}, "Duplicate dimension 'd'"),
    ({"Dimensions": [{"Name": "d", "Value": ""}]}, "must not be empty"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message[:30] + str(n) for n, (_, message) in enumerate(BAD)])
def test_a_bad_record_refuses_the_whole_call(table: Table, change: dict[str, Any], message: str) -> None:
    assert message in refusal(table, record(1_000), record(2_000, **change))
    assert table.server.rows(f"SELECT count(*) FROM {table.sql}") == [["0"]]


def test_a_dimension_may_not_stand_in_common_attributes_too(table: Table) -> None:
    assert "Duplicate dimension" in refusal(table, record(), Dimensions=[{"Name": "host", "Value": "b"}])


def test_more_than_a_hundred_records_are_refused(table: Table) -> None:
    message = refusal(table, *(record(time) for time in range(101)))
    assert message.startswith("1 validation error detected: Value '")
    assert message.endswith(
        "at 'records' failed to satisfy constraint: Member must have length less than or equal to 100"
    )


def test_a_name_is_a_dimension_or_a_measure_not_both(table: Table) -> None:
    table.put(multi(1_000, {"d": "x"}, {"m": ("BIGINT", "1")}))
    rejected = table.rejected(
        multi(2_000, {"m": "x"}, {"n": ("BIGINT", "1")}), multi(3_000, {"d": "x"}, {"m": ("VARCHAR", "1")})
    )
    assert [item["RecordIndex"] for item in rejected] == [0, 1]


def test_a_record_of_more_than_two_kilobytes_is_rejected(table: Table) -> None:
    assert len(table.rejected(record(1_000), record(2_000, Dimensions=[{"Name": "d", "Value": "x" * 2_100}]))) == 1
    assert table.rows("count(*)") == [["1"]]


def test_memory_retention_bounds_what_is_taken(server: Server) -> None:
    hours = {"MemoryStoreRetentionPeriodInHours": 12, "MagneticStoreRetentionPeriodInDays": 30}
    table = server.table(RetentionProperties=hours, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": False})
    hour = 3_600_000
    rejected = table.rejected(record(now_ms() - 13 * hour), record(now_ms() - 11 * hour), record(now_ms() + hour // 2))
    assert [item["RecordIndex"] for item in rejected] == [0, 2]
    reason = rejected[0]["Reason"]
    assert reason.startswith("The record timestamp is outside the time range [")
    assert reason.endswith("Z) of the memory store.")


def test_magnetic_writes_reach_back_to_both_retentions(timed: Server, clock: Clock) -> None:
    hours = {"MemoryStoreRetentionPeriodInHours": 12, "MagneticStoreRetentionPeriodInDays": 30}
    table = timed.table(RetentionProperties=hours)
    day = 86_400_000
    now = clock() // 10**6
    assert table.put(record(now - 30 * day))["RecordsIngested"]["MagneticStore"] == 1
    rejected = table.rejected(record(now - 31 * day))
    assert rejected[0]["Reason"].endswith("of the data ingestion window.")
    clock.advance(days=1)
    assert table.rows("count(*)") == [["0"]]  # retention has dropped it


def test_the_future_is_fifteen_minutes(timed: Server, clock: Clock) -> None:
    table = timed.table()
    now = clock() // 10**6
    assert table.put(record(now + 14 * 60_000))["RecordsIngested"]["Total"] == 1
    assert len(table.rejected(record(now + 16 * 60_000))) == 1


def test_magnetic_writes_can_be_switched_on(timed: Server, clock: Clock) -> None:
    table = timed.table(MagneticStoreWriteProperties={"EnableMagneticStoreWrites": False})
    old = record(clock() // 10**6 - 48 * 3_600_000)
    assert len(table.rejected(old)) == 1
    where = {"DatabaseName": table.database, "TableName": table.name}
    timed.write.update_table(**where, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True})
    assert table.put(old)["RecordsIngested"]["MagneticStore"] == 1


def test_a_required_partition_key_must_be_there(server: Server) -> None:
    key = {"Type": "DIMENSION", "Name": "tenant_id", "EnforcementInRecord": "REQUIRED"}
    table = server.table(Schema={"CompositePartitionKey": [key]})
    rejected = table.rejected(record(), record(1_000, Dimensions=[{"Name": "tenant_id", "Value": "a"}]))
    assert [item["RecordIndex"] for item in rejected] == [0]
    where = {"DatabaseName": table.database, "TableName": table.name}
    changed = server.write.update_table(
        **where, Schema={"CompositePartitionKey": [{**key, "EnforcementInRecord": "OPTIONAL"}]}
    )
    assert changed["Table"]["Schema"]["CompositePartitionKey"][0]["EnforcementInRecord"] == "OPTIONAL"
    assert table.put(record(2_000))["RecordsIngested"]["Total"] == 1
    with pytest.raises(server.write.exceptions.ValidationException):
        server.write.update_table(**where, Schema={"CompositePartitionKey": [{**key, "Name": "other"}]})


def test_writing_to_what_does_not_exist(server: Server, table: Table) -> None:
    with pytest.raises(server.write.exceptions.ResourceNotFoundException, match=r"The table unknown does not exist\."):
        server.write.write_records(DatabaseName=table.database, TableName="unknown", Records=[record()])
    with pytest.raises(
        server.write.exceptions.ResourceNotFoundException, match=r"The database unknown does not exist\."
    ):
        server.write.write_records(DatabaseName="unknown", TableName="unknown", Records=[record()])
