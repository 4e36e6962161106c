"""The CSV file: one table for parsers, which also opens in Excel by a double click.

Every line has the same columns, and the first one, `record`, says what a line is:

| record | is |
|---|---|
| `user` | one user's figures; these lines add up to `total` |
| `day` | one day's figures; these lines add up to `total` too |
| `total`, `previous_total` | the control totals of the period, and those of the period before |
| `fact` | `name` and `value`: rates (shares of 1), active senders, allowance, row counts, period, zone, filter … |
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
import io
import re
from collections.abc import Iterator

from signtally.domain.actions import MEASURES
from signtally.domain.counts import Counts
from signtally.domain.snapshot import ReportIdentity
from signtally.render.contents import BASIS, Contents
from signtally.render.formats import visible

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
    yield "period_is_over", "yes" if contents.is_over else "no"
    yield "previous_from", snapshot.previous.first.isoformat()
    yield "previous_to", snapshot.previous.last.isoformat()
    yield "basis", guarded(BASIS)
    yield "filter", guarded(contents.filters())
    if contents.is_over:
        for line in contents.measures:
            yield f"{line.action}_change", line.now - line.before
    for prefix, counts in (("", snapshot.totals), ("previous_", snapshot.previous_totals)):
        yield f"{prefix}completion_rate", _share(counts.completion_rate)
        yield f"{prefix}success_rate_of_closed", _share(counts.success_rate_of_closed)
    yield "active_senders", snapshot.active_senders
    if contents.allowance is not None:
        yield "allowance_documents", contents.allowance.allowed
        yield "allowance_used", _share(contents.allowance.share)
    yield "user_rows", len(snapshot.users)
    yield "day_rows", len(snapshot.days)
    yield "made_at", identity.made_at.isoformat()


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
