"""The figures of one tenant and period, read once: every file, answer and email is rendered from this value."""

import dataclasses
import datetime as dt
import hashlib
import json

import polars as pl

from signtally.domain.actions import Counts
from signtally.domain.allowance import AllowanceUse
from signtally.domain.basis import Basis
from signtally.domain.documents import DOCUMENT_ROWS, USER_DAYS, Cohort
from signtally.domain.insights import Insights
from signtally.domain.periods import Period
from signtally.domain.report_changes import VersionChanges
from signtally.domain.restatements import RestatedDay
from signtally.domain.tenants import TenantProfile
from signtally.domain.trend import TrendPoint
from signtally.errors import SigntallyError


class ControlTotalsError(SigntallyError, ArithmeticError):
    """The figures of a snapshot contradict each other: nothing may be made from it."""


@dataclasses.dataclass(frozen=True, slots=True)
class DayUsage:
    day: dt.date
    counts: Counts


@dataclasses.dataclass(frozen=True, slots=True)
class UserUsage:
    """One user's row; name and email are the latest seen, None when the portal never sent them."""

    user_id: str
    user_name: str | None
    user_email: str | None
    counts: Counts
    previous: Counts = dataclasses.field(default_factory=Counts)  # in the period before
    cohort: Cohort = dataclasses.field(default_factory=Cohort)  # documents that this user sent in the period
    median_turnaround: dt.timedelta | None = None  # of the user's documents completed in the period
    last_active_day: dt.date | None = None  # the latest day of the period with any activity


@dataclasses.dataclass(frozen=True, slots=True)
class InactiveUser:
    """A user who did nothing in the period, and something in the one before."""

    user_id: str
    user_name: str | None
    user_email: str | None
    previous: Counts
    last_active_day: dt.date | None


@dataclasses.dataclass(frozen=True, slots=True)
class UsageSnapshot:
    """Totals, days and users that agree to the last unit."""

    tenant: TenantProfile
    period: Period  # clipped to today
    previous: Period  # whole
    taken_at: dt.datetime  # aware, UTC
    data_through: dt.datetime | None  # None: nothing was ever ingested
    totals: Counts
    previous_totals: Counts
    days: tuple[DayUsage, ...]  # every day of the period in order, zeros too
    users: tuple[UserUsage, ...]  # those with any action; most documents sent first, then by id
    user_ids: tuple[str, ...] | None = None  # the filter, None: every user
    basis: Basis = Basis.ACTIVITY
    all_users: bool = False  # whether to print every user, however many there are, or the most active ones
    allowance: AllowanceUse | None = None  # None: the tenant has none, or the figures are those of some users
    insights: Insights | None = None  # None: not read, because only the counts were asked for
    restated: tuple[RestatedDay, ...] = ()  # since a report first told of them; not read for some users alone
    provisional_days: tuple[dt.date, ...] = ()  # of which events are stored and could not be read yet
    # What a whole report adds; empty where only the counts were asked for.
    cohort: Cohort | None = None  # documents sent in the period, on either basis; None: not read
    previous_cohort: Cohort | None = None
    trend: tuple[TrendPoint, ...] = ()  # oldest first, as far back as there are data
    inactive_users: tuple[InactiveUser, ...] = ()  # most active before first
    documents: pl.DataFrame = dataclasses.field(default_factory=DOCUMENT_ROWS.to_frame, compare=False)
    user_days: pl.DataFrame = dataclasses.field(default_factory=USER_DAYS.to_frame, compare=False)

    @property
    def active_senders(self) -> int:
        return sum(1 for user in self.users if user.counts.sent)

    def check_control_totals(self) -> None:
        """Raises ControlTotalsError unless users, days and totals agree to the last unit."""
        by_day = Counts.total(day.counts for day in self.days)
        by_user = Counts.total(user.counts for user in self.users)
        if not by_day == by_user == self.totals:
            raise ControlTotalsError(
                f"usage of tenant {self.tenant.tenant_id} in {self.period.name} does not add up: "
                f"totals {self.totals}, sum of days {by_day}, sum of users {by_user}"
            )

    @property
    def fingerprint(self) -> str:
        """Equal for equal figures about equal days in an equal look, whenever they were read."""
        users = [[user.user_id, user.user_name, user.user_email, user.counts.as_tuple()] for user in self.users]
        days = [[str(day.day), day.counts.as_tuple()] for day in self.days]
        look = self.tenant.model_dump(mode="json", exclude={"schedules"})
        parts = (self.allowance, self.insights, *self.restated)
        beyond = [*(dataclasses.asdict(part) for part in parts if part is not None), *map(str, self.provisional_days)]
        if self.tenant.is_unreadable:
            beyond.append("unreadable profile")
        about = [look, self.previous_totals.as_tuple(), days, users, self.basis, beyond]
        return hashlib.sha256(json.dumps(about, default=str).encode()).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class ReportIdentity:
    """What a file says of itself beside the figures."""

    report_id: str
    version: int
    made_at: dt.datetime
    changes: VersionChanges | None = None  # since the version before; None: there is none
