"""The three things that a report says first, as numbers: the most significant change, what is stuck, the allowance.

By rule, so that two readers of one report read the same. Where nothing changed, the first says how much there was;
else what is nothing to speak of is left out.
"""

import dataclasses
import datetime as dt
import math

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.allowance import AllowanceUse, Outlook
from signtally.domain.documents import DocumentStatus
from signtally.domain.periods import PeriodKind
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.time_units import ONE_DAY

STUCK_DAYS = 14  # a document that is open for longer is stuck
_LEAST_CHANGE = 0.05  # of the previous figure
_LEAST_WEIGHT = 2.0  # how far from chance: the difference in square roots of the sum


@dataclasses.dataclass(frozen=True, slots=True)
class SignificantChange:
    """The measure that moved furthest beyond what chance moves a count by; *before* is not zero."""

    action: Action
    now: int
    before: int


@dataclasses.dataclass(frozen=True, slots=True)
class SteadyUse:
    """No measure moved by more than chance: documents sent and completed, and sent before."""

    sent: int
    completed: int
    sent_before: int | None  # None: there is nothing to compare with


@dataclasses.dataclass(frozen=True, slots=True)
class StuckDocuments:
    """How many documents are open longer than STUCK_DAYS, and the one that was sent first."""

    documents: int  # at least one
    oldest_id: str
    oldest_sent_at: dt.datetime
    oldest_days: int


Highlight = SignificantChange | SteadyUse | StuckDocuments | AllowanceUse


def highlights_of(snapshot: UsageSnapshot) -> tuple[Highlight, ...]:
    """At most three, in this order; at least one where anybody did anything."""
    found = (_significant_change(snapshot) or _steady_use(snapshot), _stuck(snapshot.documents), _allowance(snapshot))
    return tuple(highlight for highlight in found if highlight is not None)


def _significant_change(snapshot: UsageSnapshot) -> SignificantChange | None:
    if not snapshot.is_comparable:
        return None
    pairs = zip(Action, snapshot.totals.as_tuple(), snapshot.previous_totals.as_tuple(), strict=True)
    changes = [SignificantChange(*pair) for pair in pairs if pair[2]]
    worth_telling = [
        change
        for change in changes
        if abs(change.now - change.before) >= _LEAST_CHANGE * change.before and _weight(change) >= _LEAST_WEIGHT
    ]
    return max(worth_telling, key=_weight, default=None)


def _steady_use(snapshot: UsageSnapshot) -> SteadyUse | None:
    now, before = snapshot.totals, snapshot.previous_totals
    if not any(now.as_tuple()):
        return None
    return SteadyUse(now.sent, now.completed, before.sent if snapshot.is_comparable else None)


def _weight(change: SignificantChange) -> float:
    """Counts vary by about their square root: from 400 to 520 is more than from 1 to 3."""
    return abs(change.now - change.before) / math.sqrt(change.now + change.before)


def is_stuck() -> pl.Expr:
    """Of a document in schema DOCUMENT_ROWS."""
    return (pl.col("status") == str(DocumentStatus.OPEN)) & (pl.col("days_open") > STUCK_DAYS)


def stuck_if_sent_by(as_of: dt.datetime) -> dt.datetime:
    """The last instant at which one was sent that is stuck at *as_of*, if it is open: `is_stuck` counts whole days."""
    return as_of - (STUCK_DAYS + 1) * ONE_DAY


def _stuck(documents: pl.DataFrame) -> StuckDocuments | None:
    """The rows come with the oldest open one first."""
    stuck = documents.filter(is_stuck())
    if stuck.is_empty():
        return None
    oldest_id, sent_at, days = stuck.select("document_id", "sent_at", "days_open").row(0)
    return StuckDocuments(len(stuck), oldest_id, sent_at, days)


def _allowance(snapshot: UsageSnapshot) -> AllowanceUse | None:
    """Used up, or when it will be; that it lasts is news of a whole month alone."""
    use = snapshot.allowance
    if use is None or not use.used:
        return None
    told = {Outlook.USED_UP, Outlook.RUNS_OUT}
    if snapshot.period.kind is PeriodKind.MONTH and use.expected is not None:
        told.add(Outlook.LASTS)
    return use if use.outlook in told else None
