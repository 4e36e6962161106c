"""Timestream SQL that makes documents, cohorts and quarter-hours of events, so that only these travel."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from signtally.aws.timestream_sql import instant_literal, literal, source
from signtally.aws.timestream_tenant_groups import TenantGroup, TenantGroups
from signtally.domain.actions import Action
from signtally.domain.activity import ACTIVITY, QUARTERS_A_WEEK
from signtally.domain.cohorts import COHORT_PREFIX, COHORTS, EVENTS_PREFIX, SENDER_COHORTS, STAGES
from signtally.domain.document_lifecycles import DOCUMENTS, ENDINGS, RECIPIENT_ACTIONS
from signtally.domain.first_received import FIRST_RECEIVED_ORDER
from signtally.domain.schemas import IDENTITY, by_tenant

# Of two events with one id the one received first counts, as in `signtally.domain.document_lifecycles.first_received`.
_ORDER = ", ".join("time" if column == "occurred_at" else column for column in FIRST_RECEIVED_ORDER)
_SENDER_COLUMNS = {"user_id": "sender_id", "user_name": "sender_name", "user_email": "sender_email"}
_NAMED_BY = [(column, action) for column in _SENDER_COLUMNS for action in (Action.SENT, Action.COMPLETED)]
# As `signtally.domain.document_lifecycles.outcome` has it: completed whenever it was, else how it first ended.
OUTCOME = (
    "CASE WHEN completed_at IS NOT NULL THEN 'completed' "
    "WHEN declined_at <= coalesce(cancelled_at, declined_at) AND declined_at <= coalesce(expired_at, declined_at) "
    "THEN 'declined' WHEN cancelled_at <= coalesce(expired_at, cancelled_at) THEN 'cancelled' "
    "WHEN expired_at IS NOT NULL THEN 'expired' END"
)
# least() of anything and NULL is NULL.
FIRST_SENT_AT = "coalesce(least(first_sent, said_sent), first_sent, said_sent) AS first_sent_at"
NAMING = ", ".join(literal(action) for action in (Action.SENT, Action.COMPLETED))  # events that may name a sender
# As `signtally.domain.document_lifecycles.ended_at` has it.
ENDED_AT = (
    "coalesce(completed_at, least(coalesce(declined_at, cancelled_at, expired_at), "
    "coalesce(cancelled_at, expired_at, declined_at), coalesce(expired_at, declined_at, cancelled_at)))"
)
_QUARTER_MILLISECONDS = 15 * 60 * 1_000


@dataclasses.dataclass(frozen=True, slots=True)
class ValidEvents:
    """The events of *table* but for those that the table *superseded* names; with None, all of them."""

    table: str
    superseded: str | None

    def where(self, condition: str) -> str:
        """What follows FROM. The *condition* names no columns but those of IDENTITY, and bounds both tables."""
        if self.superseded is None:
            return f"{self.table} WHERE {condition}"
        names = {source(column): f"superseded_{source(column)}" for column in IDENTITY}
        # Named apart, so that everything around may name the columns of events alone.
        renamed = ", ".join(f"{name} AS {apart}" for name, apart in names.items())
        same = " AND ".join(f"{name} = {apart}" for name, apart in names.items())
        return (
            f"{self.table} LEFT JOIN (SELECT {renamed} FROM {self.superseded} WHERE {condition}) AS apart "  # noqa: S608 -- names of ours and literals
            f"ON {same} WHERE {condition} AND superseded_event_id IS NULL"
        )


def select_documents(events: ValidEvents, columns: Sequence[str], *, tenants: TenantGroups) -> str:
    """Columns of schema DOCUMENTS by tenant; *columns* are those that the table of events has."""
    where = tenants.where(lambda group: f"time < {instant_literal(group.until)}")
    return (
        f"{documents_of(events, columns, where)} "  # noqa: S608 -- as there
        f"SELECT {', '.join(by_tenant(DOCUMENTS))} FROM documents "
        f"WHERE (first_sent_at IS NOT NULL OR completed_at IS NOT NULL) AND ({tenants.where(concerned)})"
    )


def concerned(group: TenantGroup) -> str:
    """As `signtally.domain.document_lifecycles.concerning` has it."""
    start = instant_literal(group.since)
    endings = [f"{action}_at" for action in ENDINGS]
    is_open = " AND ".join(f"{ending} IS NULL" for ending in endings)
    # Closed since then means that no ending lies before, whatever endings there are.
    closed_since = " AND ".join(f"({ending} IS NULL OR {ending} >= {start})" for ending in endings)
    return f"(({is_open}) OR ({closed_since}) OR first_sent_at >= {start} OR completed_at >= {start})"


def select_documents_sent(events: ValidEvents, columns: Sequence[str], *, tenants: TenantGroups) -> str:
    """The same columns."""
    documents = documents_of(events, columns, tenants.named)
    selected = ", ".join(by_tenant(DOCUMENTS))
    return f"{documents} SELECT {selected} FROM documents WHERE {tenants.where(_sent_within)}"  # noqa: S608 -- as there


def select_cohorts(events: ValidEvents, columns: Sequence[str], *, tenants: TenantGroups, senders: str | None) -> str:
    """Columns of schema COHORTS by tenant; *senders* is a list of literals."""
    sums = [f"count(*) AS {EVENTS_PREFIX}sent", *_stage_sums()]
    sums += [_sum_where(f"outcome = {literal(ending)}", f"{EVENTS_PREFIX}{ending}") for ending in ENDINGS]
    sums += [f"sum({action}) AS {EVENTS_PREFIX}{action}" for action in RECIPIENT_ACTIONS]
    return (
        f"{_sent(events, columns, tenants=tenants, senders=senders)}, "  # noqa: S608 -- as there
        f"cohorts AS (SELECT tenant_id, part, {', '.join(sums)} FROM sent GROUP BY tenant_id, part) "
        f"SELECT {', '.join(by_tenant(COHORTS))} FROM cohorts"
    )


def select_sender_cohorts(
    events: ValidEvents, columns: Sequence[str], *, tenants: TenantGroups, senders: str | None
) -> str:
    """Columns of schema SENDER_COHORTS by tenant."""
    return (
        f"{_sent(events, columns, tenants=tenants, senders=senders)}, "  # noqa: S608 -- as there
        f"cohorts AS (SELECT tenant_id, part, sender_id AS user_id, {', '.join(_stage_sums())} FROM sent "
        f"GROUP BY tenant_id, part, sender_id) SELECT {', '.join(by_tenant(SENDER_COHORTS))} FROM cohorts"
    )


def _sent(events: ValidEvents, columns: Sequence[str], *, tenants: TenantGroups, senders: str | None) -> str:
    """Table expressions, the last of which is `sent`: documents, each with the part in which it was sent."""
    only = f" AND sender_id IN ({senders})" if senders is not None else ""
    part = tenants.choose(lambda group: _part(group.parted_at, "first_sent_at"))
    return (
        f"{documents_of(events, columns, tenants.named)}, "  # noqa: S608 -- as there
        f"sent AS (SELECT tenant_id, {part} AS part, sender_id, {OUTCOME} AS outcome, completed_at, "
        f"{', '.join(RECIPIENT_ACTIONS)} FROM documents WHERE {tenants.where(_sent_within)}{only})"
    )


def _stage_sums() -> list[str]:
    """As `signtally.domain.cohorts` counts: a stage is reached by whatever comes after it too."""
    completed = "completed_at IS NOT NULL"
    signed = f"(signed > 0 OR {completed})"
    viewed = f"(viewed > 0 OR {signed})"
    reached = {"sent": "TRUE", "viewed": viewed, "signed": signed, "completed": completed, "open": "outcome IS NULL"}
    return [_sum_where(reached[stage], f"{COHORT_PREFIX}{stage}") for stage in STAGES]


def _sum_where(condition: str, name: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS {name}"


def _sent_within(group: TenantGroup) -> str:
    return f"first_sent_at >= {instant_literal(group.since)} AND first_sent_at < {instant_literal(group.until)}"


def select_activity(events: ValidEvents, *, tenants: TenantGroups, users: str | None) -> str:
    """Columns of schema ACTIVITY by tenant; *users* is a list of literals."""
    when = tenants.where(
        lambda group: f"time >= {instant_literal(group.since)} AND time < {instant_literal(group.until)}"
    )
    only = f" AND user_id IN ({users})" if users is not None else ""
    return (
        f"WITH {counted(events.where(when), ['tenant_id', 'document_id', 'user_id', 'time'])}, "  # noqa: S608 -- as there
        "numbered AS (SELECT tenant_id, time, row_number() OVER (PARTITION BY tenant_id, document_id ORDER BY time) "
        f"AS nth FROM counted WHERE arrival = 1{only}), "
        f"timed AS (SELECT tenant_id, time, nth, {tenants.choose(lambda group: _part(group.parted_at))} AS part, "
        f"mod(to_milliseconds(time) / {_QUARTER_MILLISECONDS}, {QUARTERS_A_WEEK}) AS quarter FROM numbered), "
        "quarters AS (SELECT tenant_id, part, quarter, count(*) AS events, "
        "sum(CASE WHEN nth = 1 THEN 1 ELSE 0 END) AS documents, min(time) AS first_at, max(time) AS last_at "
        "FROM timed GROUP BY tenant_id, part, quarter) "
        f"SELECT {', '.join(by_tenant(ACTIVITY))} FROM quarters"
    )


def documents_of(events: ValidEvents, columns: Sequence[str], where: str, *, beside: str = "", only: str = "") -> str:
    """Table expressions, the last of which is `documents`; *beside* come others, by which *only* some are meant."""
    sent_at = "sent_at" if "sent_at" in columns else "CAST(NULL AS TIMESTAMP) AS sent_at"
    named = [name if name in columns else f"CAST(NULL AS VARCHAR) AS {name}" for name in ("user_name", "user_email")]
    names = ["tenant_id", "document_id", "user_id", "action", "time", "received_at", "message_id", sent_at, *named]
    arrived = counted(events.where(where), names)
    endings = ", ".join(f"{first_time(action)} AS {action}_at" for action in ENDINGS)
    counts = ", ".join(
        f"sum(CASE WHEN action = {literal(action)} THEN 1 ELSE 0 END) AS {action}" for action in RECIPIENT_ACTIONS
    )
    senders = ", ".join(f"{_first(column, action)} AS {column}_{action}" for column, action in _NAMED_BY)
    chosen = ", ".join(
        f"CASE WHEN user_id_sent IS NOT NULL THEN {column}_sent ELSE {column}_completed END AS {sender}"
        for column, sender in _SENDER_COLUMNS.items()
    )
    return (
        f"WITH {arrived}, {beside}"  # noqa: S608 -- names of ours and literals
        "ranked AS (SELECT tenant_id, document_id, user_id, user_name, user_email, action, time, sent_at, row_number() "
        f"OVER (PARTITION BY tenant_id, document_id, action ORDER BY time, {_ORDER}) AS nth "
        f"FROM counted WHERE arrival = 1{only}), "
        f"grouped AS (SELECT tenant_id, document_id, {senders}, {first_time(Action.SENT)} AS first_sent, "
        f"min(sent_at) AS said_sent, {first_time(Action.VIEWED)} AS first_viewed_at, "
        f"max(CASE WHEN action = {literal(Action.SIGNED)} THEN time END) AS last_signed_at, "
        f"{endings}, {counts} FROM ranked GROUP BY tenant_id, document_id), "
        f"documents AS (SELECT grouped.*, {chosen}, {FIRST_SENT_AT} FROM grouped)"
    )


def counted(rows: str, columns: Sequence[str]) -> str:
    """The table expression `counted`: each event id of a tenant in *rows* counts where `arrival` is 1."""
    first_received = f"PARTITION BY tenant_id, event_id ORDER BY {_ORDER}"
    return f"counted AS (SELECT {', '.join(columns)}, row_number() OVER ({first_received}) AS arrival FROM {rows})"  # noqa: S608 -- names of ours and literals


def _part(parted_at: Sequence[dt.datetime], at: str = "time") -> str:
    """How many of these instants had passed *at* that time."""
    whens = [
        f"WHEN {at} >= {instant_literal(instant)} THEN {passed}"
        for passed, instant in reversed([*enumerate(parted_at, 1)])
    ]
    return f"CASE {' '.join(whens)} ELSE 0 END" if whens else "0"


def first_time(action: Action) -> str:
    return f"min(CASE WHEN action = {literal(action)} THEN time END)"


def _first(column: str, action: Action) -> str:
    return f"max(CASE WHEN action = {literal(action)} AND nth = 1 THEN {column} END)"
