"""The API as an AWS Lambda function behind an HTTP API: the handler is `signtally.api.function.handler`."""

import asyncio
import functools
import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from mangum import Mangum
from mangum.types import LambdaContext, LambdaEvent

from signtally import wiring
from signtally.api.app import create_app
from signtally.log_fields import log_fields
from signtally.logs import configure_logs
from signtally.measurements import REGISTRY
from signtally.metric_lines import EMF, MetricLines

_TELL_SECONDS = 10  # between two calls Lambda lets the process stand still: it tells when it is called

Handler = Callable[[LambdaEvent, LambdaContext], dict[str, Any]]


def handler_of(app: FastAPI) -> Handler:
    """What Lambda calls with an event of an HTTP API (payload format 2.0): the same routes, problems and headers.

    Each log line has Lambda's own id of the call as `aws_request_id`. Answers go out whole at their end, so
    `GET /v1/reports/{report_id}/events` is no help there: poll the report.
    """
    told = app.state.services.settings.metrics_format == EMF
    lines = MetricLines(REGISTRY, app.state.metrics.registry) if told else None

    def answered(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
        call = getattr(context, "aws_request_id", "")
        with (
            log_fields(aws_request_id=call),
            asyncio.Runner() as runner,
        ):  # the adapter wants the thread's event loop, and there need not be one
            asyncio.set_event_loop(runner.get_loop())
            answer: dict[str, Any] = Mangum(app, lifespan="off")(event, context)
        if lines is not None:
            lines.tell_after(_TELL_SECONDS)
        return answer

    return answered


def log_as_json() -> None:
    """Have every line be a JSON object on stderr, which goes to CloudWatch, and be there once."""
    logging.root.handlers.clear()  # what Lambda's runtime has put there writes each line a second time, as text
    configure_logs()


@functools.cache
def _handler() -> Handler:
    """Built by the first event and kept: a start of Lambda pays for it once."""
    log_as_json()
    services = wiring.services(timeouts=wiring.INTERACTIVE_TIMEOUTS)
    return handler_of(create_app(services, loopback_only=wiring.only_loopback_endpoints()))


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer one request. Tokens are checked here too, though the HTTP API's authorizer has done so before."""
    return _handler()(event, context)
