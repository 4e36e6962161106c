"""Comparisons of two versions of a report: by measure, by day, by user."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import polars as pl

from signtally.domain.actions import Counts
from signtally.domain.report_changes import (
    USER_FIGURES,
    DayChange,
    MeasureChange,
    UserChange,
    VersionChanges,
    changed_user_count,
    day_changes,
    measure_changes,
    user_changes,
)
from signtally.domain.reports import ReportKey, ReportManifest
from signtally.domain.schemas import RESTATEMENTS
from signtally.domain.snapshot import UsageSnapshot, UserUsage
from signtally.errors import SigntallyError
from signtally.ports.errors import ServiceError
from signtally.services import Services

NOT_OVER = "not-over"  # why a day changed that still ran when the earlier version was made


class VersionNotReadyError(SigntallyError):
    """A version has no figures to compare: it is being made, or could not be made."""


class OtherGroupError(SigntallyError):
    """Two reports differ in more than their formats, so that their figures are not comparable."""


@dataclasses.dataclass(frozen=True, slots=True)
class VersionDiff:
    """What *after* says otherwise than *before*; days or users are None where a version's were not kept."""

    before: ReportManifest
    after: ReportManifest
    measures: tuple[MeasureChange, ...]
    days: tuple[DayChange, ...] | None
    users: tuple[UserChange, ...] | None
    reasons: Mapping[dt.date, tuple[str, ...]]  # why a day changed, as far as that is on record

    @property
    def notice(self) -> str | None:
        """What could not be compared and why, in sentences; None when everything was."""
        versions = f"version {self.before.key.version} or {self.after.key.version}"
        parts = [name for name, changes in (("days", self.days), ("users", self.users)) if changes is None]
        if not parts:
            return None
        return (
            f"The figures by {' and '.join(parts)} could not be compared: those of {versions} were not kept, because "
            "it was made by an older release, or are no longer stored."
        )

    def as_dict(self) -> dict[str, object]:
        """As the API answers it, every user at once."""
        return {
            "report_id": self.after.key.report_id,
            **{name: _described(each) for name, each in (("from", self.before), ("to", self.after))},
            "measures": [dataclasses.asdict(change) for change in self.measures],
            "days": None if self.days is None else [dataclasses.asdict(change) for change in self.days],
            "users": None if self.users is None else [dataclasses.asdict(change) for change in self.users],
            "notice": self.notice,
        }


def diff_versions(before: ReportKey, after: ReportKey, *, services: Services) -> VersionDiff:
    """What *after* says otherwise than *before*, which may be a version of another report of the same group.

    Raises ReportMissingError for a version that was never asked for, VersionNotReadyError for one without files,
    OtherGroupError when the reports differ in more than their formats.
    """
    earlier, later = (_manifest(key, services=services) for key in (before, after))
    if earlier.request.group != later.request.group:
        raise OtherGroupError(
            f"reports {before.report_id} and {after.report_id} differ in more than their formats: compare reports of "
            "one group"
        )
    users = [services.stores.user_figures.of(each) for each in (earlier, later)]
    kept = earlier.day_totals is not None and later.day_totals is not None
    days = day_changes(earlier.day_totals or {}, later.day_totals or {}) if kept else None
    return VersionDiff(
        earlier,
        later,
        measure_changes(earlier.totals, later.totals),
        days,
        None if users[0] is None or users[1] is None else user_changes(users[0], users[1]),
        _reasons(days or (), earlier, later, services=services),
    )


def _reasons(
    days: tuple[DayChange, ...], earlier: ReportManifest, later: ReportManifest, *, services: Services
) -> dict[dt.date, tuple[str, ...]]:
    """By day, in order of time: that it was not over then, or why it was restated between the two versions."""
    if not days:
        return {}
    begun, ended = sorted((earlier.made_at, later.made_at))
    first, last = days[0].day, days[-1].day
    try:
        records = services.usage_store.restatements(first=first, last=last, tenant_ids=[earlier.key.tenant_id])
    except ServiceError:  # what changed is known all the same
        records = RESTATEMENTS.to_frame()
    records = records.filter(pl.col("restated_at").is_between(begun, ended)).sort("restated_at")
    reasons: dict[object, tuple[str, ...]] = {
        day: tuple(dict.fromkeys(rows["reason"])) for (day,), rows in records.group_by("day", maintain_order=True)
    }
    today = begun.astimezone(ZoneInfo(earlier.timezone)).date()
    running: dict[dt.date, tuple[str, ...]] = {each.day: (NOT_OVER,) for each in days if each.day >= today}
    return {each.day: running.get(each.day, ()) + reasons.get(each.day, ()) for each in days}


def changes_since_predecessor(
    key: ReportKey, snapshot: UsageSnapshot, said_of_users: pl.DataFrame, *, services: Services
) -> VersionChanges | None:
    """What a version that is being made says otherwise than the newest finished one before it; None without one."""
    if key.version == 1:
        return None
    predecessor = services.stores.reports.latest_manifest(key.tenant_id, key.report_id, before=key.version)
    if predecessor is None:
        return None
    days, users = predecessor.day_totals, services.stores.user_figures.of(predecessor)
    return VersionChanges(
        since_version=predecessor.key.version,
        since_made_at=predecessor.made_at,
        measures=measure_changes(predecessor.totals, snapshot.totals),
        changed_days=None if days is None else len(day_changes(days, day_totals(snapshot))),
        changed_users=None if users is None else changed_user_count(users, said_of_users),
    )


def day_totals(snapshot: UsageSnapshot) -> dict[dt.date, Counts]:
    """The days that are not all zeros."""
    return {day.day: day.counts for day in snapshot.days if any(day.counts.as_tuple())}


def user_figures(users: Iterable[UserUsage]) -> pl.DataFrame:
    """Schema USER_FIGURES, in the order of *users*."""
    rows = [(user.user_id, user.user_name, user.user_email, *user.counts.as_tuple()) for user in users]
    return pl.DataFrame(rows, schema=USER_FIGURES, orient="row")


def _described(manifest: ReportManifest) -> dict[str, object]:
    return {
        "version": manifest.key.version,
        "made_at": manifest.made_at,
        "data_through": manifest.data_through,
        "to": manifest.period.last,
    }


def _manifest(key: ReportKey, *, services: Services) -> ReportManifest:
    state = services.stores.reports.state(key, now=services.clock())
    if state.manifest is None:
        raise VersionNotReadyError(f"version {key.version} of report {key.report_id} is {state.status}")
    return state.manifest
