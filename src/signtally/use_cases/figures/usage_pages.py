"""A period's totals without its users, and its users a page at a time: what is asked for is what is read."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.aggregation import TenantDay
from signtally.domain.document_rows import USER_NAMES
from signtally.domain.periods import Period, PeriodKind
from signtally.domain.snapshot import DayUsage, UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile
from signtally.domain.time_units import ONE_DAY
from signtally.domain.user_counts import USER_COUNTS, UserSelection, page_of
from signtally.ports.document_store import TenantSpan
from signtally.services import Services
from signtally.threads import ContextThreads
from signtally.use_cases.figures.reading import provisional_days, read_period_rows, read_usage
from signtally.use_cases.figures.spans import ReportSpans, same_time_yesterday
from signtally.use_cases.figures.trends import day_totals
from signtally.use_cases.figures.usage_rows import count_day, unread_days

_QUERIES_BESIDE = 4
_NAMES = ("user_name", "user_email")


@dataclasses.dataclass(frozen=True, slots=True)
class UserPage:
    """Users in order of their ids; *after* is where the next page begins, None on the last one."""

    users: tuple[UserUsage, ...]
    after: str | None


def read_totals(
    tenant: TenantProfile, period: Period, *, services: Services, user_ids: Sequence[str] | None = None
) -> UsageSnapshot:
    """What `read_usage` answers, but for its users, and for how long before both periods there have been figures.

    Raises FuturePeriodError or a ServiceError.
    """
    now = services.clock()
    today = tenant.today(now)
    clipped = period.clip(today)
    previous, until = clipped.compared_with(today=today), same_time_yesterday(tenant, clipped, now=now)
    # Before the figures: what is written between the two reads may only make them fresher than they say.
    data_through = services.stores.watermarks.data_through()
    last = clipped.last if clipped.last < today else today + ONE_DAY  # where a tenant moves, a day may be tomorrow's
    whole = Period(PeriodKind.RANGE, previous.first, last)
    with ContextThreads(_QUERIES_BESIDE) as pool:
        spoken_of = Period(PeriodKind.RANGE, previous.first, clipped.last)
        provisional = pool.submit(provisional_days, tenant, spoken_of, services=services)
        live = pool.submit(_count, tenant, today, user_ids=user_ids, services=services) if last > today else None
        cut = until and pool.submit(_count, tenant, previous.last, until=until, user_ids=user_ids, services=services)
        totals = day_totals(tenant, whole, services=services, user_ids=user_ids)
    counted = {day: Counts(*figures) for day, *figures in totals.select("day", *MEASURES).iter_rows()}
    if live is not None:
        counted[today] = live.result()
    is_moving = not totals.filter(pl.any_horizontal(pl.col("first_zone", "last_zone") != tenant.timezone)).is_empty()
    days = tuple(DayUsage(day, counted.get(day, Counts())) for day in clipped.days())
    with_figures = [day for day, counts in counted.items() if any(counts.as_tuple()) and day <= clipped.last]
    return UsageSnapshot(
        tenant=tenant,
        period=clipped,
        previous=previous,
        previous_until=until,
        taken_at=now,
        data_through=data_through,
        totals=Counts.total(day.counts for day in days),
        previous_totals=cut.result() if cut else _sum(counted, previous),
        days=days,
        users=(),
        user_ids=None if user_ids is None else tuple(user_ids),
        provisional_days=tuple(clipped.days()) if is_moving else provisional.result(),
        first_data_day=_first_data_day(tenant, with_figures, since=previous.first, services=services),
    )


def read_user_page(  # noqa: PLR0913 -- by name, and each narrows the page
    tenant: TenantProfile,
    period: Period,
    *,
    services: Services,
    after: str | None,
    limit: int,
    user_ids: tuple[str, ...] | None = None,
) -> UserPage:
    """The first *limit* users behind the id *after*; a page without some of them where days were restated to zero.

    *user_ids* narrows it to these users. While rows of the period were written and cannot be read yet, the whole
    period is read. Raises FuturePeriodError or a ServiceError.
    """
    spans = ReportSpans.of(tenant, period, now=services.clock())
    clipped = spans.period
    if unread_days(tenant, clipped, services=services):
        return _page_of_all(tenant, clipped, services=services, page=UserSelection(after, limit, user_ids))
    found = read_user_rows(tenant, clipped, services=services, page=UserSelection(after, limit + 1, user_ids))
    shown = found.head(limit)
    users = shown.filter(pl.any_horizontal(pl.col(MEASURES) != 0))
    users = _named_as_in_report(users, spans, user_ids=user_ids, services=services)
    rows = (UserUsage(user_id, name, email, Counts(*figures)) for user_id, *figures, name, email in users.iter_rows())
    return UserPage(tuple(rows), shown["user_id"][-1] if len(found) > limit else None)


def _named_as_in_report(
    users: pl.DataFrame, spans: ReportSpans, *, user_ids: tuple[str, ...] | None, services: Services
) -> pl.DataFrame:
    """Who has no name or no address in the period is called as in the days before it that a report reads too."""
    lacking = tuple(users.filter(pl.any_horizontal(pl.col(*_NAMES).is_null()))["user_id"])
    known = names_in_report(spans, of=lacking, user_ids=user_ids, services=services)
    both = users.join(known, on="user_id", how="left", suffix="_known", maintain_order="left")
    return both.with_columns(pl.coalesce(name, f"{name}_known") for name in _NAMES).select(users.columns)


def names_in_report(
    spans: ReportSpans, *, of: tuple[str, ...], user_ids: tuple[str, ...] | None, services: Services
) -> pl.DataFrame:
    """Schema USER_NAMES: what a report about *user_ids* (None: all) calls these users, from the same days."""
    if not of:
        return USER_NAMES.to_frame()
    tenant = spans.tenant
    with_allowance = user_ids is None and tenant.allowance.documents_per_month is not None
    days = Period(PeriodKind.RANGE, spans.first_day(with_allowance=with_allowance), spans.period.last)
    if unread_days(tenant, days, services=services):
        return read_period_rows(tenant, spans.period, services=services, user_ids=user_ids).names
    return read_user_rows(tenant, days, services=services, page=UserSelection(user_ids=of)).select([*USER_NAMES])


def read_user_rows(tenant: TenantProfile, days: Period, *, services: Services, page: UserSelection) -> pl.DataFrame:
    """Schema USER_COUNTS: what the users of a page did on *days*, today at the latest, with the latest names of then.

    Users whose days were all restated to zero come too; rows that cannot be read yet do not count. Raises a
    ServiceError.
    """
    today = tenant.today(services.clock())
    closed_last = min(days.last, today - ONE_DAY)
    pages = [USER_COUNTS.to_frame()]
    with ContextThreads(1) as beside:
        is_live = days.last >= today
        live = beside.submit(_live_page, tenant, today, page=page, services=services) if is_live else None
        if days.first <= closed_last:
            span = {"first": days.first, "last": closed_last}
            pages.append(services.usage_store.user_usage(tenant.tenant_id, **span, page=page))
        if live is not None:
            pages.append(live.result())
    latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
    merged = pl.concat(pages).group_by("user_id", maintain_order=True).agg(pl.col(MEASURES).sum(), *latest)
    return page_of(merged.match_to_schema(USER_COUNTS), page)


def _page_of_all(tenant: TenantProfile, period: Period, *, services: Services, page: UserSelection) -> UserPage:
    whole = read_usage(tenant, period, services=services, user_ids=page.user_ids)
    everybody = sorted(whole.users, key=lambda user: user.user_id)
    behind = [user for user in everybody if page.after is None or user.user_id > page.after]
    shown = behind[: page.limit]
    return UserPage(tuple(shown), shown[-1].user_id if len(behind) > len(shown) else None)


def _live_page(tenant: TenantProfile, day: dt.date, *, page: UserSelection, services: Services) -> pl.DataFrame:
    span = _plain_span(tenant, day, until=None, services=services)
    if span is None:
        return page_of(count_day(tenant, day, services=services).select([*USER_COUNTS]), page)
    return services.usage_store.user_counts(span, page=page)


def _count(
    tenant: TenantProfile,
    day: dt.date,
    *,
    user_ids: Sequence[str] | None,
    services: Services,
    until: dt.datetime | None = None,
) -> Counts:
    span = _plain_span(tenant, day, until=until, services=services)
    if span is None:
        rows = count_day(tenant, day, services=services, until=until)
        wanted = rows if user_ids is None else rows.filter(pl.col("user_id").is_in(list(user_ids)))
        return Counts(*wanted.select(pl.col(MEASURES).sum()).row(0))
    return services.usage_store.event_counts(span, user_ids=user_ids)


def _plain_span(
    tenant: TenantProfile, day: dt.date, *, until: dt.datetime | None, services: Services
) -> TenantSpan | None:
    """When the day lasts, up to *until*; None where the store cannot count it: see `count_day`."""
    counted_day = TenantDay(tenant.tenant_id, day, tenant.timezone)
    since, ends = counted_day.begins, min(until or counted_day.ends, counted_day.ends)
    superseded = services.usage_store.superseded(since=since, until=ends, tenant_ids=[tenant.tenant_id])
    return TenantSpan(tenant.tenant_id, since, ends) if superseded.is_empty() and len(counted_day.spans) == 1 else None


def _first_data_day(
    tenant: TenantProfile, with_figures: Sequence[dt.date], *, since: dt.date, services: Services
) -> dt.date | None:
    """The first day with figures; *since* itself if it is among those *with_figures*, whatever there was before."""
    if since in with_figures:
        return since
    began = services.usage_store.first_usage_day(tenant.tenant_id)
    return min([day for day in (began, *with_figures) if day is not None], default=None)


def _sum(counted: dict[dt.date, Counts], period: Period) -> Counts:
    return Counts.total([Counts(), *(counts for day, counts in counted.items() if period.first <= day <= period.last)])
