"""Prefect's global concurrency limits as the settings want them, made, changed and deleted; any number of times."""

import dataclasses
import math
from collections.abc import Callable

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.exceptions import ObjectNotFound

from signtally.ports.limits import Limited
from signtally.settings import Settings
from tasks.shared_limits import NAME

_USUAL_MAILS_PER_SECOND = 14.0  # what SES allows an account that has left its sandbox; few SMTP servers mind it


@dataclasses.dataclass(frozen=True, slots=True)
class WantedLimit:
    """*slots* at once, of which *decay* a second are free again by themselves."""

    slots: int
    decay: float = 0.0


def wanted_limits(settings: Settings, *, mail_rate: Callable[[], float | None]) -> dict[Limited, WantedLimit]:
    """Those that the settings ask for; 0 means any number. *mail_rate* is asked when they leave that rate open."""
    rate = settings.mails_per_second
    if rate == "auto":
        rate = mail_rate() or _USUAL_MAILS_PER_SECOND
    found = {
        Limited.QUERIES: WantedLimit(settings.timestream_queries),
        Limited.UNLOADS: WantedLimit(settings.timestream_unloads),
        # A quarter of a second's worth at a time: few enough to be no burst, enough for four questions a second.
        Limited.MAILS: WantedLimit(math.ceil(rate / 4), rate),
    }
    return {work: limit for work, limit in found.items() if limit.slots}


def deploy_limits(settings: Settings, *, mail_rate: Callable[[], float | None]) -> list[str]:
    """Make them so; what was done, a line each. One that an operator has switched off stays off."""
    wanted = wanted_limits(settings, mail_rate=mail_rate)
    with get_client(sync_client=True) as client:
        return [f"limit {NAME.format(work)}: {_apply(client, work, wanted.get(work))}" for work in Limited]


def _apply(client: SyncPrefectClient, work: Limited, wanted: WantedLimit | None) -> str:
    name, standing = NAME.format(work), _standing(client, work)
    if wanted is None:
        if standing is None:
            return "none"
        client.delete_global_concurrency_limit_by_name(name)
        return "deleted"
    if standing is None:
        client.create_global_concurrency_limit(
            GlobalConcurrencyLimitCreate(name=name, limit=wanted.slots, slot_decay_per_second=wanted.decay)
        )
        return "made"
    if WantedLimit(standing.limit, standing.slot_decay_per_second) == wanted:
        return "unchanged"
    client.update_global_concurrency_limit(
        name, GlobalConcurrencyLimitUpdate(limit=wanted.slots, slot_decay_per_second=wanted.decay)
    )
    return "changed"


def _standing(client: SyncPrefectClient, work: Limited) -> GlobalConcurrencyLimitResponse | None:
    try:
        return client.read_global_concurrency_limit_by_name(NAME.format(work))
    except ObjectNotFound:
        return None
