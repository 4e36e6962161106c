"""Texts that are cut, wrapped and set in cards: nothing sticks out, nothing is lost that has room."""

import itertools
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.render.drawing import Look
from signtally.render.drawn_cards import CardRow, DrawnCards
from signtally.render.drawn_charts import DrawnChart
from signtally.render.drawn_lists import DrawnList
from signtally.render.faces import Face
from signtally.render.fitted_text import fitted, wrapped, wrapped_by_parts
from signtally.render.markup_text import text_of
from signtally.render.shaped_text import shaped
from signtally.render.theme import Theme
from tests.support.examples import examples

_FAMILIES = ("Inter", "Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic")
LATIN = Face(_FAMILIES, 11.0, 400, "en", is_right_to_left=False)
ARABIC = Face(_FAMILIES, 11.0, 400, "ar", is_right_to_left=True)
_LABELS = ("Documents",) * 4
_ROUNDING = 0.01  # pixels

_texts = st.text(st.sampled_from("abcWil .,-@ÄßéΩж山田ñüمستند"), min_size=1, max_size=40).filter(str.strip)
_faces = st.sampled_from([LATIN, ARABIC])


@settings(max_examples=examples(60))
@given(text=_texts, face=_faces, width=st.floats(20, 300), keeps_end=st.booleans())
def test_a_text_is_cut_no_shorter_than_it_must_be(text: str, face: Face, width: float, *, keeps_end: bool) -> None:
    line = fitted(text, face, width, keeps_end=keeps_end)
    if shaped(text, face).width <= width:
        assert line.text == text
        return
    beginning, ellipsis, end = line.text.partition("…")
    assert ellipsis
    assert text.startswith(beginning)
    assert text.endswith(end)
    assert bool(end) is keeps_end
    assert line.width <= width or not beginning
    left_out = text[len(beginning) : len(text) - len(end)]
    more = next(lengths for lengths in itertools.count(1) if left_out[:lengths].strip() or lengths == len(left_out))
    longer = f"{beginning}{left_out[:more]}…{end}"
    assert len(longer) > len(text) or shaped(longer, face).width > width


@settings(max_examples=examples(60))
@given(text=_texts, face=_faces, width=st.floats(60, 300), indent=st.sampled_from([0.0, 25.0]))
def test_lines_hold_the_whole_text_and_fit(text: str, face: Face, width: float, indent: float) -> None:
    lines = wrapped(text, face, width, most_lines=100, indent=indent)
    assert "".join("".join(line.text for line in lines).split()) == "".join(text.split())
    rooms = [width - indent, *itertools.repeat(width, len(lines) - 1)]
    assert all(line.width <= room + _ROUNDING for line, room in zip(lines, rooms, strict=True))


@settings(max_examples=examples(40))
@given(
    face=_faces,
    figures=st.lists(st.integers(0, 10**15).map("{:,}".format), min_size=1, max_size=4),
    change=st.sampled_from(["", "+2,525%", "±0.0 pts"]),
    share=st.none() | st.floats(0, 100),
    note=st.sampled_from(["", "8 in the previous month", "Abgeschlossene Nutzungsberichtsempfängerinnen"]),
)
def test_no_card_sticks_out_of_its_box(
    *, face: Face, figures: list[str], change: str, share: float | None, note: str
) -> None:
    cards = _cards(figures, face=face, change=change, share=share, note=note)
    width = 640.0 / len(figures)
    for index, card in enumerate(cards.cards):
        number = len(figures) - 1 - index if face.is_right_to_left else index
        lines = [line for paragraph in card.paragraphs for line in paragraph]
        assert all(number * width <= line.x for line in lines)
        assert all(line.x + line.shaped.width <= (number + 1) * width for line in lines)
        assert all(line.y < cards.height for line in lines)
        assert figures[index] in {line.shaped.text for line in lines}
    shown = [card.paragraphs[1][0] for card in cards.cards]
    assert len({(line.shaped.face.size, line.y) for line in shown}) == 1


def test_definitions_stand_beside_their_terms_from_either_side() -> None:
    """A term that leaves no room has its meaning below it."""
    columns = ET.fromstring(  # noqa: S314 -- our own
        '<div class="columns"><ul><li><b>Sent</b> What left draft.</li></ul>'
        f"<ul><li><b>{'Very long term ' * 5}</b> It means this.</li></ul></div>"
    )
    for face in (LATIN, ARABIC):
        ((short,), (long,)) = DrawnList(columns, look=Look(640.0, face, Theme())).columns
        term, meaning = short
        assert term.y == meaning.y
        assert (meaning.x > term.x) is not face.is_right_to_left
        assert long[0].y < long[1].y


def test_figures_stand_on_one_line_however_long_their_labels_are() -> None:
    labels = ("Sent", "Abgeschlossene Dokumente des vorigen Zeitraums", "Offen")
    first, second, third = _cards(["1", "2", "3"], labels=labels).cards
    assert first.paragraphs[1][0].y == second.paragraphs[1][0].y == third.paragraphs[1][0].y


@pytest.mark.parametrize(
    ("label", "shown"), [("Oct", 6), ("10月", 6), ("2026年第4四半期", 3), ("Donaudampfschifffahrt", 2)]
)
def test_labels_below_an_axis_never_touch(label: str, shown: int) -> None:
    """Where there is no room for all, every second or third has its label."""
    texts = "".join(f'<text x="{x}" y="9" text-anchor="middle">{label}</text>' for x in range(25, 300, 50))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 10" font-size="10">{texts}</svg>'
    chart = DrawnChart(ET.fromstring(svg), look=Look(300.0, LATIN, Theme()))  # noqa: S314 -- our own
    assert len(list(ET.fromstring(svg))) - len(chart.left_out) == shown  # noqa: S314


def _cards(figures: list[str], *, labels: Sequence[str] = _LABELS, face: Face = LATIN, **rest: Any) -> DrawnCards:
    cards = "".join(_card(figure, label, **rest) for figure, label in zip(figures, labels, strict=False))
    row = CardRow(ET.fromstring(f'<div class="cards">{cards}</div>'), look=Look(640.0, face, Theme()))  # noqa: S314 -- our own
    return DrawnCards(row, points=row.points)


def _card(figure: str, label: str, *, change: str = "", share: float | None = None, note: str = "") -> str:
    meter = "" if share is None else f'<div class="meter"><div class="filled" style="width: {share:.1f}%"></div></div>'
    span = f' <span class="change">{change}</span>' if change else ""
    return (
        f'<div class="card"><p class="label">{label}</p><p class="figure">{figure}{span}</p>{meter}'
        f'<p class="small">{note}</p></div>'
    )


def test_no_line_ends_within_a_figure_or_before_its_unit() -> None:
    """What the template says is put on one line as HTML does it: no-break spaces stay, so `2 003 400` stays whole."""
    element = ET.Element("p")
    element.text = "\n  Terminés 2\u202f003\u202f400\n  en 2\xa0j\xa04\xa0h\n"
    said = text_of(element)
    assert said == "Terminés 2\u202f003\u202f400 en 2\xa0j\xa04\xa0h"
    lines = [line.text for width in range(70, 130, 5) for line in wrapped(said, LATIN, width, most_lines=9)]
    assert {line for line in lines if line.endswith((" 2", "\u202f003", "j", "4"))} == set()


@pytest.mark.parametrize(
    ("said", "together"),
    [
        ("keine Daten vor dem 6. Okt. 2026", "6. Okt. 2026"),
        ("Sábado, 28 de noviembre de 2026 (hasta hoy)", "(hasta hoy)"),
        ("Vendredi 27 novembre 2026, jusqu’à 15:05", "jusqu’à 15:05"),
        ("送信日：2026年10月6日です", "2026年10月6日"),
    ],
)
def test_no_line_ends_within_a_date_or_what_is_said_of_it(said: str, together: str) -> None:
    """`keine Daten vor dem 6.` was one line of a card, `Okt. 2026` the next."""
    for width in range(90, 200, 5):
        lines = [line.text for line in wrapped(said, LATIN, width, most_lines=9)]
        assert "".join(lines).replace(" ", "") == said.replace(" ", "")
        assert any(together in line for line in lines)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("p90 2 d · mean 20 h 54 min · 326 documents", ("p90 2 d ·", "mean 20 h 54 min ·", "326 documents")),
        ("156件のイベント、木曜日が最多", ("156件のイベント、", "木曜日が最多")),
    ],
)
def test_a_list_is_broken_between_its_parts(said: str, parts: tuple[str, ...]) -> None:
    widest = max(shaped(part, LATIN).width for part in parts)
    assert tuple(line.text for line in wrapped_by_parts(said, LATIN, widest + 1, most_lines=6)) == parts
    narrow = wrapped_by_parts(said, LATIN, widest / 3, most_lines=50)
    assert "".join("".join(line.text for line in narrow).split()) == "".join(said.split())
