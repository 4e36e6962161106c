"""The operations on tables, as the API reference of Timestream Write describes them."""

import dataclasses
from typing import Any

from timestream_local.catalog.schema import Table
from timestream_local.operations.pages import page_of
from timestream_local.operations.table_properties import parse_magnetic_writes, parse_retention, parse_schema
from timestream_local.operations.tags import parse_tags, put_tags
from timestream_local.protocol.constraints import created_name, typed, used_name
from timestream_local.protocol.context import Context
from timestream_local.protocol.errors import ConflictError, ValidationError
from timestream_local.service import Service

Json = dict[str, Any]


def describe_table(context: Context, table: Table) -> Json:
    return {
        "Arn": context.arn(f"database/{table.database}/table/{table.name}"),
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


def create_table(service: Service, context: Context, request: Json) -> Json:
    database, name = created_name(request, "DatabaseName"), created_name(request, "TableName")
    properties = {**parse_retention(request), **parse_magnetic_writes(request), **parse_schema(request)}
    tags = parse_tags(request)

    def work() -> Json:
        service.catalog.database(database)
        if (database, name) in service.catalog.tables:
            raise ConflictError(f"The table {name} already exists.")
        now = service.now_seconds()
        number = service.storage.next_table_id()
        table = Table(id=number, database=database, name=name, created_at=now, updated_at=now, **properties)
        service.storage.put_table(table, new=True)
        service.catalog.tables[database, name] = table
        put_tags(service, f"database/{database}/table/{name}", tags)
        return {"Table": describe_table(context, table)}

    return service.writer.run(work)


def update_table(service: Service, context: Context, request: Json) -> Json:
    database, name = used_name(request, "DatabaseName"), used_name(request, "TableName")
    properties = {**parse_retention(request), **parse_magnetic_writes(request), **parse_schema(request)}

    def work() -> Json:
        table = service.catalog.table(database, name)
        key = properties.get("partition_key", table.partition_key)
        if (key.type, key.name) != (table.partition_key.type, table.partition_key.name):
            raise ValidationError("The partition key of a table cannot be changed, only its enforcement can.")
        changed = dataclasses.replace(table, updated_at=service.now_seconds(), **properties)
        service.storage.put_table(changed)
        service.catalog.tables[database, name] = changed
        return {"Table": describe_table(context, changed)}

    return service.writer.run(work)


def describe_table_operation(service: Service, context: Context, request: Json) -> Json:
    table = service.catalog.table(used_name(request, "DatabaseName"), used_name(request, "TableName"))
    return {"Table": describe_table(context, table)}


def delete_table(service: Service, _context: Context, request: Json) -> Json:
    database, name = used_name(request, "DatabaseName"), used_name(request, "TableName")

    def work() -> Json:
        table = service.catalog.table(database, name)
        service.storage.drop_table(table)
        del service.catalog.tables[database, name]
        service.writer.forget(table)
        put_tags(service, f"database/{database}/table/{name}", {})
        return {}

    return service.writer.run(work)


def list_tables(service: Service, context: Context, request: Json) -> Json:
    wanted = typed(request, "DatabaseName", str)
    if wanted is not None:
        service.catalog.database(wanted)
    keys = sorted(key for key in list(service.catalog.tables) if wanted in (None, key[0]))
    page, token = page_of(keys, request)
    return {
        "Tables": [
            describe_table(context, service.catalog.tables[key]) for key in page if key in service.catalog.tables
        ],
        **token,
    }
