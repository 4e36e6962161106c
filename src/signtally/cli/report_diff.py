"""The commands about reports that were made: what changed between two versions."""

from collections.abc import Iterable

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import ID
from signtally.cli.report_rendering import render_reports
from signtally.domain.report_changes import MeasureChange
from signtally.domain.reports import ReportKey
from signtally.use_cases.reporting import VersionDiff, diff_versions

VERSION = click.IntRange(min=1)


@click.group()
def reports() -> None:
    """Reports that were made, and their versions."""


reports.add_command(render_reports)


@reports.command(name="diff")
@click.option("--tenant", "tenant_id", type=ID, required=True, help="The tenant's id.")
@click.argument("report_id", type=ID, metavar="REPORT")
@click.argument("before", metavar="V1", type=VERSION)
@click.argument("after", metavar="V2", type=VERSION)
@json_option
def diff_reports(*, tenant_id: str, report_id: str, before: int, after: int, as_json: bool) -> None:
    """Print what version V2 of REPORT says otherwise than V1. The differences are listed by measure, day and user."""
    versions = (ReportKey(tenant_id, report_id, version) for version in (before, after))
    diff = diff_versions(*versions, services=wiring.services())
    print_result(diff.as_dict(), as_json=as_json, lines=lambda: _lines(diff))


def _lines(diff: VersionDiff) -> list[str]:
    titles = [f"version {each.key.version} of {each.made_at:%Y-%m-%d %H:%M} UTC" for each in (diff.before, diff.after)]
    lines = [f"{diff.after.key.report_id}: {' → '.join(titles)}"]
    if diff.measures:
        lines.append(f"total: {_said(diff.measures)}")
    lines += [f"day {day.day}: {_said(day.measures)}" for day in diff.days or ()]
    lines += [f"user {user.user_id}: {_said(user.measures)}" for user in diff.users or ()]
    if diff.notice is not None:
        lines.append(diff.notice)
    return lines if len(lines) > 1 else [*lines, "no figure differs"]


def _said(changes: Iterable[MeasureChange]) -> str:
    return ", ".join(f"{change.measure} {change.before} → {change.after}" for change in changes)
