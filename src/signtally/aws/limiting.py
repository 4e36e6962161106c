"""Keeping a client's calls within a limit, wherever they are made."""

from typing import TYPE_CHECKING, Any

from signtally.ports.limits import Limited, Limits

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_SLOT = "signtally_slot"


def limit_queries(client: Any, limits: Limits) -> None:  # noqa: ANN401 -- boto3's own
    """Have each call of Query, its retries included, hold a slot."""

    def begin(context: dict[str, Any], **_: object) -> None:
        slot = limits.slot(Limited.QUERIES)
        slot.__enter__()
        context[_SLOT] = slot  # and nothing is returned: botocore would take it for the answer

    def end(context: dict[str, Any], **_: object) -> None:
        slot: AbstractContextManager[None] | None = context.pop(_SLOT, None)
        if slot is not None:
            slot.__exit__(None, None, None)

    client.meta.events.register("before-call.timestream-query.Query", begin)
    client.meta.events.register("after-call.timestream-query.Query", end)
    client.meta.events.register("after-call-error.timestream-query.Query", end)
