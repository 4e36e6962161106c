"""The API as an AWS Lambda function behind an HTTP API: the handler is `signtally.api.function.handler`."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from mangum import Mangum
from mangum.types import LambdaContext, LambdaEvent

from signtally import wiring
from signtally.api.app import create_app

Handler = Callable[[LambdaEvent, LambdaContext], dict[str, Any]]


def handler_of(app: FastAPI) -> Handler:
    """What Lambda calls with an event of an HTTP API (payload format 2.0): the same routes, problems and headers.

    Answers go out whole at their end, so `GET /v1/reports/{report_id}/events` is no help there: poll the report.
    """

    def answered(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
        with asyncio.Runner() as runner:  # the adapter wants the thread's event loop, and there need not be one
            asyncio.set_event_loop(runner.get_loop())
            answer: dict[str, Any] = Mangum(app, lifespan="off")(event, context)
            return answer

    return answered


@functools.cache
def _handler() -> Handler:
    """Built by the first event and kept: a start of Lambda pays for it once."""
    services = wiring.services(timeouts=wiring.INTERACTIVE_TIMEOUTS)
    return handler_of(create_app(services, loopback_only=wiring.only_loopback_endpoints()))


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer one request. Tokens are checked here too, though the HTTP API's authorizer has done so before."""
    return _handler()(event, context)
