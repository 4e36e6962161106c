"""The properties of a table in a request: retention, magnetic-store writes, partition key."""

from typing import Any

from timestream_local.catalog.schema import PartitionKey, Retention
from timestream_local.protocol.constraints import Violations, typed
from timestream_local.protocol.errors import ValidationError

Json = dict[str, Any]


def parse_retention(request: Json) -> Json:
    given = typed(request, "RetentionProperties", dict)
    if given is None:
        return {}
    hours = typed(given, "MemoryStoreRetentionPeriodInHours", int)
    days = typed(given, "MagneticStoreRetentionPeriodInDays", int)
    violations = Violations()
    violations.between(hours, "retentionProperties.memoryStoreRetentionPeriodInHours", least=1, most=8_766)
    violations.between(days, "retentionProperties.magneticStoreRetentionPeriodInDays", least=1, most=73_000)
    violations.check()
    return {"retention": Retention(hours, days)}


def parse_magnetic_writes(request: Json) -> Json:
    given = typed(request, "MagneticStoreWriteProperties", dict)
    if given is None:
        return {}
    if typed(given, "EnableMagneticStoreWrites", bool) is None:
        violations = Violations()
        violations.add(None, "magneticStoreWriteProperties.enableMagneticStoreWrites", "not be null")
        violations.check()
    return {"magnetic_writes": given}


def parse_schema(request: Json) -> Json:
    """One partition key at most ("Customer-defined partition keys"); the text for two as captured."""
    keys = typed(typed(request, "Schema", dict, default={}), "CompositePartitionKey", list)
    if not keys:
        return {}
    if len(keys) > 1:
        raise ValidationError(
            "You have specified too many partition keys to be used in your composite partition key. "
            "Only 1 partition keys can be specified."
        )
    kind, name, enforcement = (typed(keys[0], member, str) for member in ("Type", "Name", "EnforcementInRecord"))
    where = "schema.compositePartitionKey.1.member"
    violations = Violations()
    violations.one_of(kind, f"{where}.type", ("DIMENSION", "MEASURE"))
    if enforcement is not None:
        violations.one_of(enforcement, f"{where}.enforcementInRecord", ("REQUIRED", "OPTIONAL"))
    violations.check()
    if kind == "DIMENSION" and not name:
        raise ValidationError("A partition key of type DIMENSION must have a name.")
    if kind == "MEASURE" and (name or enforcement):
        raise ValidationError("A partition key of type MEASURE takes neither a name nor an enforcement.")
    return {"partition_key": PartitionKey(kind, name, enforcement == "REQUIRED")}
