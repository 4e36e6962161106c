"""The CSV file: one table for parsers, which also opens in Excel by a double click.

Every line has the same columns, and the first one, `record`, says what a line is:

| record | is |
|---|---|
| `user` | one user's figures; these lines add up to `total` |
| `day` | one day's figures; these lines add up to `total` too |
| `restated_before`, `restated` | a reported day that changed: its figures then and now; `name` is why, `value` when |
| `total`, `previous_total` | the control totals of the period, and those of the period before |
| `fact` | `name` and `value`: basis, rates (shares of 1), turnaround, open documents, hours, allowance, row counts … |
| `definition` | `name` and `value`: a term and what it means here |

So no figure is ever counted twice by whoever filters on `record`, and the metadata breaks no parser, as a block above
or below the table would. `tenant_id`, `period_from`, `period_to`, `timezone`, `data_through`, `report_id` and `version`
stand on every line, because the files of several tenants or months get concatenated.

- RFC 4180: commas, CRLF, quotes where needed. Dates and instants are ISO 8601, numbers plain digits with a decimal
  point, whatever the locale; what is undefined is empty.
- UTF-8 **with** a byte order mark: without one, Excel reads the file in a legacy code page and garbles every name that
  is not ASCII. pandas, Polars, DuckDB and PostgreSQL's clients skip it; Python reads it as `utf-8-sig`.
- Formula injection: a text that a spreadsheet would calculate (it begins with = + - @, their full-width forms, a tab
  or a line break) gets a leading apostrophe, and so does one that begins with apostrophes before such a character:
  removing one apostrophe before `'*[=+-@…]` gives back the original. Numbers are never touched.
- Characters that are not text (a lone surrogate, NUL …) appear as � or as their control picture, as in the workbook.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.allowance import AllowanceUse
from signtally.domain.insights import Insights
from signtally.domain.snapshot import ReportIdentity
from signtally.render.contents import Contents
from signtally.render.formats import visible
from signtally.render.restatements import why

COLUMNS = (
    "record",
    "day",
    "user_id",
    "user_name",
    "user_email",
    *MEASURES,
    "name",
    "value",
    "tenant_id",
    "period_from",
    "period_to",
    "timezone",
    "data_through",
    "report_id",
    "version",
)
_CALCULATED = re.compile(r"'*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\t\r\n]")


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    shared = _shared(contents, identity)
    table.writerows(row | shared for row in _rows(contents, identity))
    return text.getvalue().encode("utf-8-sig")


def guarded(text: str | None) -> str:
    """A text that no spreadsheet takes for a formula; empty when there is none."""
    shown = visible(text or "")
    return f"'{shown}" if _CALCULATED.match(shown) else shown


def _rows(contents: Contents, identity: ReportIdentity) -> Iterator[dict[str, object]]:
    snapshot = contents.snapshot
    for user in snapshot.users:
        names = {"user_name": guarded(user.user_name), "user_email": guarded(user.user_email)}
        yield {"record": "user", "user_id": guarded(user.user_id)} | names | _figures(user.counts)
    for usage in snapshot.days:
        yield {"record": "day", "day": usage.day.isoformat()} | _figures(usage.counts)
    for restated in snapshot.restated:
        day = {
            "day": restated.day.isoformat(),
            "name": why(restated, contents.formats),
            "value": restated.restated_at.isoformat(),
        }
        yield {"record": "restated_before"} | day | _figures(restated.before)
        yield {"record": "restated"} | day | _figures(restated.after)
    yield {"record": "total"} | _figures(snapshot.totals)
    yield {"record": "previous_total"} | _figures(snapshot.previous_totals)
    for name, value in _facts(contents, identity):
        yield {"record": "fact", "name": name, "value": value}
    for line in contents.definitions:
        yield {"record": "definition", "name": line.term, "value": guarded(line.meaning)}


def _facts(contents: Contents, identity: ReportIdentity) -> Iterator[tuple[str, object]]:
    snapshot = contents.snapshot
    yield "tenant_name", guarded(contents.tenant_name)
    yield "period", guarded(contents.period)
    if contents.caveat:
        yield "caveat", guarded(contents.caveat)
    if snapshot.provisional_days:
        yield "provisional_from", snapshot.provisional_days[0].isoformat()
        yield "provisional_to", snapshot.provisional_days[-1].isoformat()
    yield "period_is_over", "yes" if contents.is_over else "no"
    yield "previous_from", snapshot.previous.first.isoformat()
    yield "previous_to", snapshot.previous.last.isoformat()
    yield "basis", guarded(contents.basis)
    yield "filter", guarded(contents.filters())
    if contents.is_over:
        for line in contents.measures:
            yield f"{line.action}_change", line.now - line.before
    for prefix, counts in (("", snapshot.totals), ("previous_", snapshot.previous_totals)):
        yield f"{prefix}completion_rate", _share(counts.completion_rate)
        yield f"{prefix}success_rate_of_closed", _share(counts.success_rate_of_closed)
    yield "active_senders", snapshot.active_senders
    yield from _allowance_facts(contents.allowance)
    yield from _insight_facts(snapshot.insights)
    yield "user_rows", len(snapshot.users)
    yield "day_rows", len(snapshot.days)
    yield "made_at", identity.made_at.isoformat()


def _allowance_facts(allowance: AllowanceUse | None) -> Iterator[tuple[str, object]]:
    if allowance is None:
        return
    yield "allowance_month", allowance.month.name
    yield "allowance_documents", allowance.allowed
    yield "allowance_used_documents", allowance.used
    yield "allowance_used", _share(allowance.share)
    yield "allowance_outlook", allowance.outlook
    yield "allowance_used_up_on", allowance.on.isoformat() if allowance.on else ""


def _insight_facts(insights: Insights | None) -> Iterator[tuple[str, object]]:
    if insights is None:
        return
    documents, activity = insights.documents, insights.activity
    yield "completed_documents", documents.completed
    yield "turnaround_documents", documents.turnaround.documents if documents.turnaround else 0
    for name in ("mean", "median", "p90"):
        yield f"turnaround_{name}_seconds", _seconds(getattr(documents.turnaround, name, None))
    yield "open_documents", documents.open
    yield "distinct_documents", insights.distinct_documents
    if activity is not None:
        yield "first_activity", activity.first_at.isoformat() if activity.first_at else ""
        yield "last_activity", activity.last_at.isoformat() if activity.last_at else ""
        yield "busiest_hour", "" if activity.busiest_hour is None else activity.busiest_hour
        for hour, events in enumerate(activity.hours):
            yield f"events_in_hour_{hour:02}", events


def _seconds(duration: dt.timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.6f}"


def _shared(contents: Contents, identity: ReportIdentity) -> dict[str, object]:
    snapshot = contents.snapshot
    return {
        "tenant_id": guarded(snapshot.tenant.tenant_id),
        "period_from": snapshot.period.first.isoformat(),
        "period_to": snapshot.period.last.isoformat(),
        "timezone": snapshot.tenant.timezone,
        "data_through": snapshot.data_through.isoformat() if snapshot.data_through else "",
        "report_id": guarded(identity.report_id),
        "version": identity.version,
    }


def _figures(counts: Counts) -> dict[str, object]:
    return dict(counts.as_dict())


def _share(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.6f}"
