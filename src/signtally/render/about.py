"""What a report says of itself for programs: control totals, row counts, definitions, freshness, zone, version."""

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from signtally.domain.actions import Counts
from signtally.domain.basis import Basis
from signtally.domain.periods import Period, PeriodKind
from signtally.domain.report_changes import VersionChanges
from signtally.domain.snapshot import ReportIdentity
from signtally.render.contents import Contents
from signtally.render.visible_text import visible


class AboutPeriod(BaseModel):
    """Calendar days in the tenant's time zone, both included."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="As the API spells it: `2026-10-03`, `2026-W41`, `2026-10`, `2026-Q4`, `2026`")
    kind: PeriodKind
    first: dt.date
    last: dt.date
    is_over: bool = Field(description="Whether it had ended when the figures were read")
    figures_from: dt.date | None = Field(
        description="The tenant’s first day with any figures, where that is after `first`; null otherwise"
    )


class Rates(BaseModel):
    """Shares of 1; null where nothing was sent or nothing closed."""

    model_config = ConfigDict(frozen=True)

    completion_rate: float | None
    success_rate_of_closed: float | None


class Meaning(BaseModel):
    """A term as the report's language heads it, and what it means in this report."""

    model_config = ConfigDict(frozen=True)

    term: str
    meaning: str


class About(BaseModel):
    """The report's identity and everything that its reader must know to rely on the figures."""

    model_config = ConfigDict(frozen=True, ser_json_timedelta="iso8601")

    report_id: str
    version: int
    created_at: dt.datetime
    changes: VersionChanges | None = Field(description="Since the version before this one; null: there is none")
    tenant_id: str
    tenant_name: str
    timezone: str = Field(description="IANA name; every day is a day in this zone")
    period: AboutPeriod
    compared_with: AboutPeriod
    first_data_day: dt.date | None = Field(description="The tenant’s first day with any figures; null: there is none")
    partial_periods: tuple[AboutPeriod, ...] = Field(
        description="Those of the trend that are counted in part: figures begin within them, or they are not over"
    )
    basis: Basis
    basis_in_words: str = Field(description="In the report’s language, as are caveat and definitions")
    user_ids: tuple[str, ...] | None = Field(description="The filter: figures of these users alone; null: all users")
    data_through: dt.datetime | None = Field(description="Everything received before it is in the figures")
    caveat: str = Field(description="What to know before relying on the figures; empty when there is nothing")
    provisional_days: tuple[dt.date, ...] = Field(description="Some events of these have not been counted yet")
    row_counts: dict[str, int] = Field(description="By table")
    control_totals: Counts = Field(description="What the rows of users and of days each add up to")
    previous_totals: Counts
    rates: Rates
    definitions: tuple[Meaning, ...]


def about(contents: Contents, identity: ReportIdentity) -> About:
    """Of one report."""
    snapshot = contents.snapshot
    return About(
        report_id=identity.report_id,
        version=identity.version,
        created_at=identity.made_at,
        changes=identity.changes,
        tenant_id=visible(snapshot.tenant.tenant_id),
        tenant_name=contents.tenant_name,
        timezone=snapshot.tenant.timezone,
        period=_period(contents, snapshot.period),
        compared_with=_period(contents, snapshot.previous, is_over=True),
        first_data_day=snapshot.first_data_day,
        partial_periods=tuple(
            _period(contents, point.period) for point in snapshot.trend if snapshot.is_partial(point.period)
        ),
        basis=snapshot.basis,
        basis_in_words=contents.basis,
        user_ids=None if snapshot.user_ids is None else tuple(map(visible, snapshot.user_ids)),
        data_through=snapshot.data_through,
        caveat=contents.caveat,
        provisional_days=snapshot.provisional_days,
        row_counts=_row_counts(contents),
        control_totals=snapshot.totals,
        previous_totals=snapshot.previous_totals,
        rates=Rates(
            completion_rate=snapshot.completion_rate,
            success_rate_of_closed=snapshot.totals.success_rate_of_closed,
        ),
        definitions=tuple(Meaning(term=line.term, meaning=line.meaning) for line in contents.definitions),
    )


def _period(contents: Contents, period: Period, *, is_over: bool | None = None) -> AboutPeriod:
    return AboutPeriod(
        name=period.name,
        kind=period.kind,
        first=period.first,
        last=period.last,
        is_over=contents.snapshot.is_over(period) if is_over is None else is_over,
        figures_from=contents.snapshot.figures_from(period),
    )


def _row_counts(contents: Contents) -> dict[str, int]:
    snapshot = contents.snapshot
    return {
        "users": len(snapshot.users),
        "days": len(snapshot.days),
        "documents": len(snapshot.documents),
        "user_days": len(snapshot.user_days),
        "inactive_users": len(snapshot.inactive_users),
        "restated": len(snapshot.restated),
        "trend": len(snapshot.trend),
    }
