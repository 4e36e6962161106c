"""What tenants' schedules ask for, as tasks: who has something due, and a batch of tenants' own; and one by hand."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from signtally.use_cases.delivering import (
    DigestsOutcome,
    SchedulesOutcome,
    SentByHand,
    digesting,
    named_occurrence,
    scheduling,
    sending_by_hand,
)
from tasks.run_names import tenants_of_batch
from tasks.service_tasks import service_task
from tasks.services import services


@service_task()
def find_due_reports() -> list[str]:
    return scheduling.tenants_with_due_reports(services=services())


@service_task(run_name=tenants_of_batch)
def make_due_reports(tenant_ids: list[str]) -> SchedulesOutcome:
    return scheduling.run_schedules(tenant_ids=tenant_ids, services=services())


@service_task()
def record_made_reports(done: dict[str, str]) -> None:
    scheduling.record_schedules(done, services=services())


@service_task()
def find_due_digests() -> list[str]:
    return digesting.tenants_with_due_digests(services=services())


@service_task(run_name=tenants_of_batch)
def send_due_digests(tenant_ids: list[str]) -> DigestsOutcome:
    return digesting.run_digests(tenant_ids=tenant_ids, services=services())


@service_task()
def send_deferred_digests() -> DigestsOutcome:
    return digesting.send_deferred(services=services())


@service_task()
def record_sent_digests(done: dict[str, str]) -> None:
    digesting.record_digests(done, services=services())


# Without retries: a second attempt would send again to whoever the first one has reached.
@task(cache_policy=NO_CACHE)
def send_digest(tenant_id: str, schedule: str, period: str | None, *, again: bool) -> SentByHand:
    occurrence = named_occurrence(tenant_id, schedule, period=period, services=services())
    return sending_by_hand.send_now(
        occurrence, services=services(), requested_by="operator", again=again, makes_report=True
    )
