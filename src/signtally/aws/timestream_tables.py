"""Timestream's database and its tables: how they are made."""

import contextlib
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from signtally.aws.errors import map_errors

if TYPE_CHECKING:
    from mypy_boto3_timestream_write import TimestreamWriteClient
    from mypy_boto3_timestream_write.type_defs import SchemaTypeDef

EVENTS_TABLE = "events"
DAILY_USAGE_TABLE = "daily_usage"
RESTATEMENTS_TABLE = "restatements"
SUPERSEDED_TABLE = "superseded_events"
# A day's row bears the time at which that date first begins anywhere, which is up to two days before its last event:
# it must not expire while an event that it counts is kept.
_LONGEST_DAY_DAYS = 2
_MAX_RETENTION_DAYS = 73_000
_PARTITIONED_BY_TENANT: "SchemaTypeDef" = {
    "CompositePartitionKey": [{"Type": "DIMENSION", "Name": "tenant_id", "EnforcementInRecord": "REQUIRED"}]
}


@dataclasses.dataclass(frozen=True, slots=True)
class TimestreamTables:
    """The database and its tables: how they are created."""

    write: "TimestreamWriteClient"
    database: str
    memory_retention_hours: int
    magnetic_retention_days: int

    def provision(self) -> bool:
        """Make what is not there. What is there is left as it is: a shorter retention would delete history."""
        with (
            map_errors("Timestream", f"database {self.database}"),
            contextlib.suppress(self.write.exceptions.ConflictException),
        ):
            self.write.create_database(DatabaseName=self.database)
        kept_longer = min(_MAX_RETENTION_DAYS, self.magnetic_retention_days + _LONGEST_DAY_DAYS)
        retention_days = {
            EVENTS_TABLE: self.magnetic_retention_days,
            DAILY_USAGE_TABLE: kept_longer,
            RESTATEMENTS_TABLE: self.magnetic_retention_days,
            SUPERSEDED_TABLE: self.magnetic_retention_days,
        }
        made = [self._create(table, retention_days=days) for table, days in retention_days.items()]
        return any(made)

    def check(self, table: str) -> None:
        """Raise a ServiceError unless the writing side answers and has this table."""
        with map_errors("Timestream", f"table {self.database}.{table}"):
            self.write.describe_table(DatabaseName=self.database, TableName=table)

    def created_at(self, table: str) -> dt.datetime:
        with map_errors("Timestream", f"table {self.database}.{table}"):
            return self.write.describe_table(DatabaseName=self.database, TableName=table)["Table"]["CreationTime"]

    def _create(self, table: str, *, retention_days: int) -> bool:
        with map_errors("Timestream", f"table {self.database}.{table}"):
            try:
                self.write.create_table(
                    DatabaseName=self.database,
                    TableName=table,
                    RetentionProperties={
                        "MemoryStoreRetentionPeriodInHours": self.memory_retention_hours,
                        "MagneticStoreRetentionPeriodInDays": retention_days,
                    },
                    # Late events and imports are older than what the memory store keeps.
                    MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
                    Schema=_PARTITIONED_BY_TENANT,
                )
            except self.write.exceptions.ConflictException:
                return False
        return True
