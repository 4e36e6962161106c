"""The operations on databases, tables and tags, as the API reference of Timestream Write tells them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from timestream_local.catalog import Database, PartitionKey, Retention, Table
from timestream_local.constraints import Violations, created_name, typed, used_name
from timestream_local.errors import ConflictError, ValidationError

if TYPE_CHECKING:
    from timestream_local.requests import Context
    from timestream_local.service import Service

Json = dict[str, Any]

ACCOUNT = "000000000000"
LONGEST_LIST = 20
DEFAULT_KMS_KEY = "alias/aws/timestream"


def now_seconds(service: Service) -> float:
    return service.clock() // 10**6 / 1000


def arn(context: Context, path: str) -> str:
    return f"arn:aws:timestream:{context.region}:{ACCOUNT}:{path}"


def describe_database(service: Service, context: Context, database: Database) -> Json:
    return {
        "Arn": arn(context, f"database/{database.name}"),
        "DatabaseName": database.name,
        "TableCount": sum(owner == database.name for owner, _ in list(service.tables)),
        "KmsKeyId": database.kms_key_id,
        "CreationTime": database.created_at,
        "LastUpdatedTime": database.updated_at,
    }


def describe_table(context: Context, table: Table) -> Json:
    return {
        "Arn": arn(context, f"database/{table.database}/table/{table.name}"),
        "TableName": table.name,
        "DatabaseName": table.database,
        "TableStatus": "ACTIVE",
        "RetentionProperties": {
            "MemoryStoreRetentionPeriodInHours": table.retention.memory_hours,
            "MagneticStoreRetentionPeriodInDays": table.retention.magnetic_days,
        },
        "CreationTime": table.created_at,
        "LastUpdatedTime": table.updated_at,
        "MagneticStoreWriteProperties": table.magnetic_writes,
        "Schema": {"CompositePartitionKey": [table.partition_key.describe()]},
    }


def create_database(service: Service, context: Context, request: Json) -> Json:
    name = created_name(request, "DatabaseName")
    kms_key_id = typed(request, "KmsKeyId", str) or arn(context, DEFAULT_KMS_KEY).replace(":timestream:", ":kms:")
    tags = parse_tags(request)

    def work() -> Json:
        if name in service.databases:
            raise ConflictError(f"The database {name} already exists.")
        now = now_seconds(service)
        database = Database(name, now, now, kms_key_id)
        service.storage.put_database(database)
        service.databases[name] = database
        _put_tags(service, f"database/{name}", tags)
        return {"Database": describe_database(service, context, database)}

    return service.writer.run(work)


def update_database(service: Service, context: Context, request: Json) -> Json:
    name, key = used_name(request, "DatabaseName"), typed(request, "KmsKeyId", str)
    violations = Violations()
    violations.length(key, "kmsKeyId", most=2048)
    violations.check()

    def work() -> Json:
        changed = dataclasses.replace(service.database(name), kms_key_id=key, updated_at=now_seconds(service))
        service.storage.put_database(changed)
        service.databases[name] = changed
        return {"Database": describe_database(service, context, changed)}

    return service.writer.run(work)


def describe_database_operation(service: Service, context: Context, request: Json) -> Json:
    database = service.database(used_name(request, "DatabaseName"))
    return {"Database": describe_database(service, context, database)}


def delete_database(service: Service, _context: Context, request: Json) -> Json:
    name = used_name(request, "DatabaseName")

    def work() -> Json:
        service.database(name)
        if any(owner == name for owner, _ in service.tables):
            raise ValidationError(f"The database {name} cannot be deleted: all tables in it must be deleted first.")
        service.storage.drop_database(name)
        del service.databases[name]
        _put_tags(service, f"database/{name}", {})
        return {}

    return service.writer.run(work)


def list_databases(service: Service, context: Context, request: Json) -> Json:
    page, token = _page(sorted(service.databases), request)
    found = [describe_database(service, context, service.databases[name]) for name in page if name in service.databases]
    return {"Databases": found, **token}


def create_table(service: Service, context: Context, request: Json) -> Json:
    database, name = created_name(request, "DatabaseName"), created_name(request, "TableName")
    properties = {**parse_retention(request), **parse_magnetic_writes(request), **parse_schema(request)}
    tags = parse_tags(request)

    def work() -> Json:
        service.database(database)
        if (database, name) in service.tables:
            raise ConflictError(f"The table {name} already exists.")
        now = now_seconds(service)
        number = service.storage.next_table_id()
        table = Table(id=number, database=database, name=name, created_at=now, updated_at=now, **properties)
        service.storage.put_table(table, new=True)
        service.tables[database, name] = table
        _put_tags(service, f"database/{database}/table/{name}", tags)
        return {"Table": describe_table(context, table)}

    return service.writer.run(work)


def update_table(service: Service, context: Context, request: Json) -> Json:
    database, name = used_name(request, "DatabaseName"), used_name(request, "TableName")
    properties = {**parse_retention(request), **parse_magnetic_writes(request), **parse_schema(request)}

    def work() -> Json:
        table = service.table(database, name)
        key = properties.get("partition_key", table.partition_key)
        if (key.type, key.name) != (table.partition_key.type, table.partition_key.name):
            raise ValidationError("The partition key of a table cannot be changed, only its enforcement can.")
        changed = dataclasses.replace(table, updated_at=now_seconds(service), **properties)
        service.storage.put_table(changed)
        service.tables[database, name] = changed
        return {"Table": describe_table(context, changed)}

    return service.writer.run(work)


def describe_table_operation(service: Service, context: Context, request: Json) -> Json:
    table = service.table(used_name(request, "DatabaseName"), used_name(request, "TableName"))
    return {"Table": describe_table(context, table)}


def delete_table(service: Service, _context: Context, request: Json) -> Json:
    database, name = used_name(request, "DatabaseName"), used_name(request, "TableName")

    def work() -> Json:
        table = service.table(database, name)
        service.storage.drop_table(table)
        del service.tables[database, name]
        service.writer.forget(table)
        _put_tags(service, f"database/{database}/table/{name}", {})
        return {}

    return service.writer.run(work)


def list_tables(service: Service, context: Context, request: Json) -> Json:
    wanted = typed(request, "DatabaseName", str)
    if wanted is not None:
        service.database(wanted)
    keys = sorted(key for key in list(service.tables) if wanted in (None, key[0]))
    page, token = _page(keys, request)
    return {"Tables": [describe_table(context, service.tables[key]) for key in page if key in service.tables], **token}


def _page(keys: list[Any], request: Json) -> tuple[list[Any], Json]:
    """Cut one page out of sorted *keys*; the token is the place of the next one."""
    size = typed(request, "MaxResults", int, default=LONGEST_LIST)
    violations = Violations()
    violations.between(size, "maxResults", least=1, most=LONGEST_LIST)
    violations.check()
    token = typed(request, "NextToken", str) or "0"
    if not token.isdecimal() or not token.isascii():
        raise ValidationError("The NextToken is invalid.")
    start = int(token[:18])
    end = start + size
    return keys[start:end], {"NextToken": str(end)} if end < len(keys) else {}


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


def parse_tags(request: Json) -> dict[str, str]:
    tags = {}
    for place, tag in enumerate(typed(request, "Tags", list, default=()), start=1):
        key, value = typed(tag, "Key", str), typed(tag, "Value", str)
        violations = Violations()
        violations.length(key, f"tags.{place}.member.key", most=128)
        violations.length(value, f"tags.{place}.member.value", least=0, most=256)
        violations.check()
        tags[key] = value
    return tags


def _put_tags(service: Service, resource: str, tags: dict[str, str]) -> None:
    if tags or resource in service.tags:
        service.storage.put_tags(resource, tags)
        service.tags[resource] = tags
