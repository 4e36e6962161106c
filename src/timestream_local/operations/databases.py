"""The operations on databases, as the API reference of Timestream Write describes them."""

import dataclasses
from typing import Any

from timestream_local.catalog.schema import Database
from timestream_local.operations.pages import page_of
from timestream_local.operations.tags import parse_tags, put_tags
from timestream_local.protocol.constraints import Violations, created_name, typed, used_name
from timestream_local.protocol.context import Context
from timestream_local.protocol.errors import ConflictError, ValidationError
from timestream_local.service import Service

Json = dict[str, Any]

DEFAULT_KMS_KEY = "alias/aws/timestream"


def describe_database(service: Service, context: Context, database: Database) -> Json:
    return {
        "Arn": context.arn(f"database/{database.name}"),
        "DatabaseName": database.name,
        "TableCount": sum(owner == database.name for owner, _ in list(service.catalog.tables)),
        "KmsKeyId": database.kms_key_id,
        "CreationTime": database.created_at,
        "LastUpdatedTime": database.updated_at,
    }


def create_database(service: Service, context: Context, request: Json) -> Json:
    name = created_name(request, "DatabaseName")
    kms_key_id = typed(request, "KmsKeyId", str) or context.arn(DEFAULT_KMS_KEY).replace(":timestream:", ":kms:")
    tags = parse_tags(request)

    def work() -> Json:
        if name in service.catalog.databases:
            raise ConflictError(f"The database {name} already exists.")
        now = service.now_seconds()
        database = Database(name, now, now, kms_key_id)
        service.storage.put_database(database)
        service.catalog.databases[name] = database
        put_tags(service, f"database/{name}", tags)
        return {"Database": describe_database(service, context, database)}

    return service.writer.run(work)


def update_database(service: Service, context: Context, request: Json) -> Json:
    name, key = used_name(request, "DatabaseName"), typed(request, "KmsKeyId", str)
    violations = Violations()
    violations.length(key, "kmsKeyId", most=2048)
    violations.check()

    def work() -> Json:
        changed = dataclasses.replace(service.catalog.database(name), kms_key_id=key, updated_at=service.now_seconds())
        service.storage.put_database(changed)
        service.catalog.databases[name] = changed
        return {"Database": describe_database(service, context, changed)}

    return service.writer.run(work)


def describe_database_operation(service: Service, context: Context, request: Json) -> Json:
    database = service.catalog.database(used_name(request, "DatabaseName"))
    return {"Database": describe_database(service, context, database)}


def delete_database(service: Service, _context: Context, request: Json) -> Json:
    name = used_name(request, "DatabaseName")

    def work() -> Json:
        service.catalog.database(name)
        if any(owner == name for owner, _ in service.catalog.tables):
            raise ValidationError(f"The database {name} cannot be deleted: all tables in it must be deleted first.")
        service.storage.drop_database(name)
        del service.catalog.databases[name]
        put_tags(service, f"database/{name}", {})
        return {}

    return service.writer.run(work)


def list_databases(service: Service, context: Context, request: Json) -> Json:
    page, token = page_of(sorted(service.catalog.databases), request)
    found = [
        describe_database(service, context, service.catalog.databases[name])
        for name in page
        if name in service.catalog.databases
    ]
    return {"Databases": found, **token}
