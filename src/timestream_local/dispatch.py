"""Every operation by its name in the X-Amz-Target header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timestream_local import operations, tagging
from timestream_local.errors import UnknownOperationError, ValidationError
from timestream_local.queries import cancel_query, prepare_query, query

if TYPE_CHECKING:
    from collections.abc import Callable

    from timestream_local.requests import Context
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
    "CreateDatabase": operations.create_database,
    "DescribeDatabase": operations.describe_database_operation,
    "UpdateDatabase": operations.update_database,
    "DeleteDatabase": operations.delete_database,
    "ListDatabases": operations.list_databases,
    "CreateTable": operations.create_table,
    "DescribeTable": operations.describe_table_operation,
    "UpdateTable": operations.update_table,
    "DeleteTable": operations.delete_table,
    "ListTables": operations.list_tables,
    "TagResource": tagging.tag_resource,
    "UntagResource": tagging.untag_resource,
    "ListTagsForResource": tagging.list_tags,
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
