"""The PDF file: a tagged report (PDF/UA-1), made from `templates/report` and printed by `printing`."""

from signtally.domain.actions import Counts
from signtally.domain.definitions import Definition
from signtally.domain.snapshot import ReportIdentity
from signtally.render.chart import Bar, usage_chart
from signtally.render.contents import Contents
from signtally.render.drawing import Look
from signtally.render.faces import POINTS_A_PIXEL, Face
from signtally.render.highlights import allowance_line, highlight_sentences
from signtally.render.insights import InsightContents
from signtally.render.paper import LETTER, paper_of
from signtally.render.people import people_list
from signtally.render.printing import printed, text_width
from signtally.render.progress import (
    funnel,
    funnel_description,
    oldest_open,
    open_documents,
    trend_chart,
    trend_note,
    trend_rows,
)
from signtally.render.restatements import restatement_lines
from signtally.render.templating import environment
from signtally.render.version_changes import changes_line
from signtally.render.visible_text import shortened, within_columns

MOST_RESTATED_DAYS_PRINTED = 31
MOST_DAYS_PRINTED = 62  # of a longer period, weeks or months
_FOOTER_COLUMNS = 50  # of the tenant's name, so that the period beside it is never cut
_TITLE_LIMIT_CHARACTERS = 120  # of the tenant's name in the document's title, which a window shows
_TABLE_POINTS = 8.2
_CHART_HEIGHT, _CHART_HEIGHT_ON_LETTER = 204, 152  # quarters of a millimetre: below it, the totals have room on page 1


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file; equal bytes for an equal snapshot and identity."""
    return printed(
        page(contents, identity),
        paper=paper_of(contents.formats.locale),
        look=look(contents),
        identifier=_identifier(contents, identity),
        made_at=int(identity.made_at.timestamp()),
    )


def page(contents: Contents, identity: ReportIdentity) -> str:
    """The HTML behind the file, without its style sheet: well-formed, so that it is XML as well."""
    template = environment(contents.words).get_template("report/report.html")
    return template.render(
        contents=contents,
        identity=identity,
        snapshot=contents.snapshot,
        formats=contents.formats,
        theme=contents.theme,
        logo=_own_logo(contents),
        footer_name=within_columns(contents.tenant_name, _FOOTER_COLUMNS),
        title_name=shortened(contents.tenant_name, _TITLE_LIMIT_CHARACTERS),
        sentences=highlight_sentences(contents),
        allowance=allowance_line(contents),
        is_empty=not any(contents.snapshot.totals.as_tuple()),
        changes=changes_line(identity.changes, contents.formats),
        facts=contents.facts(identity),
        definitions=_in_columns(contents.definitions),
        **_sections(contents),
    )


def _sections(contents: Contents) -> dict[str, object]:
    """What the parts of the page show."""
    return {
        "chart": usage_chart(contents),
        "chart_height": _CHART_HEIGHT_ON_LETTER if paper_of(contents.formats.locale) is LETTER else _CHART_HEIGHT,
        "days": _days(contents),
        "funnel": funnel(contents),
        "funnel_description": funnel_description(contents),
        "insights": InsightContents.of(contents),
        "open_count": len(open_documents(contents)),
        "oldest_open": oldest_open(contents),
        "trend": trend_rows(contents),
        "trend_chart": trend_chart(contents),
        "trend_note": trend_note(contents),
        "users": people_list(contents),
        "restated": restatement_lines(contents),
        "most_restated": MOST_RESTATED_DAYS_PRINTED,
    }


def _days(contents: Contents) -> tuple[str, list[tuple[str, Counts]]]:
    """A title and rows, day by day or by the steps of a longer period; no rows for a day, which is the whole report."""
    chart = usage_chart(contents, most_bars=MOST_DAYS_PRINTED)
    rows = [(_step_name(chart.step, bar, contents), bar.counts) for bar in chart.bars]
    return chart.table_title, rows if len(rows) > 1 else []


def _step_name(step: str, bar: Bar, contents: Contents) -> str:
    match step:
        case "day":
            return contents.formats.weekday_date(bar.first)
        case "month":
            return contents.formats.month(bar.first)
        case _:
            return contents.formats.dates(bar.first, bar.last)


def look(contents: Contents) -> Look:
    """Of upright pages."""
    theme = contents.theme
    families = tuple(family.strip(' "') for family in theme.sans.split(","))
    is_right_to_left = contents.words.direction == "rtl"
    face = Face(families, _TABLE_POINTS / POINTS_A_PIXEL, 400, contents.formats.language_tag, is_right_to_left)
    return Look(text_width(paper_of(contents.formats.locale)), face, theme)


def _in_columns(definitions: tuple[Definition, ...]) -> tuple[tuple[Definition, ...], tuple[Definition, ...]]:
    """Two columns of about as much text."""
    lengths = [len(line.term) + len(line.meaning) for line in definitions]
    half, cut = sum(lengths) / 2, 0
    while sum(lengths[: cut + 1]) <= half:
        cut += 1
    return definitions[: cut + 1], definitions[cut + 1 :]


def _own_logo(contents: Contents) -> str | None:
    """The tenant's logo as stores hand it out: a small PNG. Nothing else is drawn here, where no limit holds."""
    logo = contents.snapshot.tenant.branding.logo
    return logo if logo and logo.startswith("data:image/png;") else None


def _identifier(contents: Contents, identity: ReportIdentity) -> bytes:
    return f"{contents.snapshot.tenant.tenant_id}/{identity.report_id}/{identity.version}".encode()
