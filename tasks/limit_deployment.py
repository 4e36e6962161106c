"""Prefect's global concurrency limits as the settings want them, made, changed and deleted; any number of times."""

import dataclasses

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.exceptions import ObjectNotFound

from signtally.ports.limits import Limited
from signtally.settings import Settings
from tasks.shared_limits import NAME, block_of


@dataclasses.dataclass(frozen=True, slots=True)
class WantedLimit:
    """*slots* at once, of which *decay* a second are free again by themselves."""

    slots: int
    decay: float = 0.0


def wanted_limits(settings: Settings) -> dict[Limited, WantedLimit]:
    """Those that a setting names; 0 means any number."""
    rate = settings.mails_per_second
    found = {
        Limited.QUERIES: WantedLimit(settings.timestream_queries),
        Limited.UNLOADS: WantedLimit(settings.timestream_unloads),
        Limited.MAILS: WantedLimit(block_of(rate) if rate else 0, rate),
    }
    return {work: limit for work, limit in found.items() if limit.slots}


def deploy_limits(settings: Settings) -> list[str]:
    """Make them so; what was done, a line each. One that an operator has switched off stays off."""
    wanted = wanted_limits(settings)
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
