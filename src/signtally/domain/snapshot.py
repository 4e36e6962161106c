"""The figures of one tenant and period, read once: every file, answer and email is rendered from this value."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.allowance import AllowanceUse
from signtally.domain.basis import Basis
from signtally.domain.documents import DOCUMENT_ROWS, USER_DAYS, Cohort, DocumentStatus
from signtally.domain.fingerprints import digest_of
from signtally.domain.insights import Insights
from signtally.domain.periods import Period
from signtally.domain.report_changes import VersionChanges
from signtally.domain.restatements import RestatedDay
from signtally.domain.tenants import TenantProfile
from signtally.domain.trend import TrendPoint
from signtally.errors import SigntallyError

_MOST_MISSING = 0.1  # of a previous period's days, for a comparison to mean anything


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
    previous: Counts = dataclasses.field(default_factory=Counts)  # in `UsageSnapshot.previous`
    cohort: Cohort = dataclasses.field(default_factory=Cohort)  # documents that this user sent in the period
    median_turnaround: dt.timedelta | None = None  # of the user's documents completed in the period
    last_active_day: dt.date | None = None  # the latest day of the period with any activity

    @property
    def known(self) -> tuple[object, ...]:
        """Who it is, and what they did before."""
        return self.user_id, self.user_name, self.user_email, self.previous.as_tuple(), self.last_active_day


@dataclasses.dataclass(frozen=True, slots=True)
class InactiveUser:
    """A user who did nothing in the period, and something in the one before."""

    user_id: str
    user_name: str | None
    user_email: str | None
    previous: Counts
    last_active_day: dt.date | None

    @property
    def known(self) -> tuple[object, ...]:
        """Who it is, and what they did before."""
        return self.user_id, self.user_name, self.user_email, self.previous.as_tuple(), self.last_active_day


@dataclasses.dataclass(frozen=True, slots=True)
class UsageSnapshot:
    """Totals, days and users that agree to the last unit."""

    tenant: TenantProfile
    period: Period  # clipped to today
    previous: Period  # what it is compared with: whole, or while the period runs up to the same day
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
    previous_until: dt.datetime | None = None  # of today: where yesterday's figures end; None: whole days
    first_data_day: dt.date | None = None  # the tenant's first day with any figures; None: there is none
    inactive_users: tuple[InactiveUser, ...] = ()  # most active before first
    # What a whole report adds; empty where only the counts were asked for.
    cohort: Cohort | None = None  # documents sent in the period, on either basis; None: not read
    previous_cohort: Cohort | None = None
    trend: tuple[TrendPoint, ...] = ()  # oldest first, as far back as there are data
    documents: pl.DataFrame = dataclasses.field(default_factory=DOCUMENT_ROWS.to_frame, compare=False)
    user_days: pl.DataFrame = dataclasses.field(default_factory=USER_DAYS.to_frame, compare=False)

    @property
    def is_to_date(self) -> bool:
        """Whether the period's last day was not over when the figures were read."""
        return not self.is_over(self.period)

    def is_over(self, period: Period) -> bool:
        """Whether the last day of *period* was over when the figures were read."""
        return period.last < self.tenant.today(self.taken_at)

    def figures_from(self, period: Period) -> dt.date | None:
        """The day on which the tenant's figures begin, where that is within *period* or after it."""
        began = self.first_data_day
        return None if began is None or began <= period.first else began

    def begins_within(self, period: Period) -> bool:
        """Whether the tenant's figures begin within *period*, after its first day."""
        began = self.figures_from(period)
        return began is not None and began <= period.last

    def is_partial(self, period: Period) -> bool:
        """Whether *period* is counted in part: figures begin within it, or it is not over."""
        return self.begins_within(period) or not self.is_over(period)

    @property
    def previous_data_from(self) -> dt.date | None:
        """`figures_from` of the previous period."""
        return self.figures_from(self.previous)

    @property
    def is_comparable(self) -> bool:
        """Whether there are figures of at least nine tenths of the previous period's days."""
        if self.first_data_day is None:
            return False
        missing_days = (self.first_data_day - self.previous.first).days
        return missing_days <= _MOST_MISSING * self.previous.day_count

    @property
    def is_before_data(self) -> bool:
        """Whether the tenant's figures begin after the period, if ever: that nothing happened in it is not known."""
        return self._is_unknown(self.period, self.totals)

    @property
    def is_previous_before_data(self) -> bool:
        """The same of the previous period."""
        return self._is_unknown(self.previous, self.previous_totals)

    def _is_unknown(self, period: Period, totals: Counts) -> bool:
        begins_later = self.first_data_day is None or self.first_data_day > period.last
        return begins_later and not any(totals.as_tuple())

    @property
    def completion_rate(self) -> float | None:
        """Of the documents sent in the period, the share that is completed by now, 0–1; None without any."""
        return self.cohort.completion_rate if self.cohort else None

    @property
    def previous_completion_rate(self) -> float | None:
        return self.previous_cohort.completion_rate if self.previous_cohort else None

    @property
    def active_senders(self) -> int:
        return sum(1 for user in self.users if user.counts.sent)

    @property
    def previous_active_senders(self) -> int:
        senders = [user for users in (self.users, self.inactive_users) for user in users if user.previous.sent]
        return len(senders)

    def check_control_totals(self) -> None:
        """Raises ControlTotalsError unless users, days, documents and totals agree to the last unit."""
        for name, found, expected in self._sums():
            if found != expected:
                raise ControlTotalsError(
                    f"usage of tenant {self.tenant.tenant_id} in {self.period.name} does not add up: "
                    f"{name} {found}, expected {expected}"
                )

    @property
    def fingerprint(self) -> str:
        """Equal for equal figures about equal days, told alike, whenever they were read; the look is apart."""
        about = (
            *self.tenant.shown,
            [self.period, self.previous, self.previous_data_from, self.basis],
            [self.previous_totals.as_tuple(), self.cohort, self.previous_cohort],
            [(usage.day, usage.counts.as_tuple()) for usage in self.days],
            [
                (*user.known, user.counts.as_tuple(), user.cohort.as_tuple(), user.median_turnaround)
                for user in self.users
            ],
            [user.known for user in self.inactive_users],
            [self.allowance, self.insights, self.restated, self.trend, self.provisional_days],
        )
        return digest_of(about, tables=(self.documents, self.user_days))

    def _sums(self) -> Iterator[tuple[str, object, object]]:
        """Every sum by name, as found and as it must be."""
        yield "sum of days", Counts.total(day.counts for day in self.days), self.totals
        yield "sum of users", Counts.total(user.counts for user in self.users), self.totals
        if self.cohort is None:  # the counts alone were asked for
            return
        before = [user.previous for users in (self.users, self.inactive_users) for user in users]
        yield "sum of users before", Counts.total(before), self.previous_totals
        yield "sum of users by day", Counts(*self.user_days.select(pl.col(MEASURES).sum()).row(0)), self.totals
        for cohort in filter(None, (self.cohort, self.previous_cohort)):
            yield "a funnel that narrows", cohort.narrows, True
        if self.insights is not None:
            still_open = self.documents.filter(status=str(DocumentStatus.OPEN)).height
            yield "open documents", still_open, self.insights.documents.open
        if self.trend:
            last = self.trend[-1]
            yield "last point of the trend", (last.totals, last.cohort), (self.totals, self.cohort)


@dataclasses.dataclass(frozen=True, slots=True)
class ReportIdentity:
    """What a file says of itself beside the figures."""

    report_id: str
    version: int
    made_at: dt.datetime
    changes: VersionChanges | None = None  # since the version before; None: there is none
