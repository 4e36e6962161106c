"""The PDF file: a tagged report (PDF/UA-1), made from `templates/report` and printed by `printing`."""

import functools

from signtally.domain.actions import Counts
from signtally.domain.definitions import Definition
from signtally.domain.snapshot import ReportIdentity
from signtally.render.chart import usage_chart
from signtally.render.contents import Contents, rest_of, shown_names
from signtally.render.drawn_tables import TableLook
from signtally.render.formats import shortened
from signtally.render.highlights import highlight_sentences
from signtally.render.insights import InsightContents
from signtally.render.paper import paper_of, pixels
from signtally.render.printing import printed
from signtally.render.restatements import restatement_lines
from signtally.render.shaped_text import Face
from signtally.render.templating import environment

MOST_USERS_PRINTED = 200  # a longer list is for a screen; the file says how many it leaves out
MOST_RESTATED_DAYS_PRINTED = 31
SIDE_MARGIN_MM = 16
_FOOTER_LIMIT_CHARACTERS = 80
_POINTS_A_PIXEL = 0.75
_TABLE_POINTS = 8.2


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file; equal bytes for an equal snapshot and identity. Raises ForbiddenUrlError."""
    return printed(
        page(contents, identity),
        style=style_sheet(contents),
        look=_table_look(contents),
        identifier=_identifier(contents, identity),
        made_at=int(identity.made_at.timestamp()),
    )


def page(contents: Contents, identity: ReportIdentity) -> str:
    """The HTML behind the file, without its style sheet: well-formed, so that it is XML as well."""
    users = contents.snapshot.users[:MOST_USERS_PRINTED]
    rest = contents.snapshot.users[MOST_USERS_PRINTED:]
    return (
        environment(contents.words)
        .get_template("report/report.html")
        .render(
            contents=contents,
            highlights=highlight_sentences(contents),
            insights=InsightContents.of(contents),
            restated=restatement_lines(contents),
            most_restated=MOST_RESTATED_DAYS_PRINTED,
            snapshot=contents.snapshot,
            identity=identity,
            facts=contents.facts(identity),
            formats=contents.formats,
            theme=contents.theme,
            chart=usage_chart(contents),
            logo=_own_logo(contents),
            users=users,
            names=shown_names,
            rest_count=len(rest),
            rest=rest_of(contents.snapshot.totals, Counts.total(user.counts for user in users)),
            footer_name=shortened(contents.tenant_name, _FOOTER_LIMIT_CHARACTERS),
            definitions=_in_columns(contents.definitions),
        )
    )


def style_sheet(contents: Contents) -> str:
    """The same for every report in one colour, language and paper, so that it is parsed once."""
    paper, theme = paper_of(contents.formats.locale), contents.theme
    template = environment().get_template("report/report.css")
    return template.render(theme=theme, paper=paper, margin_mm=SIDE_MARGIN_MM, direction=contents.words.direction)


def _table_look(contents: Contents) -> TableLook:
    theme = contents.theme
    families = tuple(family.strip(' "') for family in theme.sans.split(","))
    is_right_to_left = contents.words.direction == "rtl"
    face = Face(families, _TABLE_POINTS / _POINTS_A_PIXEL, 400, contents.formats.language_tag, is_right_to_left)
    width = pixels(paper_of(contents.formats.locale).width_mm - 2 * SIDE_MARGIN_MM)
    return TableLook(
        width, face, *(_operands(colour) for colour in (theme.ink, theme.muted, theme.line, theme.neutral))
    )


@functools.lru_cache(256)
def _operands(colour: str) -> bytes:
    """`#rrggbb` as PDF has it: three shares of 0–1."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5)).encode()


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
