"""Timestream SQL that counts a tenant's events, by user or all together; superseded events count."""

from collections.abc import Sequence

from signtally.aws.timestream_document_sql import counted
from signtally.aws.timestream_sql import UserPage, instant_literal, literal
from signtally.domain.actions import Action
from signtally.ports.document_store import TenantSpan


def select_user_counts(table: str, columns: Sequence[str], span: TenantSpan) -> str:
    """Columns of schema USER_COUNTS; superseded events count."""
    names = [name for name in ("user_name", "user_email") if name in columns]
    counts = [f"sum(CASE WHEN action = {literal(action)} THEN 1 ELSE 0 END) AS {action}" for action in Action]
    latest = [
        f"max_by({name}, CASE WHEN {name} IS NOT NULL THEN time END) AS {name}"
        if name in names
        else f"CAST(NULL AS VARCHAR) AS {name}"
        for name in ("user_name", "user_email")
    ]
    return (
        f"WITH {counted(f'{table} WHERE {_within(span)}', ['user_id', 'action', 'time', *names])} "  # noqa: S608 -- names of ours and literals
        f"SELECT {', '.join(['user_id', *counts, *latest])} FROM counted WHERE arrival = 1 GROUP BY user_id"
    )


def page_of_users(user_counts: str, page: UserPage) -> str:
    """The query `select_user_counts` with the answers of a page."""
    having = f" HAVING TRUE{page.conditions}" if page.conditions else ""
    return f"{user_counts}{having}{page.order}"


def select_event_counts(table: str, span: TenantSpan, *, users: str | None) -> str:
    """Columns of schema COUNTS; *users* is a list of literals. Superseded events count."""
    only = f" AND user_id IN ({users})" if users is not None else ""
    counts = [
        f"coalesce(sum(CASE WHEN action = {literal(action)} THEN 1 ELSE 0 END), 0) AS {action}" for action in Action
    ]
    return (
        f"WITH {counted(f'{table} WHERE {_within(span)}', ['user_id', 'action'])} "  # noqa: S608 -- names of ours and literals
        f"SELECT {', '.join(counts)} FROM counted WHERE arrival = 1{only}"
    )


def _within(span: TenantSpan) -> str:
    since, until = instant_literal(span.since), instant_literal(span.until)
    return f"tenant_id = {literal(span.tenant_id)} AND time >= {since} AND time < {until}"
