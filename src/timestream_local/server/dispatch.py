"""Every operation by its name in the X-Amz-Target header."""

from collections.abc import Callable
from typing import Any

from timestream_local.operations import databases, tables, tags
from timestream_local.operations.queries import cancel_query, prepare_query, query
from timestream_local.protocol.context import Context
from timestream_local.protocol.errors import UnknownOperationError, ValidationError
from timestream_local.service import Service

Json = dict[str, Any]

TARGET_PREFIX = "Timestream_20181101."
ENDPOINT_CACHE_MINUTES = 1_440


def describe_endpoints(_service: Service, context: Context, _request: Json) -> Json:
    return {"Endpoints": [{"Address": context.address, "CachePeriodInMinutes": ENDPOINT_CACHE_MINUTES}]}


def unsupported(name: str) -> Callable[[Service, Context, Json], Json]:
    def refuse(_service: Service, _context: Context, _request: Json) -> Json:
        raise ValidationError(f"{name} is not supported by this local Timestream.")

    return refuse


UNSUPPORTED = (
    "CreateScheduledQuery",
    "DeleteScheduledQuery",
    "DescribeScheduledQuery",
    "ExecuteScheduledQuery",
    "ListScheduledQueries",
    "UpdateScheduledQuery",
    "DescribeAccountSettings",
    "UpdateAccountSettings",
    "CreateBatchLoadTask",
    "DescribeBatchLoadTask",
    "ListBatchLoadTasks",
    "ResumeBatchLoadTask",
)

OPERATIONS: dict[str, Callable[[Service, Context, Json], Json]] = {
    "DescribeEndpoints": describe_endpoints,
    "CreateDatabase": databases.create_database,
    "DescribeDatabase": databases.describe_database_operation,
    "UpdateDatabase": databases.update_database,
    "DeleteDatabase": databases.delete_database,
    "ListDatabases": databases.list_databases,
    "CreateTable": tables.create_table,
    "DescribeTable": tables.describe_table_operation,
    "UpdateTable": tables.update_table,
    "DeleteTable": tables.delete_table,
    "ListTables": tables.list_tables,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTagsForResource": tags.list_tags,
    "Query": query,
    "CancelQuery": cancel_query,
    "PrepareQuery": prepare_query,
    **{name: unsupported(name) for name in UNSUPPORTED},
}


def operation_named(target: str) -> str:
    """Return the operation that an X-Amz-Target header names; WriteRecords has a way of its own through the server."""
    name = target.removeprefix(TARGET_PREFIX)
    if not target.startswith(TARGET_PREFIX) or (name not in OPERATIONS and name != "WriteRecords"):
        raise UnknownOperationError(f"The operation {target} is unknown.")
    return name
