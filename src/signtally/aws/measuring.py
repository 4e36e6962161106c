"""How long AWS's clients wait for answers, and which errors they get."""

import time
from typing import Any

from signtally.measurements import AWS_ERRORS, AWS_SECONDS

_BEGAN = "signtally_began"
_FIRST_ERROR = 300


def measure(client: Any) -> None:  # noqa: ANN401 -- boto3's own
    """Observe each of a client's requests from now on, by its service and operation."""
    service = client.meta.service_model.service_name

    def begin(context: dict[str, Any], **_: object) -> None:
        context[_BEGAN] = time.perf_counter()  # and nothing is returned: botocore would take it for the answer

    def end(model: Any, context: dict[str, Any]) -> None:  # noqa: ANN401 -- botocore's own
        AWS_SECONDS.labels(service, model.name).observe(time.perf_counter() - context.get(_BEGAN, time.perf_counter()))

    def answered(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:  # noqa: ANN401
        end(model, context)
        if http_response.status_code >= _FIRST_ERROR:
            AWS_ERRORS.labels(service, model.name, str(parsed.get("Error", {}).get("Code", "unknown"))).inc()

    def failed(exception: Exception, context: dict[str, Any], **rest: Any) -> None:  # noqa: ANN401
        operation = rest.get("event_name", "").rpartition(".")[2]
        AWS_ERRORS.labels(service, operation, type(exception).__name__).inc()
        del context

    client.meta.events.register("before-call", begin)
    client.meta.events.register("after-call", answered)
    client.meta.events.register("after-call-error", failed)
