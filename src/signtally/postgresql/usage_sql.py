"""SQL over daily usage and over events, without what documents are made of."""

import datetime as dt
from collections.abc import Sequence

from signtally.domain.actions import MEASURES, Action
from signtally.domain.schemas import AFTER, DAY_TOTALS, EVENT_DAYS, RESTATEMENTS, STORED_USAGE
from signtally.domain.user_counts import UserSelection
from signtally.ports.document_store import TenantSpan
from signtally.postgresql.literals import day_literal, instant_literal, list_literal, literal, texts

_ANY_FIGURES = " OR ".join(f"{measure} <> 0" for measure in MEASURES)
_VERSION_MODULUS = 1_000_000_007  # so that a sum of as many as a tenant may have stays a bigint


def within(since: dt.datetime, until: dt.datetime) -> str:
    return f"occurred_at >= {instant_literal(since)} AND occurred_at < {instant_literal(until)}"


def days(first: dt.date, last: dt.date) -> str:
    return f"day BETWEEN {day_literal(first)} AND {day_literal(last)}"


def select(table: str, columns: Sequence[str], where: str, *, tenant_ids: Sequence[str] | None = None) -> str:
    """Every tenant's with None."""
    return f"SELECT {', '.join(columns)} FROM {table} WHERE {where}{list_literal(tenant_ids, 'tenant_id')}"  # noqa: S608 -- names of ours and literals


def select_days_with_events(
    events: str, *, since: dt.datetime, until: dt.datetime, tenant_ids: Sequence[str] | None
) -> str:
    """Columns of schema EVENT_DAYS."""
    found = select(
        events, ["tenant_id", "(occurred_at AT TIME ZONE 'UTC')::date"], within(since, until), tenant_ids=tenant_ids
    )
    return f"SELECT DISTINCT * FROM ({found}) AS found ({', '.join(EVENT_DAYS)})"  # noqa: S608 -- as above


def select_day_totals(
    usage: str, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str], user_ids: Sequence[str] | None
) -> str:
    """Columns of schema DAY_TOTALS by tenant."""
    figures = [*sums(), *(f"{end}(timezone) FILTER (WHERE {_ANY_FIGURES})" for end in ("min", "max"))]
    named = [f"{figure} AS {name}" for figure, name in zip(figures, [*DAY_TOTALS][1:], strict=True)]
    where = days(first, last) + list_literal(user_ids, "user_id")
    return select(usage, ["tenant_id", "day", *named], where, tenant_ids=tenant_ids) + " GROUP BY tenant_id, day"


def select_user_usage(usage: str, tenant_id: str, *, first: dt.date, last: dt.date, page: UserSelection) -> str:
    """Columns of schema USER_COUNTS, of the users of a page, in order."""
    figures = [f"{figure} AS {name}" for figure, name in zip(sums(), MEASURES, strict=True)]
    return _user_page(usage, [*figures, *latest_names("day DESC")], days(first, last), tenant_id, page)


def select_user_counts(events: str, span: TenantSpan, *, page: UserSelection) -> str:
    """Columns of schema USER_COUNTS, of the users of a page, in order; an id stands once, so that each event counts."""
    names = latest_names("occurred_at DESC, received_at DESC, message_id DESC, action DESC")
    return _user_page(events, [*counts(), *names], within(span.since, span.until), span.tenant_id, page)


def select_event_counts(events: str, span: TenantSpan, *, user_ids: Sequence[str] | None) -> str:
    """Columns of schema COUNTS."""
    where = within(span.since, span.until) + list_literal(user_ids, "user_id")
    return select(events, counts(), where, tenant_ids=[span.tenant_id])


def select_first_usage_days(usage: str, tenant_ids: Sequence[str]) -> str:
    """Columns of schema TENANT_DAYS: of each, by the index, the first day that has figures."""
    return (
        f"SELECT tenant.tenant_id, first.day FROM unnest({texts(tenant_ids)}) AS tenant (tenant_id)"  # noqa: S608 -- as above
        f" CROSS JOIN LATERAL (SELECT day FROM {usage} AS usage WHERE usage.tenant_id = tenant.tenant_id"
        f" AND ({_ANY_FIGURES}) ORDER BY day LIMIT 1) AS first"
    )


def select_with_names(table: str, columns: Sequence[str], tenant_id: str, user_id: str | None) -> str:
    named = "(user_name IS NOT NULL OR user_email IS NOT NULL)"
    return select(table, columns, named + list_literal(user_id and [user_id], "user_id"), tenant_ids=[tenant_id])


def select_standing(usage: str, rows: str) -> str:
    """Of *rows*, those in whose place another stands: one of a higher version, or of the same with other figures."""
    said = [name for name in STORED_USAGE if name not in {"tenant_id", "day", "user_id"}]
    standing, tried = (", ".join(f"{row}.{name}" for name in said) for row in ("standing", "tried"))
    return (
        f"SELECT tried.number, standing.version FROM {rows} JOIN {usage} AS standing USING (tenant_id, day, user_id)"  # noqa: S608 -- as above
        " WHERE standing.version > tried.version"
        f" OR (standing.version = tried.version AND ({standing}) IS DISTINCT FROM ({tried}))"
    )


def select_revision(tables: dict[str, str], tenant_id: str) -> str:
    """One row of texts. Events never leave but by expiring, and then their count falls."""
    of_tenant = f"WHERE tenant_id = {literal(tenant_id)}"
    restated = " + ".join(f"sum({name})" for name in RESTATEMENTS if name.startswith(AFTER))
    written = {
        "events": "count(*), min(occurred_at), max(occurred_at)",
        "daily_usage": f"count(*), sum(version % {_VERSION_MODULUS})",
        "restatements": f"count(*), max(restated_at), {restated}",
        "superseded_events": "count(*)",
    }
    parts = [f"(SELECT ({what})::text FROM {tables[name]} {of_tenant})" for name, what in written.items()]  # noqa: S608 -- as above
    return f"SELECT concat_ws(' ', {', '.join(parts)}) AS revision"


def sums() -> list[str]:
    return [f"sum({measure})::bigint" for measure in MEASURES]


def counts() -> list[str]:
    return [f"count(*) FILTER (WHERE action = {literal(action)}) AS {action}" for action in Action]


def latest_names(order: str) -> list[str]:
    return [
        f"(array_agg({name} ORDER BY {order}) FILTER (WHERE {name} IS NOT NULL))[1] AS {name}"
        for name in ("user_name", "user_email")
    ]


def _user_page(table: str, columns: Sequence[str], where: str, tenant_id: str, page: UserSelection) -> str:
    behind = "" if page.after is None else f" AND user_id > {literal(page.after)}"
    some = f"{where}{behind}{list_literal(page.user_ids, 'user_id')}"
    limit = "" if page.limit is None else f" LIMIT {page.limit}"
    return (
        select(table, ["user_id", *columns], some, tenant_ids=[tenant_id])
        + f" GROUP BY user_id ORDER BY user_id{limit}"
    )
