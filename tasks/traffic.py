"""Sending sample traffic, as a task; not in the production wheel."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import EmitOutcome, emit
from tasks.services import services


@task(cache_policy=NO_CACHE)
def send_traffic(plan: TrafficPlan, expect: Path | None) -> EmitOutcome:
    return emit(plan, services=services(), expect=expect)
