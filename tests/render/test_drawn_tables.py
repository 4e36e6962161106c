"""How a printed table shares its width among columns, and that none is too small to be read."""

import dataclasses
import itertools
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.periods import parse_period
from signtally.domain.snapshot import InactiveUser, UsageSnapshot
from signtally.render import pdf
from signtally.render.contents import Contents
from signtally.render.drawing import Look
from signtally.render.drawn_tables import RowBlock
from signtally.render.faces import POINTS_A_PIXEL, Face
from signtally.render.pagination import Block, paginated
from signtally.render.paper import paper_of
from signtally.render.printing import text_width
from signtally.render.report_flow import ReportFlow
from signtally.render.table_layout import LEGIBLE_POINTS, Columns, SetRow, distinct, table_of
from signtally.render.theme import Theme
from signtally.render.translation import LANGUAGES
from tests.support.report_samples import ACME, IDENTITY, user
from tests.support.whole_reports import whole_report

_FACE = Face(("Inter", "Noto Sans"), size=11, weight=400, language="de", is_right_to_left=False)
_LOOK = Look(670, _FACE, Theme())
_HEADS = ("Gesendet", "Erhalten", "Angesehen", "Unterzeichnet", "Abgeschlossen", "Abgelehnt", "Storniert", "Abgelaufen")


def _table(*rows: str, heads: str, look: Look = _LOOK) -> tuple[Columns, list[SetRow]]:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    element = ET.fromstring(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")  # noqa: S314  # ours
    found = table_of(element)
    columns = Columns(found, look=look)
    return columns, [SetRow(row, columns) for row in found]


def _texts(row: SetRow) -> list[list[str]]:
    return [[line.shaped.text for line in cell.lines] for cell in row.cells]


def test_one_endless_word_makes_no_other_cell_smaller() -> None:
    """It is broken instead; the letters of a table of 200-character names were once too small to read."""
    columns, _ = _table(
        f'<th scope="row">d1</th><td class="text">{"W" * 200}</td><td>7</td>',
        heads='<th>Document</th><th class="text">Sender</th><th>Days</th>',
    )
    assert columns.look.face.size == _LOOK.face.size
    assert sum(columns.widths) <= _LOOK.width + 0.01


def test_long_headings_are_hyphenated_before_the_table_is_set_smaller() -> None:
    heads = "".join(
        f"<th>{head}</th>" for head in ("Benutzer", *_HEADS, "Abschlussquote", "Durchlaufzeit", "Aktivität")
    )
    row = '<th scope="row">Maximilian Oberhuber-Schmidt</th>' + "<td>1.234</td>" * (len(_HEADS) + 3)
    columns, (head, _) = _table(row, heads=heads)
    assert columns.look.face.size == _LOOK.face.size
    assert ["Abge-", "schlossen"] in _texts(head)


def test_a_text_is_on_one_line_where_others_leave_room() -> None:
    _, (_, row) = _table(
        '<th scope="row">d1</th><td class="text">Annegret von der Heydt</td><td>7</td><td>8</td><td>9</td>',
        heads='<th>Document</th><th class="text">Sender</th><th>Days</th><th>Days</th><th>Days</th>',
    )
    assert _texts(row)[1] == ["Annegret von der Heydt"]


def test_details_stand_below_all_names_where_many_have_no_room_beside_them() -> None:
    named = '<th scope="row">{}<i>{}@northwind.example</i></th>' + "<td>1234567</td>" * 8
    heads = "<th>User</th>" + "<th>Sent</th>" * 8
    _, (_, *rows) = _table(*(named.format(name, name * 9) for name in ("Ann", "Benedict", "Clementine")), heads=heads)
    assert {len({line.y for line in row.cells[0].lines}) for row in rows} == {2}


def test_an_email_is_read_as_it_is_written_in_arabic_too() -> None:
    """One that begins with digits was printed as `acme.example@007`."""
    look = dataclasses.replace(_LOOK, face=dataclasses.replace(_FACE, is_right_to_left=True))
    named = '<th scope="row">{}<i>{}</i></th><td class="text">{}</td><td>7</td>'
    rows = [named.format(name, "007@acme.example", name) for name in ("007 Ann (Ltd.)", "محمد (5) علي", "12–14")]
    _, (_, latin, arabic, figures) = _table(*rows, heads="<th>D</th><th>S</th><th>N</th>", look=look)
    runs_left = [
        [line.shaped.face.is_right_to_left for cell in row.cells for line in cell.lines]
        for row in (latin, arabic, figures)
    ]
    assert runs_left == [[False, False, False, True], [True, False, True, True], [True, False, True, True]]


@pytest.mark.parametrize("is_right_to_left", [False, True])
def test_a_number_that_tells_equal_rows_apart_stays_in_its_column(is_right_to_left: bool) -> None:  # noqa: FBT001
    """Behind a name as wide as the column, it was printed over the next one."""
    look = dataclasses.replace(_LOOK, face=dataclasses.replace(_FACE, is_right_to_left=is_right_to_left))
    long = '<th scope="row">{}{}</th><td class="text">Ann</td><td>7</td>'
    detailed = long.format("d" * 200, f"<i>{'e' * 200}@example.com</i>")
    rows = [long.format("d" * 200, ""), long.format("d" * 200, ""), detailed, detailed, long.format("d1", "")]
    columns, found = _table(*rows, long.format("d1", ""), heads="<th>D</th><th>S</th><th>N</th>", look=look)
    marks = [row.cells[0].lines[-1] for row in distinct(found)]
    assert [mark.shaped.text for mark in marks if mark.shaped.text.startswith("(")] == ["(2)"] * 3
    for row in found:
        spans = sorted((line.y, line.x, line.x + line.shaped.width) for line in row.cells[0].lines)
        assert all(one[2] < other[1] for one, other in itertools.pairwise(spans) if one[0] == other[0])
        assert all(
            columns.left(0) - 0.01 <= begins and ends <= columns.left(0) + columns.room(0) + 0.01
            for _, begins, ends in spans
        )


@pytest.mark.parametrize("locale", ["en-US" if each == "en" else each for each in LANGUAGES])  # Letter is narrower
def test_no_table_is_set_smaller_than_people_read(locale: str) -> None:
    """Users with counts of seven digits were set in 4 pt; now their pages are in landscape."""
    many = Counts(*[9_999_999] * len(MEASURES))
    people = tuple(user(number, f"Maximilian {number}", f"m{number}@acme.example", many) for number in range(11))
    report = whole_report(people, period=parse_period("2025"), tenant=ACME.model_copy(update={"locale": locale}))
    contents = Contents(dataclasses.replace(report, previous_totals=report.totals))
    upright, paper = pdf.look(contents), paper_of(contents.formats.locale)
    body = ET.fromstring(pdf.page(contents, IDENTITY)).find("body")  # noqa: S314 -- our own
    assert body is not None
    wide = dataclasses.replace(upright, width=text_width(paper.turned))
    blocks = [
        block for block in ReportFlow(body, look=upright, wide=wide).blocks if isinstance(block.picture, RowBlock)
    ]
    assert {len(row.cells) for block in blocks if block.is_wide for row in _rows(block)} == {14}
    for block in blocks:
        lines = [line for row in _rows(block) for cell in row.cells for line in cell.lines]
        smallest = min(line.shaped.face.size for line in lines) * POINTS_A_PIXEL
        assert smallest >= 0.88 * LEGIBLE_POINTS  # of the emails below names
        assert not any("…" in line.shaped.text for line in lines)  # weeks neither
        width = (wide if block.is_wide else upright).width
        assert all(line.x >= -0.01 and line.x + line.shaped.width <= width + 0.01 for line in lines)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_users_stay_upright_where_no_name_is_cut(locale: str) -> None:
    """Ordinary counts and names: 200 users took two to six pages more in landscape. Most emails are whole."""
    counts = Counts(sent=38, received=51, viewed=44, signed=30, completed=29, declined=2, cancelled=1, expired=1)
    people = tuple(
        user(number, f"Christiane Vollmer {number}", f"c.vollmer.{number}@acme.example", counts) for number in range(12)
    )
    long = InactiveUser("u_1", "W" * 60, f"{'w' * 90}@acme.example", Counts(*[9_999_999] * len(MEASURES)), None)
    report = whole_report(people, tenant=ACME.model_copy(update={"locale": locale}))
    users = _rows_of_users(dataclasses.replace(report, inactive_users=(long,)))
    shown = [text for row in users for text in row.shown]
    assert [text for text in shown if text.startswith("Christiane")] == [one.user_name for one in people]
    assert sum("…" in text for text in shown) <= len(people) / 4


def test_a_few_long_names_on_two_lines_turn_no_page() -> None:
    """One `Marie-Françoise Dubois-Delacroix` turned the pages of fifty users."""
    heads = "<th>Utilisateur</th>" + "".join(f"<th>{head}</th>" for head in ("Envoyés",) * 13)
    figures = "<td>12 345</td>" * 13
    names = ("Marie-Françoise Dubois-Delacroix", *("Amélie Moreau",) * 4)
    rows = [f"<th>{name}<i>user.{number}@acme.example</i></th>{figures}" for number, name in enumerate(names)]
    look = dataclasses.replace(_LOOK, width=600)
    columns, (_, long, *_) = _table(*rows, heads=heads, look=look)
    assert columns.is_roomy
    assert long.shown == ("Marie-Françoise", "Dubois-Delacroix", "user.0@acme.example")
    columns, _ = _table(*rows[:1] * 2, *rows[1:], heads=heads, look=look)
    assert not columns.is_roomy, "more than a few would make a longer list than landscape does"


def test_sections_in_landscape_come_last() -> None:
    """Before them, no page ends early."""
    many = Counts(*[9_999_999] * len(MEASURES))
    report = whole_report(tuple(user(number, f"Ann {number}", None, many) for number in range(12)))
    flow = _flow_of(report)
    wide = [block.is_wide for block in flow.blocks]
    assert wide == sorted(wide)
    assert any(wide)


def test_no_page_has_but_the_last_row_or_two_of_a_table() -> None:
    """Wherever a page ends: one day and the total of the month stood alone on the last page."""
    people = tuple(user(number, f"Ann {number}", None, Counts(sent=number)) for number in range(1, 40))
    blocks = _flow_of(whole_report(people)).blocks
    for height in range(300, 1100, 7):
        for page in paginated(blocks, height=height):
            if page.placed[0].block is None:  # a table goes on
                table = page.placed[0].picture
                rest = [each.block for each in page.placed if each.block and each.block.head is table]
                assert sum(len(_rows(block)) for block in rest) >= 4


def _rows_of_users(report: UsageSnapshot) -> list[SetRow]:
    """Upright."""
    blocks = _flow_of(report).blocks
    assert not any(block.is_wide for block in blocks)
    rows = [row for block in blocks if isinstance(block.picture, RowBlock) for row in _rows(block)]
    return [row for row in rows if len(row.cells) == 14]


def _flow_of(report: UsageSnapshot) -> ReportFlow:
    contents = Contents(dataclasses.replace(report, previous_totals=report.totals))
    look, paper = pdf.look(contents), paper_of(contents.formats.locale)
    body = ET.fromstring(pdf.page(contents, IDENTITY)).find("body")  # noqa: S314  # our own
    assert body is not None
    return ReportFlow(body, look=look, wide=dataclasses.replace(look, width=text_width(paper.turned)))


def _rows(block: Block) -> Sequence[SetRow]:
    assert isinstance(block.picture, RowBlock)
    return block.picture.rows
