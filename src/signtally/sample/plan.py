"""The parameters of sample traffic, and its random number generators."""

import dataclasses
import datetime as dt
import random

from signtally.errors import SigntallyError

_EARLIEST = dt.datetime(2000, 1, 2, tzinfo=dt.UTC)  # older events would be refused
_LATE_DAYS = 14  # SQS keeps a message no longer


class PlanError(SigntallyError, ValueError):
    """The plan cannot be carried out; the text says what to ask for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The instants since ≤ t < until."""

    since: dt.datetime
    until: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """Equal plans make equal traffic: the same message bodies in the same order.

    *events* is the number of distinct good events, exactly; *late* is the share of them that arrives at the end, days
    after its time. *duplicates* and *junk* are shares of *events* too, and come on top.
    """

    tenants: int
    days: int
    events: int
    seed: int
    until: dt.datetime  # aware; every good event happened before it
    duplicates: float = 0.0
    late: float = 0.0
    junk: float = 0.0

    def __post_init__(self) -> None:
        for name in ("tenants", "days", "events"):
            if getattr(self, name) < 1:
                raise PlanError(f"{name} is {getattr(self, name)}: ask for at least 1")
        for name in ("duplicates", "late", "junk"):
            if not 0 <= getattr(self, name) <= 1:
                raise PlanError(f"{name} is {getattr(self, name)}: a share lies between 0 and 1")
        if self.until.tzinfo is None:
            raise PlanError(f"until is {self.until.isoformat()}: write it with its offset, such as Z")
        if self.until - _EARLIEST < dt.timedelta(days=self.days):
            raise PlanError(f"{self.days} days before {self.until.isoformat()} reach back before the year 2000")

    @property
    def window(self) -> Window:
        until = self.until.astimezone(dt.UTC)
        until = until.replace(microsecond=until.microsecond // 1000 * 1000)
        return Window(until - dt.timedelta(days=self.days), until)

    @property
    def late_window(self) -> Window:
        """When late events happened: 1 to 14 days before *until*; in shorter plans within their first half."""
        until = self.window.until
        oldest = dt.timedelta(days=min(self.days, _LATE_DAYS))
        return Window(until - oldest, until - min(dt.timedelta(days=1), oldest / 2))

    @property
    def late_events(self) -> int:
        return round(self.events * self.late)

    @property
    def duplicate_events(self) -> int:
        return round(self.events * self.duplicates)

    @property
    def junk_items(self) -> int:
        return round(self.events * self.junk)

    @property
    def items(self) -> int:
        """Events, duplicates and junk in all; fewer messages carry them, because some are batches."""
        return self.events + self.duplicate_events + self.junk_items

    def rng(self, about: str) -> random.Random:
        """A generator seeded by the whole plan, so that no two plans make events with the same id."""
        return random.Random(f"{about}|{dataclasses.astuple(self)!r}")  # noqa: S311 -- sample data, not secrets

    def stable_rng(self, about: str) -> random.Random:
        """A generator seeded by the seed alone: tenants and people are the same in every plan with this seed."""
        return random.Random(f"{about}|{self.seed}")  # noqa: S311 -- sample data, not secrets
