"""The Excel file: a summary with a chart, the days, the users, the hours, and what the report says of itself.

Every figure is a number and every date a date. Totals are values, not formulas: a viewer that does not calculate
(a mail preview, a phone, a script) shows them too, and they are the control totals of the snapshot. An empty row parts
the totals from the rows above, so that filtering, sorting and pivot tables leave them out.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator

from openpyxl import Workbook
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.utils import get_column_letter

from signtally.domain.actions import Action, Counts
from signtally.domain.activity import HOURS_A_DAY, PeriodActivity
from signtally.domain.periods import DAYS_A_WEEK
from signtally.domain.snapshot import ReportIdentity, UserUsage
from signtally.render.contents import Contents
from signtally.render.excel_chart import daily_chart
from signtally.render.formats import UNDEFINED, rounded, shortened, utc_offset
from signtally.render.insights import InsightContents
from signtally.render.restatements import changed_measures, why
from signtally.render.spreadsheet import Sheet, Style, Value, argb, column_width, lines, packed
from signtally.render.theme import mixed

# Excel's limit is 1,048,576 with the header; the total and its empty row follow on the last sheet.
MOST_ROWS_PER_SHEET = 1_000_000
_WIDTHS_LOOK_AT = 2_000
_MOST_COLUMNS_UPRIGHT = 10
_FOOTER_LIMIT_CHARACTERS = 60

_DECIMAL = "#,##0.0"
_NUMBER, _SIGNED, _PERCENT = "#,##0", "+#,##0;−#,##0;±0", "0.0%"
_SIGNED_PERCENT, _SIGNED_POINTS = "+0%;−0%;±0%", '+0.0" pts";−0.0" pts";±0.0" pts"'
_DATE, _WEEKDAY, _INSTANT = "d mmm yyyy", "ddd", "d mmm yyyy hh:mm"
_TITLE = Style(size=20, bold=True, rule=None, wrap=True)
_CAPTION = Style(colour="muted", rule=None, wrap=True)
_SECTION = Style(size=12, bold=True, rule=None)
_HEAD = Style(bold=True, colour="muted", fill="surface", rule="neutral")
_HEAD_RIGHT = Style(bold=True, colour="muted", fill="surface", rule="neutral", align="right", wrap=True)
# Left even where a name is written from right to left: in a column of names its start is looked for there.
_TEXT, _MUTED = Style(align="left"), Style(colour="muted", align="left")
_PROSE = Style(wrap=True, vertical="top", align="left")
_TERM = Style(wrap=True, vertical="top", bold=True)
_NOTE = Style(wrap=True, vertical="top", colour="muted")
_COUNT = Style(number_format=_NUMBER)
_COUNT_MUTED = Style(number_format=_NUMBER, colour="muted")
_COUNT_BOLD = Style(number_format=_NUMBER, bold=True)
_ASIDE = Style(colour="muted", align="right")
_SHARE = Style(number_format=_PERCENT, align="right")
_SUM = Style(bold=True, rule=None, rule_above="neutral")
_SUM_COUNT = Style(bold=True, rule=None, rule_above="neutral", number_format=_NUMBER)
_SUM_SHARE = Style(bold=True, rule=None, rule_above="neutral", number_format=_PERCENT, align="right")
_HEADER_HEIGHT, _GAP_HEIGHT, _ABOUT_LINE = 20, 6, 15.5  # points
_SUMMARY_WIDTHS, _ABOUT_WIDTHS = (26, 24, 24, 13, 13), (24, 28, 72)  # characters of the body's size
_BODY_SIZE = 10
_PROSE_DENSITY = 1.15  # letters are narrower than the figures that widths are measured in
_MEASURE_COLUMNS = len(Action)


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file; equal bytes for an equal snapshot and identity."""
    workbook = Workbook(write_only=True)
    _describe(workbook, contents, identity)
    summary = Sheet(workbook, "Summary", theme=contents.theme)
    _write_summary(summary, contents)
    _write_days(Sheet(workbook, "Days", theme=contents.theme), contents)
    _write_users(workbook, contents)
    activity = contents.snapshot.insights.activity if contents.snapshot.insights else None
    if activity is not None:
        _write_hours(Sheet(workbook, "Hours", theme=contents.theme), contents, activity)
    if contents.snapshot.restated:
        _write_restated(Sheet(workbook, "Restated", theme=contents.theme), contents)
    _write_about(Sheet(workbook, "About", theme=contents.theme), contents, identity)
    return packed(workbook, made_at=identity.made_at)


def _describe(workbook: Workbook, contents: Contents, identity: ReportIdentity) -> None:
    about = workbook.properties
    about.title = f"{contents.tenant_name}: usage for {contents.period_in_text}"
    about.creator = about.lastModifiedBy = "Signtally"
    about.subject = "Usage report"
    about.description = f"{identity.report_id}, version {identity.version}; data through {contents.data_through}"
    about.language = contents.formats.language_tag


def _footer(contents: Contents) -> str:
    return f"{shortened(contents.tenant_name, _FOOTER_LIMIT_CHARACTERS)} · Usage for {contents.period_in_text}"


def _write_summary(sheet: Sheet, contents: Contents) -> None:
    sheet.widths(*_SUMMARY_WIDTHS)
    sheet.printed(title=_footer(contents), landscape=False, repeat_header=False)
    _write_masthead(sheet, contents)
    changes = ["Difference", "Change"] if contents.is_over else []
    heads = ["Measure", contents.period, contents.previous_period, *changes]
    height = max(lines(head, _SUMMARY_WIDTHS[1]) for head in heads) * _HEADER_HEIGHT
    sheet.append(heads, [_HEAD, *[_HEAD_RIGHT] * (len(heads) - 1)], height=height)
    for values, styles in _summary_rows(contents):
        sheet.append(values[: len(heads)], styles[: len(heads)])
    sheet.append([], [])
    _write_line(sheet, contents.comparison, Style(colour="muted", rule=None, wrap=True))
    sheet.append([], [])
    insights = InsightContents.of(contents)
    if insights is not None:
        _write_insights(sheet, insights)
    sheet.worksheet.add_chart(daily_chart(contents, days_sheet="Days"), f"A{sheet.rows_written + 1}")


def _write_masthead(sheet: Sheet, contents: Contents) -> None:
    _write_line(sheet, contents.tenant_name, Style(size=11, bold=True, colour="accent", rule=None, wrap=True))
    _write_line(sheet, f"Usage for {contents.period_in_text}", _TITLE)
    _write_line(sheet, contents.lead, _CAPTION)
    if not contents.is_on_activity:
        _write_line(sheet, contents.basis, _CAPTION)
    _write_line(sheet, contents.freshness, Style(bold=True, rule=None, wrap=True))
    if contents.caveat:
        _write_line(sheet, contents.caveat, Style(bold=True, colour="warning", rule=None, wrap=True))
    sheet.append([], [])


def _write_line(sheet: Sheet, text: str, style: Style) -> None:
    characters = round(sum(_SUMMARY_WIDTHS) * _BODY_SIZE / style.size)
    sheet.append_wide(text, style, columns="A:E", characters=characters)


def _summary_rows(contents: Contents) -> Iterator[tuple[list[Value], list[Style]]]:
    """Five columns each; the last two fall away while the period is not over."""
    signed, change = Style(number_format=_SIGNED, colour="muted"), Style(number_format=_SIGNED_PERCENT, colour="muted")
    for line in contents.measures:
        share: Value = (line.now - line.before) / line.before if line.before else line.change
        right = Style(colour="muted", align="right")
        yield (
            [line.heading, line.now, line.before, line.now - line.before, share],
            [_TEXT, _COUNT, _COUNT_MUTED, signed, change if line.before else right],
        )
    points = Style(number_format=_SIGNED_POINTS, colour="muted", align="right")
    for rate in contents.rates:
        both = rate.now is not None and rate.before is not None
        moved: Value = float(rounded(((rate.now or 0) - (rate.before or 0)) * 100, 1)) if both else UNDEFINED
        values: list[Value] = [rate.heading, _or_dash(rate.now), _or_dash(rate.before), moved, None]
        yield values, [_TEXT, _SHARE, Style(number_format=_PERCENT, colour="muted", align="right"), points, _MUTED]
    yield ["Active senders", contents.snapshot.active_senders, None, None, None], [_TEXT, _COUNT, *[_MUTED] * 3]
    if contents.allowance is not None:
        allowed, share = contents.allowance.allowed, _or_dash(contents.allowance.share)
        month = contents.formats.month(contents.allowance.month.first)
        yield [f"Allowance for {month}", allowed, None, None, None], [_TEXT, _COUNT, *[_MUTED] * 3]
        yield ["Allowance used", share, None, None, None], [_TEXT, _SHARE, *[_MUTED] * 3]


def _write_insights(sheet: Sheet, insights: InsightContents) -> None:
    """A second table below the totals: a figure a row, and beside it what it rests on."""
    title = "Documents and hours" if insights.hours else "Documents"
    sheet.append([title, None, None, None, None], [_HEAD, _HEAD_RIGHT, *[_HEAD] * 3], height=_HEADER_HEIGHT)
    for label, value, note in _insight_rows(insights):
        figure = dataclasses.replace(_COUNT, number_format=_format_of(value), align="right")
        sheet.append([label, value, note, None, None], [_TEXT, figure, *[_ASIDE] * 3])
        sheet.worksheet.merged_cells.add(f"C{sheet.rows_written}:E{sheet.rows_written}")
    sheet.append([], [])
    if insights.allowance:
        _write_line(sheet, insights.allowance, _CAPTION)
        sheet.append([], [])


def _insight_rows(insights: InsightContents) -> Iterator[tuple[str, Value, str]]:
    figures, contents = insights.insights.documents, insights.contents
    took, open_card = figures.turnaround, insights.cards[1]
    rests_on = _rests_on(contents, took.documents if took else 0, of=figures.completed)
    yield "Median turnaround, hours", _hours(took.median if took else None), rests_on
    yield "Mean turnaround, hours", _hours(took.mean if took else None), rests_on
    yield "90th percentile, hours", _hours(took.p90 if took else None), rests_on
    yield open_card.label, figures.open, open_card.note
    activity = insights.insights.activity
    if activity is None:
        yield insights.cards[2].label, insights.insights.distinct_documents - figures.open, insights.cards[2].note
        return
    distinct, busiest = insights.cards[2:]
    yield distinct.label, insights.insights.distinct_documents, distinct.note
    yield busiest.label, busiest.figure, busiest.note
    yield "First activity", *_wall_clock(contents, activity.first_at, nothing=UNDEFINED)
    yield "Last activity", *_wall_clock(contents, activity.last_at, nothing=UNDEFINED)


def _rests_on(contents: Contents, documents: int, *, of: int) -> str:
    number = contents.formats.number
    some = number(documents) if documents == of else f"{number(documents)} of {number(of)}"
    return f"{some} completed {'document' if of == 1 else 'documents'}"


def _hours(duration: dt.timedelta | None) -> Value:
    return UNDEFINED if duration is None else duration / dt.timedelta(hours=1)


def _write_hours(sheet: Sheet, contents: Contents, activity: PeriodActivity) -> None:
    heads = ["Hour", *(contents.formats.weekday(day) for day in range(DAYS_A_WEEK)), "All days"]
    sheet.widths(16, *[12] * (DAYS_A_WEEK + 1))
    sheet.printed(title=_footer(contents), landscape=False, repeat_header=True)
    sheet.worksheet.freeze_panes = "B2"
    tint = argb(mixed(contents.theme.fill, contents.theme.paper, share=0.35))
    scale = ColorScaleRule(  # type: ignore[no-untyped-call]  # openpyxl's stubs leave it out
        start_type="num", start_value=0, start_color=argb(contents.theme.paper), end_type="max", end_color=tint
    )
    sheet.worksheet.conditional_formatting.add(f"B2:H{HOURS_A_DAY + 1}", scale)
    sheet.append(heads, [_HEAD, *[_HEAD_RIGHT] * (DAYS_A_WEEK + 1)], height=_HEADER_HEIGHT)
    for hour in range(HOURS_A_DAY):
        of_days = [hours[hour] for hours in activity.week]
        sheet.append(
            [contents.formats.hour(hour), *of_days, sum(of_days)], [_TEXT, *[_COUNT] * DAYS_A_WEEK, _COUNT_BOLD]
        )
    sheet.append([], [], height=_GAP_HEIGHT)
    totals = [sum(hours) for hours in activity.week]
    sheet.append(["Total", *totals, sum(totals)], [_SUM, *[_SUM_COUNT] * (DAYS_A_WEEK + 1)])


def _write_days(sheet: Sheet, contents: Contents) -> None:
    days = contents.snapshot.days
    heads = ["Date", "Weekday", *_measure_heads(contents)]
    sheet.widths(14, 10, *[11.5] * _MEASURE_COLUMNS)
    _list_sheet(sheet, contents, columns=len(heads), rows=len(days), frozen="C2")
    sheet.append(heads, [_HEAD, _HEAD, *[_HEAD_RIGHT] * _MEASURE_COLUMNS], height=_HEADER_HEIGHT)
    left = Style(number_format=_DATE, align="left")
    styles = [left, Style(number_format=_WEEKDAY, colour="muted", align="left"), *[_COUNT] * _MEASURE_COLUMNS]
    for usage in days:
        sheet.append([usage.day, usage.day, *usage.counts.as_tuple()], styles)
    sheet.append([], [], height=_GAP_HEIGHT)
    total = ["Total", None, *contents.snapshot.totals.as_tuple()]
    sheet.append(total, [_SUM, _SUM, *[_SUM_COUNT] * _MEASURE_COLUMNS])


def _write_restated(sheet: Sheet, contents: Contents) -> None:
    """One row a day and measure that changed."""
    heads = ["Date", "Measure", "Changed", "Why", "Before", "Now", "Difference"]
    rows = [(day, *change) for day in contents.snapshot.restated for change in changed_measures(day)]
    sheet.widths(14, 14, 20, 30, 11.5, 11.5, 11.5)
    _list_sheet(sheet, contents, columns=len(heads), rows=len(rows), frozen="A2")
    sheet.append(heads, [*[_HEAD] * 4, *[_HEAD_RIGHT] * 3], height=_HEADER_HEIGHT)
    left, signed = Style(number_format=_DATE, align="left"), Style(number_format=_SIGNED, colour="muted")
    styles = [left, _TEXT, Style(number_format=_INSTANT, align="left"), _MUTED, _COUNT_MUTED, _COUNT, signed]
    for day, action, before, after in rows:
        changed, _ = _wall_clock(contents, day.restated_at, nothing=UNDEFINED)
        sheet.append(
            [day.day, contents.heading(action), changed, why(day, contents.formats), before, after, after - before],
            styles,
        )


def _write_users(workbook: Workbook, contents: Contents) -> None:
    """One sheet, or several when there are more users than a sheet has rows."""
    users = iter(contents.snapshot.users)
    parts = max(1, -(-len(contents.snapshot.users) // MOST_ROWS_PER_SHEET))
    for part in range(1, parts + 1):
        sheet = Sheet(workbook, "Users" if part == 1 else f"Users {part}", theme=contents.theme)
        chunk = list(itertools.islice(users, MOST_ROWS_PER_SHEET))
        _write_user_rows(sheet, contents, chunk)
    sheet.append([], [], height=_GAP_HEIGHT)
    sheet.append(
        ["Total", None, None, *_figures(contents.snapshot.totals)],
        [_SUM, _SUM, _SUM, *[_SUM_COUNT] * _MEASURE_COLUMNS, _SUM_SHARE],
    )


def _write_user_rows(sheet: Sheet, contents: Contents, users: list[UserUsage]) -> None:
    heads = ["User", "Email", "User id", *_measure_heads(contents), "Completion rate"]
    sample = users[:_WIDTHS_LOOK_AT]
    names = column_width([user.user_name for user in sample], least=18, most=42)
    emails = column_width([user.user_email for user in sample], least=18, most=42)
    ids = column_width([user.user_id for user in sample], least=12, most=38)
    sheet.widths(names, emails, ids, *[11.5] * _MEASURE_COLUMNS, 15)
    _list_sheet(sheet, contents, columns=len(heads), rows=len(users), frozen="B2")
    sheet.append(heads, [_HEAD, _HEAD, _HEAD, *[_HEAD_RIGHT] * (_MEASURE_COLUMNS + 1)], height=_HEADER_HEIGHT)
    styles = [_TEXT, _MUTED, _MUTED, *[_COUNT] * _MEASURE_COLUMNS, _SHARE]
    for user in users:
        sheet.append([user.user_name, user.user_email, user.user_id, *_figures(user.counts)], styles)


def _write_about(sheet: Sheet, contents: Contents, identity: ReportIdentity) -> None:
    sheet.widths(*_ABOUT_WIDTHS)
    sheet.printed(title=_footer(contents), landscape=False, repeat_header=False)
    sheet.append(["About this report"], [_SECTION], height=24)
    _, value_width, note_width = _ABOUT_WIDTHS
    for label, value, note in _facts(contents, identity):
        height = max(lines(str(value), value_width), lines(note, note_width)) * _ABOUT_LINE
        styles = [_TERM, dataclasses.replace(_PROSE, number_format=_format_of(value)), _NOTE]
        sheet.append([label, value, note], styles, height=height)
    sheet.append([], [])
    sheet.append(["Definitions"], [_SECTION], height=24)
    for line in contents.definitions:
        height = lines(line.meaning, round((value_width + note_width) * _PROSE_DENSITY)) * _ABOUT_LINE
        sheet.append([line.term, line.meaning, None], [_TERM, _PROSE, _PROSE], height=height)
        sheet.worksheet.merged_cells.add(f"B{sheet.rows_written}:C{sheet.rows_written}")


def _facts(contents: Contents, identity: ReportIdentity) -> Iterator[tuple[str, Value, str]]:
    snapshot = contents.snapshot
    yield "Organisation", contents.tenant_name, f"ID {snapshot.tenant.tenant_id}"
    yield "Period", contents.period, contents.dates
    yield "From", snapshot.period.first, "included"
    yield "To", snapshot.period.last, "included"
    yield "Previous period", contents.previous_period, contents.previous_dates
    yield "Time zone", snapshot.tenant.timezone, contents.zone
    yield "Basis", snapshot.basis.capitalize(), contents.definition(f"{snapshot.basis} basis")
    yield "Filter", "All users" if snapshot.user_ids is None else "Some users", contents.filters()
    yield "Data through", *_wall_clock(contents, snapshot.data_through, nothing=contents.data_through)
    yield "User rows", len(snapshot.users), "on the sheet Users"
    yield "Day rows", len(snapshot.days), "on the sheet Days"
    for line in contents.measures:
        yield f"Control total: {line.heading.lower()}", line.now, "the sum of the rows of Days, and of Users"
    yield "Report ID", identity.report_id, ""
    yield "Version", identity.version, ""
    yield "Created", *_wall_clock(contents, identity.made_at, nothing=UNDEFINED)


def _wall_clock(contents: Contents, instant: dt.datetime | None, *, nothing: str) -> tuple[Value, str]:
    """Excel knows no zones: the tenant's clock as a date, the zone beside it."""
    if instant is None:
        return nothing, ""
    local = instant.astimezone(contents.snapshot.tenant.zone)
    name, offset = contents.snapshot.tenant.timezone, utc_offset(local)
    return local.replace(tzinfo=None), name if name == offset else f"{name}, {offset}"


def _list_sheet(sheet: Sheet, contents: Contents, *, columns: int, rows: int, frozen: str) -> None:
    sheet.printed(title=_footer(contents), landscape=columns > _MOST_COLUMNS_UPRIGHT, repeat_header=True)
    sheet.worksheet.freeze_panes = frozen
    sheet.worksheet.auto_filter.ref = f"A1:{get_column_letter(columns)}{rows + 1}"


def _measure_heads(contents: Contents) -> list[str]:
    return [contents.heading(action) for action in Action]


def _figures(counts: Counts) -> tuple[Value, ...]:
    return *counts.as_tuple(), _or_dash(counts.completion_rate)


def _or_dash(share: float | None) -> Value:
    return UNDEFINED if share is None else share


def _format_of(value: Value) -> str:
    if isinstance(value, dt.datetime):
        return _INSTANT
    if isinstance(value, dt.date):
        return _DATE
    if isinstance(value, float):
        return _DECIMAL
    return _NUMBER if isinstance(value, int) else "General"
