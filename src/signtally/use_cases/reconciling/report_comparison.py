"""The comparison of reports with daily usage: what was handed out lately must still be what is stored.

A day may differ when it was not settled as the report was made and was counted since, or when its restatement since
then is on record; anything else is a mismatch. Reports on the cohort basis are computed from events, and left aside.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.basis import Basis
from signtally.domain.reconciliation import ReportDifference
from signtally.domain.reports import ReportManifest
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.use_cases.reconciling.context import load_context
from signtally.use_cases.reconciling.expected_changes import ExpectedChanges

_ROUND_MAX_REPORT_DAYS = 500_000  # that one round holds in memory
_REPORTED = pl.Schema(
    {"number": pl.Int64(), "day": pl.Date(), **{f"reported_{measure}": pl.Int64() for measure in MEASURES}}
)
_WANTED = {"number": pl.Int64, "tenant_id": pl.String, "first": pl.Date, "last": pl.Date, "user_id": pl.String}


@dataclasses.dataclass(frozen=True, slots=True)
class ReportComparison:
    compared: int = 0
    skipped: int = 0  # on the cohort basis, or made before days were kept with a report
    mismatches: tuple[ReportDifference, ...] = ()


def compare_reports(*, tenant_id: str | None, services: Services) -> ReportComparison:
    """Compare report versions made today or yesterday (UTC) that no newer one has replaced. Raises ServiceError."""
    today = services.clock().date()
    made = itertools.chain.from_iterable(services.stores.reports.made_on(day) for day in (today - ONE_DAY, today))
    newest: dict[tuple[str, str], int] = {}
    compared = skipped = 0
    found: list[ReportDifference] = []
    for manifests in _rounds(each for each in made if tenant_id in {None, each.key.tenant_id}):
        for each in manifests:
            about = each.key.tenant_id, each.key.report_id
            newest[about] = max(newest.get(about, 0), each.key.version)
        comparable = [each for each in manifests if _is_comparable(each)]
        compared += len(comparable)
        skipped += len(manifests) - len(comparable)
        found += _differences(comparable, services=services)
    standing = (each for each in found if newest[each.tenant_id, each.report_id] == each.version)
    return ReportComparison(compared, skipped, tuple(sorted(standing)))


def _is_comparable(manifest: ReportManifest) -> bool:
    return manifest.request.basis is Basis.ACTIVITY and manifest.day_totals is not None


def _rounds(manifests: Iterable[ReportManifest]) -> Iterator[list[ReportManifest]]:
    some: list[ReportManifest] = []
    days = 0
    for manifest in manifests:
        some.append(manifest)
        days += manifest.period.day_count
        if days >= _ROUND_MAX_REPORT_DAYS:
            yield some
            some, days = [], 0
    if some:
        yield some


def _differences(manifests: Sequence[ReportManifest], *, services: Services) -> list[ReportDifference]:
    if not manifests:
        return []
    before = load_context(services=services)
    stored = _stored(manifests, services=services)
    differing = _reported(manifests).join(stored, on=["number", "day"], how="full", coalesce=True)
    unequal = pl.any_horizontal(
        pl.col(f"reported_{measure}").fill_null(0) != pl.col(measure).fill_null(0) for measure in MEASURES
    )
    rows = differing.filter(unequal).sort("number", "day").to_dicts()
    concerned = [manifests[number] for number in sorted({row["number"] for row in rows})]
    if not concerned:
        return []
    expected = ExpectedChanges(concerned, before, services=services)

    def is_expected(row: dict[str, Any]) -> bool:
        stored, counted_at = _counts(row), row["counted_at"]
        return expected.explains(manifests[row["number"]], row["day"], stored=stored, counted_at=counted_at)

    unexplained = itertools.filterfalse(is_expected, rows)
    return [difference for row in unexplained for difference in _named(manifests[row["number"]], row)]


def _reported(manifests: Sequence[ReportManifest]) -> pl.DataFrame:
    rows = [
        (number, day, *counts.as_tuple())
        for number, manifest in enumerate(manifests)
        for day, counts in (manifest.day_totals or {}).items()
    ]
    return pl.DataFrame(rows, schema=_REPORTED, orient="row")


def _stored(manifests: Sequence[ReportManifest], *, services: Services) -> pl.DataFrame:
    """Daily usage of each report's users, summed by report number and day, and when it was counted last."""
    wanted = pl.LazyFrame([*_wanted(manifests)], schema=_WANTED, orient="row")
    of_all, of_some = wanted.filter(pl.col("user_id").is_null()).drop("user_id"), wanted.drop_nulls("user_id")
    span = {"first": min(each.period.first for each in manifests), "last": max(each.period.last for each in manifests)}
    tenant_ids = sorted({each.key.tenant_id for each in manifests})
    with services.usage_store.scan_daily_usage(**span, tenant_ids=tenant_ids) as rows:
        joined = [rows.join(of_all, on="tenant_id"), rows.join(of_some, on=["tenant_id", "user_id"])]
        within = pl.concat(joined, how="diagonal").filter(pl.col("day").is_between(pl.col("first"), pl.col("last")))
        sums = within.group_by("number", "day").agg(pl.col(MEASURES).sum(), pl.col("counted_at").max())
        return sums.collect(engine="streaming")


def _wanted(manifests: Sequence[ReportManifest]) -> Iterator[tuple[int, str, dt.date, dt.date, str | None]]:
    for number, each in enumerate(manifests):
        for user_id in (None,) if each.request.user_ids is None else each.request.user_ids:
            yield number, each.key.tenant_id, each.period.first, each.period.last, user_id


def _counts(row: Mapping[str, object]) -> Counts:
    return Counts.of({measure: row[measure] or 0 for measure in MEASURES})


def _named(manifest: ReportManifest, row: Mapping[str, object]) -> Iterator[ReportDifference]:
    key, day = manifest.key, row["day"]
    assert isinstance(day, dt.date)  # noqa: S101 -- the schema says so; mypy cannot see it
    for measure in MEASURES:
        reported, stored = (int(str(row[name] or 0)) for name in (f"reported_{measure}", measure))
        if reported != stored:
            yield ReportDifference(key.tenant_id, key.report_id, key.version, day, measure, reported, stored)
