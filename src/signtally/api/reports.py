"""`/v1/reports`: order a report, read its status, list reports and versions."""

import dataclasses
import datetime as dt
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from signtally.api.audit_recording import Audit
from signtally.api.auth import Caller, CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import CurrentTenant, ServicesDep
from signtally.api.cursors import Cursor, cursor_after, position_of
from signtally.api.documents import OrderedReport, Report, ReportFilters, ReportPage
from signtally.api.examples import ORDER
from signtally.api.idempotency import IdempotencyKey, OrderKey
from signtally.api.periods import FirstDay, LastDay, PeriodName, named_period
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.api.rates import count_order
from signtally.api.report_documents import Answers, ReportAnswers, Urls, links_of
from signtally.domain.audit import AuditAction
from signtally.domain.batches import batched
from signtally.domain.locale_names import LanguageTag
from signtally.domain.periods import parse_period
from signtally.domain.reports import FORMATS, ReportFormat, ReportKey, ReportRequest, ReportStatus
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from signtally.stores.report_index import ENTRY, IndexEntry
from signtally.stores.report_states import ReportMissingError, ReportState, missing_version
from signtally.stores.reports import Reports
from signtally.threads import ContextThreads
from signtally.use_cases.ordering import request_report

if TYPE_CHECKING:
    from signtally.shared_calls import SharedCalls

router = APIRouter(prefix="/reports", tags=["reports"])
_READERS = 8  # a report's state is a few small reads from the bucket
_DEFAULT_REPORTS, _MOST_REPORTS = 20, 100
_VERSION = re.compile(r"[1-9]\d{0,8}", re.ASCII)
Item = TypeVar("Item")
Answer = TypeVar("Answer")

ReportId = Annotated[str, Path(max_length=64, description="As `POST /v1/reports` answered it")]


_TEXT: JsonValue = {"type": "string"}
_NOTHING: JsonValue = {"type": "null"}
_EITHER_PERIOD_OR_DAYS: list[JsonValue] = [
    {"required": ["period"], "properties": {"period": _TEXT, "from": _NOTHING, "to": _NOTHING}},
    {"required": ["from", "to"], "properties": {"period": _NOTHING, "from": _TEXT, "to": _TEXT}},
]


@dataclasses.dataclass(frozen=True, slots=True)
class _Found:
    position: str  # in the listing
    state: ReportState


class ReportOrder(BaseModel):
    """What the report covers: a `period`, or `from` and `to`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ORDER], "anyOf": _EITHER_PERIOD_OR_DAYS})

    period: PeriodName = None
    first: FirstDay = Field(default=None, alias="from")
    last: LastDay = Field(default=None, alias="to")
    formats: Annotated[list[ReportFormat], Field(min_length=1, max_length=10)] = list(FORMATS)
    filters: ReportFilters | None = None
    locale: LanguageTag | None = Field(
        default=None,
        description="BCP 47: the language of its files; null: the tenant's. One that is not supported counts as `en`",
    )

    def canonical(self, caller: Caller) -> "ReportOrder":
        """The same order in one form, whatever order, repetition or default it was written with."""
        filters, own = self.filters or ReportFilters(), caller.visible_user_ids
        user_ids = None if filters.user_ids is None else sorted(set(filters.user_ids))
        chosen = filters.model_copy(update={"user_ids": user_ids if own is None else [*own]})
        fields: dict[str, object] = {
            "formats": [name for name in FORMATS if name in self.formats],
            "filters": None if chosen == ReportFilters() else chosen,
        }
        if self.period is not None and "_" in self.period:
            days = parse_period(self.period)
            fields |= {"period": None, "first": days.first, "last": days.last}
        return self.model_copy(update=fields)


class VersionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Annotated[int | None, Field(ge=1, le=10**9, description="The newest unless given")] = None


class UrlsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    urls: Urls = True


class ReportQuery(VersionQuery, UrlsQuery):
    """Which version, and whether with signed URLs."""


class ReportsQuery(UrlsQuery):
    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=_MOST_REPORTS)] = _DEFAULT_REPORTS


@router.post(
    "",
    status_code=202,
    summary="Order a report",
    dependencies=[Depends(count_order), limit_concurrency("orders")],
    response_model=None,
    responses={
        200: {"model": Report, "description": "This report exists already, with current figures"},
        202: {"model": OrderedReport, "description": "It is being made"},
        **problem_responses(
            ProblemKind.FORBIDDEN,
            ProblemKind.BAD_PERIOD,
            ProblemKind.FUTURE_PERIOD,
            ProblemKind.UNSUPPORTED_MEDIA_TYPE,
            ProblemKind.INVALID,
            ProblemKind.KEY_REUSED,
            ProblemKind.NO_REPORT_QUEUE,
        ),
    },
)
def order_report(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    order: ReportOrder,
    http: Request,
    caller: CurrentUser,
    tenant: CurrentTenant,
    services: ServicesDep,
    audit: Audit,
    answers: Answers,
    query: Annotated[UrlsQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Ask for the files of a period; all formats unless some are named.

    Asking twice for the same makes one report: while its figures stand, the answer is 200 with the files. `filters`
    narrows it to some users, chooses the basis, and whether the PDF prints every user; a member's report is always
    narrowed to themselves. In another `locale` it is another report, as a schedule with that `locale` makes it.
    """
    request = _request(order, caller=caller, tenant=tenant, services=services)
    key = OrderKey(idempotency_key, order.canonical(caller), caller=caller, services=services)
    state = key.earlier()
    if state is None:
        shared: SharedCalls[ReportState] = http.app.state.shared_orders
        order_it = functools.partial(request_report, request, tenant=tenant, services=services)
        state = shared.call(request, lambda: order_it(requested_by=caller.user_id))
        key.keep(state)
    about = {"period": request.period.name, "formats": ", ".join(request.formats)}
    audit.record(caller, AuditAction.REPORT_ORDERED, subject=request.report_id, **about)
    links = links_of(request, http)
    if state.status is ReportStatus.READY:
        found = answers.document(state, urls=query.urls)
        return JSONResponse(found.model_dump(mode="json"), headers={"Location": links.this})
    status = "running" if state.status is ReportStatus.RUNNING else "pending"
    ordered = OrderedReport(report_id=request.report_id, status=status, links=links)
    return JSONResponse(ordered.model_dump(mode="json"), status_code=202, headers={"Location": links.this})


@router.get(
    "",
    summary="Reports, the latest ordered first",
    dependencies=[limit_concurrency("others")],
    responses=problem_responses(ProblemKind.BAD_CURSOR),
)
def reports(
    query: Annotated[ReportsQuery, Query()], caller: CurrentUser, services: ServicesDep, answers: Answers
) -> ReportPage:
    """Each report once, in its newest version."""
    archive, now = services.stores.reports, services.clock()
    position = position_of(query.cursor, listing="reports", form=ENTRY)
    entries = archive.requested(caller.tenant_id, after=position, user_ids=caller.visible_user_ids)
    newest = functools.partial(_newest, archive=archive, caller=caller, now=now)
    wanted = query.limit + 1  # one more than asked for tells whether there is a next page
    shown = filter(None, _read(entries, newest, at_once=wanted))
    found = list(itertools.islice(shown, wanted))
    page = found[: query.limit]
    return ReportPage(
        rows=documents_of([one.state for one in page], answers, urls=query.urls),
        next_cursor=cursor_after("reports", page[-1].position) if len(found) > len(page) else None,
    )


@router.get(
    "/{report_id}",
    summary="Where a report stands",
    dependencies=[limit_concurrency("others")],
    responses=problem_responses(ProblemKind.NOT_FOUND),
)
def report(
    report_id: ReportId,
    query: Annotated[ReportQuery, Query()],
    caller: CurrentUser,
    services: ServicesDep,
    answers: Answers,
) -> Report:
    """Its newest version, or the one asked for; `files` have fresh signed URLs at every call."""
    archive, now = services.stores.reports, services.clock()
    if query.version is None:
        state = archive.latest(caller.tenant_id, report_id, now=now)
    else:
        state = archive.state(ReportKey(caller.tenant_id, report_id, query.version), now=now)
    return answers.document(only_visible(state, caller, version=query.version), urls=query.urls)


@router.get(
    "/{report_id}/versions",
    summary="Versions of a report, the newest first",
    dependencies=[limit_concurrency("others")],
    responses=problem_responses(ProblemKind.NOT_FOUND, ProblemKind.BAD_CURSOR),
)
def versions(
    report_id: ReportId,
    query: Annotated[ReportsQuery, Query()],
    caller: CurrentUser,
    services: ServicesDep,
    answers: Answers,
) -> ReportPage:
    """A version never changes; figures that were restated since make the next one."""
    archive, now = services.stores.reports, services.clock()
    only_visible(archive.latest(caller.tenant_id, report_id, now=now), caller)
    listing = f"versions/{report_id}"
    position = position_of(query.cursor, listing=listing, form=_VERSION)
    numbers = [
        number
        for number in reversed(archive.versions(caller.tenant_id, report_id))
        if position is None or number < int(position)
    ]
    page = numbers[: query.limit]
    states = archive.states(caller.tenant_id, report_id, page, now=now)
    return ReportPage(
        rows=documents_of(states, answers, urls=query.urls),
        next_cursor=cursor_after(listing, str(page[-1])) if len(numbers) > len(page) else None,
    )


def only_visible(state: ReportState, caller: Caller, *, version: int | None = None) -> ReportState:
    """Raises ReportMissingError when a member asks for a report about others: to them it does not exist.

    In the words for one that does not; *version* is the one that they asked for.
    """
    own, key = caller.visible_user_ids, state.claim.key
    if own is not None and state.claim.request.user_ids != own:
        raise ReportMissingError(f"no report {key.report_id}") if version is None else missing_version(key)
    return state


def _request(order: ReportOrder, *, caller: Caller, tenant: TenantProfile, services: Services) -> ReportRequest:
    period = named_period(order.period, first=order.first, last=order.last, tenant=tenant, services=services)
    if period is None:
        raise ProblemError(ProblemKind.BAD_PERIOD, "Write a `period` such as 2026-10, or `from` and `to`.")
    filters = order.filters or ReportFilters()
    wanted = None if filters.user_ids is None else tuple(sorted(set(filters.user_ids)))
    own = caller.visible_user_ids
    if own is not None and wanted not in {None, own}:
        raise ProblemError(ProblemKind.FORBIDDEN, "A member may only order a report about themselves.")
    formats = tuple(name for name in FORMATS if name in order.formats)
    return ReportRequest(
        tenant.tenant_id, period, formats, own or wanted, filters.basis, filters.all_users, locale=order.locale
    )


def documents_of(states: Sequence[ReportState], answers: ReportAnswers, *, urls: bool) -> list[Report]:
    """Signing a URL asks the bucket whether the file is there still: several reports at a time."""
    shown = functools.partial(answers.document, urls=urls)
    return list(_read(states, shown, at_once=max(1, len(states))))


def _newest(entry: IndexEntry, archive: Reports, *, caller: Caller, now: dt.datetime) -> _Found | None:
    state = archive.newest_of(entry, now=now)
    try:
        return None if state is None else _Found(entry.position, only_visible(state, caller))
    except ReportMissingError:
        return None


def _read(items: Iterable[Item], read: Callable[[Item], Answer], *, at_once: int) -> Iterator[Answer]:
    """Read *at_once* items at a time on several threads; yields in order, and reads no further than is asked for."""
    with ContextThreads(_READERS) as pool:
        for many in batched(items, at_once):
            yield from pool.map(read, many)
