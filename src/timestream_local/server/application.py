"""The HTTP face: JSON 1.0 on ``POST /``, health and modes beside it."""

import asyncio
import logging
import uuid
from dataclasses import asdict
from typing import Any

import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from timestream_local.modes import Modes
from timestream_local.operations import write_records
from timestream_local.protocol.context import Context
from timestream_local.protocol.errors import (
    InternalServerError,
    SerializationError,
    ServiceError,
    ThrottlingError,
)
from timestream_local.server.dispatch import OPERATIONS, operation_named
from timestream_local.service import Service

Json = dict[str, Any]

CONTENT_TYPE = "application/x-amz-json-1.0"
LARGEST_BODY = 16 * 2**20
INLINE_BODY = 256 * 2**10  # a larger body is parsed beside the event loop, which would stand still for it

_log = logging.getLogger("timestream_local")


class RequestTooLargeError(ServiceError):
    """The body is larger than any valid request."""

    code = "RequestEntityTooLargeException"
    status = 413


def application(service: Service) -> Starlette:
    """Return the ASGI application over *service*."""
    app = Starlette(
        routes=[
            Route("/", _call, methods=["POST"]),
            Route("/_timestream_local/health", _health, methods=["GET"]),
            Route("/_timestream_local/modes", _modes, methods=["GET", "POST"]),
        ]
    )
    app.state.service = service
    return app


async def _health(request: Request) -> Response:
    service: Service = request.app.state.service
    return JSONResponse(
        {"status": "ok", "databases": len(service.catalog.databases), "tables": len(service.catalog.tables)}
    )


async def _modes(request: Request) -> Response:
    service: Service = request.app.state.service
    if request.method == "POST":
        try:
            service.modes = Modes.parse(decode(await read(request)), current=service.modes)
        except ServiceError as error:
            return JSONResponse(error.body(), status_code=error.status)
        service.throttle.arm(service.modes)
    return JSONResponse(asdict(service.modes))


async def _call(request: Request) -> Response:
    """Answer one operation. Whatever goes wrong is an error that SDKs know, and the server lives on."""
    try:
        answer, status = await _answer(request), 200
    except ServiceError as error:
        answer, status = error.body(), error.status
    except ClientDisconnect:
        return Response()  # nobody is there to read it
    except Exception as error:  # noqa: BLE001 - any failure is a documented answer
        _log.exception("%s failed", request.headers.get("x-amz-target"))
        failure = InternalServerError(f"Internal failure: {type(error).__name__}")
        answer, status = failure.body(), failure.status
    body = orjson.dumps(answer)
    headers = {"x-amzn-RequestId": uuid.uuid4().hex[:26].upper()}
    return Response(body, status_code=status, media_type=CONTENT_TYPE, headers=headers)


async def _answer(request: Request) -> Json:
    service: Service = request.app.state.service
    headers = request.headers
    name = operation_named(headers.get("x-amz-target", ""))
    body = await read(request)
    document = decode(body) if len(body) <= INLINE_BODY else await anyio.to_thread.run_sync(decode, body)
    if name != "DescribeEndpoints" and service.throttle.refuses(service.modes):
        raise ThrottlingError("Request rate limit exceeded")
    if name == "WriteRecords":
        batch, done = write_records.submit(service, document)
        await asyncio.wrap_future(done)
        return write_records.answer(batch)
    context = Context.of(
        authorization=headers.get("authorization", ""),
        host=headers.get("host", "localhost"),
        scheme=request.url.scheme,
    )
    return await anyio.to_thread.run_sync(OPERATIONS[name], service, context, document)


async def read(request: Request) -> bytes:
    """Return the body, or refuse it as soon as it is too large for any valid request."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise RequestTooLargeError(f"The request is larger than {LARGEST_BODY} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def decode(body: bytes) -> Json:
    """Return the JSON object in *body*; no body is an empty one."""
    try:
        document = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:  # half a surrogate pair and too deep a nesting are such errors too
        raise SerializationError(f"The body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise SerializationError("The body must be a JSON object.")
    return document
