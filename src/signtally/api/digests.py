"""`/v1/schedules/{name}/…`: a schedule's emails by hand, and what became of them."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.audit_recording import Audit
from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import Cursor, cursor_after, position_of
from signtally.api.digest_documents import (
    DeliveryDocument,
    DeliveryPage,
    DigestOrder,
    DigestPreview,
    PassedOverDocument,
    SentDigest,
)
from signtally.api.idempotency import RequestKey, SendingKey
from signtally.api.periods import PeriodName, named_period
from signtally.api.problems import InvalidPart, ProblemKind, invalid, problem_responses
from signtally.api.schedules import NameInPath, found_schedule
from signtally.domain.audit import AuditAction
from signtally.domain.batches import batched
from signtally.domain.destinations import Destination
from signtally.domain.given_names import name_key
from signtally.domain.schedule_terms import Schedule
from signtally.use_cases.delivering import (
    condition_outcome,
    deliveries_of,
    occurrence_by_hand,
    passed_over,
    sending_by_hand,
)
from signtally.use_cases.delivering.listing import POSITION

router = APIRouter(
    prefix="/schedules/{name}",
    tags=["schedules"],
    responses=problem_responses(ProblemKind.FORBIDDEN, ProblemKind.NOT_FOUND),
)
_MAIL_TIMEOUT = dt.timedelta(seconds=20)  # with mail servers, which may be silent for ten minutes
_DEFAULT_DELIVERIES, _MOST_DELIVERIES = 100, 500


class PreviewQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    period: PeriodName = None


class DeliveriesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=_MOST_DELIVERIES)] = _DEFAULT_DELIVERIES


@router.get(
    "/preview",
    summary="The email, without sending it",
    responses=problem_responses(ProblemKind.BAD_PERIOD, ProblemKind.FUTURE_PERIOD),
    dependencies=[limit_concurrency("figures")],
)
def preview(
    name: NameInPath,
    query: Annotated[PreviewQuery, Query()],
    caller: Administrator,
    tenant: CurrentTenant,
    services: ServicesDep,
) -> DigestPreview:
    """As its first recipient would get it now, and whether the schedule would send it. Nothing is sent or stored."""
    del caller
    schedule = found_schedule(tenant, name)
    period = named_period(query.period, first=None, last=None, tenant=tenant, services=services)
    occurrence = occurrence_by_hand(tenant, schedule, period=period, now=services.clock())
    return DigestPreview.of(
        sending_by_hand.preview(occurrence, services=services),
        condition=condition_outcome(occurrence, services=services),
    )


@router.post(
    "/send-now",
    status_code=202,
    summary="Send the email of a period now",
    responses=problem_responses(
        ProblemKind.UNSUPPORTED_MEDIA_TYPE,
        ProblemKind.INVALID,
        ProblemKind.KEY_IN_USE,
        ProblemKind.KEY_REUSED,
        ProblemKind.BAD_PERIOD,
        ProblemKind.FUTURE_PERIOD,
        ProblemKind.NO_REPORT_QUEUE,
    ),
    dependencies=[limit_concurrency("orders")],
)
def send_now(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    name: NameInPath,
    caller: Administrator,
    tenant: CurrentTenant,
    services: ServicesDep,
    audit: Audit,
    order: DigestOrder | None = None,
    idempotency_key: SendingKey = None,
) -> SentDigest:
    """To the schedule's recipients and destinations who have not got it yet; or to those named, again if they have.

    Its report is ordered at the same time, so that the links work. What a mailbox
    does not take now is tried again. Who is not among the deliveries within 20 seconds is still being sent to.
    """
    asked = order or DigestOrder()
    about = f"send-now {name_key(name)} "
    key = RequestKey(idempotency_key, asked.canonical(), about=about, caller=caller, services=services)
    if (earlier := key.earlier()) is not None:
        return SentDigest.model_validate_json(earlier)
    schedule = found_schedule(tenant, name)
    recipients = asked.named
    for number, recipient in enumerate(recipients):
        services.schedule_limits.check_address(recipient.email, of=tenant, location=f"recipients.{number}")
    destinations = _destinations(asked, schedule)
    period = named_period(asked.period, first=None, last=None, tenant=tenant, services=services)
    occurrence = occurrence_by_hand(tenant, schedule, period=period, now=services.clock())
    with key.taken():
        sent = sending_by_hand.send_now(
            occurrence,
            services=services,
            requested_by=caller.user_id,
            recipients=recipients,
            destinations=destinations,
            again=bool(recipients or destinations),
            timeout=_MAIL_TIMEOUT,
        )
    audit.record(
        caller,
        AuditAction.DIGEST_SENT,
        subject=name,
        period=occurrence.period.name,
        recipients=", ".join([each.email for each in recipients] + [each.label for each in destinations]) or "all",
    )
    answer = SentDigest.of(sent)
    key.keep(answer.model_dump_json())
    return answer


def _destinations(asked: DigestOrder, schedule: Schedule) -> list[Destination]:
    """Those that are named. Raises ProblemError (422) for a name that the schedule does not have."""
    for number, reference in enumerate(asked.destinations):
        if not any(each.is_meant_by(reference) for each in schedule.destinations):
            location, detail = f"body.destinations.{number}", f"there is no destination {reference!r}"
            named = {"name": reference}
            raise invalid(InvalidPart(location=location, detail=detail, code="destination-unknown", values=named))
    return [each for each in schedule.destinations if any(map(each.is_meant_by, asked.destinations))]


@router.get(
    "/deliveries",
    summary="What became of each recipient's emails",
    responses=problem_responses(ProblemKind.BAD_CURSOR),
    dependencies=[limit_concurrency("others")],
)
def deliveries(
    name: NameInPath,
    query: Annotated[DeliveriesQuery, Query()],
    caller: Administrator,
    tenant: CurrentTenant,
    services: ServicesDep,
) -> DeliveryPage:
    """The newest period first; also those of a schedule that is deleted since, if a new one has its name."""
    found_schedule(tenant, name)
    listing = f"deliveries/{name}"
    after = position_of(query.cursor, listing=listing, form=POSITION)
    rows = deliveries_of(caller.tenant_id, name, services=services, after=after)
    found = next(batched(rows, query.limit + 1), [])
    page = found[: query.limit]
    passed = passed_over(caller.tenant_id, name, services=services, most=query.limit) if after is None else []
    return DeliveryPage(
        rows=[DeliveryDocument.of(row.delivery, key=row.key) for row in page],
        passed_over=[PassedOverDocument.of(each) for each in passed],
        next_cursor=cursor_after(listing, page[-1].position) if len(found) > len(page) else None,
    )
