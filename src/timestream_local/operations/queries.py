"""The operations of Timestream Query."""

import secrets
from typing import Any

from timestream_local.protocol.constraints import Violations, typed
from timestream_local.protocol.context import Context
from timestream_local.protocol.datums import type_of
from timestream_local.protocol.errors import ValidationError
from timestream_local.query import execution
from timestream_local.query.compiler import Compiler
from timestream_local.service import Service
from timestream_local.sql.parsing.statements import Selection, Unload, parse
from timestream_local.unload.export import unload
from timestream_local.unload.options import UnloadOptions

Json = dict[str, Any]

MOST_ROWS = 1_000


def query_string(request: Json) -> str:
    text = typed(request, "QueryString", str)
    violations = Violations()
    violations.length(text, "queryString")
    violations.check()
    return str(text)


def query(service: Service, _context: Context, request: Json) -> Json:
    text = query_string(request)
    most = typed(request, "MaxRows", int)
    token = typed(request, "NextToken", str)
    if most is not None:
        violations = Violations()
        violations.between(most, "maxRows", least=1, most=MOST_ROWS)
        violations.check()
    if token is not None:
        return service.pages.following(text, token, most)
    query_id = secrets.token_hex(24).upper()
    compiler = Compiler(service.catalog, service.clock())
    known = service.known_queries.find(text, compiler)
    if known is not None:
        result = execution.run(service.storage, known)
    elif isinstance(statement := parse(text), Unload):
        result = unload(
            service.storage,
            compiler.selection(statement.query),
            UnloadOptions.of(statement),
            query_id=query_id,
            s3_endpoint=service.s3_endpoint,
        )
    else:
        made = compiler.selection(statement) if isinstance(statement, Selection) else compiler.show(statement)
        if isinstance(statement, Selection):
            service.known_queries.keep(text, made, compiler)
        result = execution.run(service.storage, made)
    return service.pages.first(query_id, text, result, most)


def prepare_query(service: Service, _context: Context, request: Json) -> Json:
    """Check a query without running it; only ValidateOnly=true exists (API reference of PrepareQuery)."""
    text = query_string(request)
    if typed(request, "ValidateOnly", bool) is not True:
        raise ValidationError("ValidateOnly must be true: prepared queries cannot be stored.")
    statement = parse(text)
    if not isinstance(statement, Selection):
        raise ValidationError("Only SELECT statements can be prepared.")
    prepared = Compiler(service.catalog, service.clock()).selection(statement)
    kinds = execution.schema(service.storage, prepared).types
    columns = [{"Name": name, "Type": type_of(kind)} for name, kind in zip(prepared.names, kinds, strict=True)]
    return {"QueryString": text, "Columns": columns, "Parameters": []}


def cancel_query(service: Service, _context: Context, request: Json) -> Json:
    name = typed(request, "QueryId", str)
    violations = Violations()
    violations.length(name, "queryId", most=64)
    violations.check()
    if not service.pages.cancel(name):
        return {"CancellationMessage": f"The query {name} is not running."}
    return {"CancellationMessage": f"Query {name} has been cancelled."}
