"""How long AWS's clients wait for answers, and which errors they get; each call is a span of its trace."""

import time
from typing import Any

from signtally.measurements import AWS_ERRORS, AWS_SECONDS
from signtally.tracing import begin_call

_BEGAN, _CALL = "signtally_began", "signtally_call"
_FIRST_ERROR = 300


def measure(client: Any) -> None:  # noqa: ANN401 -- boto3's own
    """Observe each of a client's requests from now on, by its service and operation."""
    service = client.meta.service_model.service_name

    def begin(model: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401 -- botocore's own
        context[_CALL] = begin_call(f"{service} {model.name}")
        context[_BEGAN] = time.perf_counter()  # and nothing is returned: botocore would take it for the answer

    def end(model: Any, context: dict[str, Any]) -> None:  # noqa: ANN401 -- botocore's own
        AWS_SECONDS.labels(service, model.name).observe(time.perf_counter() - context.get(_BEGAN, time.perf_counter()))

    def end_call(context: dict[str, Any], error: str | None) -> None:
        if (ended := context.pop(_CALL, None)) is not None:
            ended(error)

    def answered(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        end(model, context)
        code = (
            str(parsed.get("Error", {}).get("Code", "unknown")) if http_response.status_code >= _FIRST_ERROR else None
        )
        if code is not None:
            AWS_ERRORS.labels(service, model.name, code).inc()
        end_call(context, code)

    def failed(exception: Exception, context: dict[str, Any], **rest: Any) -> None:  # noqa: ANN401
        operation = rest.get("event_name", "").rpartition(".")[2]
        AWS_ERRORS.labels(service, operation, type(exception).__name__).inc()
        end_call(context, type(exception).__name__)

    client.meta.events.register("before-call", begin)
    client.meta.events.register("after-call", answered)
    client.meta.events.register("after-call-error", failed)
