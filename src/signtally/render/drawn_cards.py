"""Figures to read at a glance, in boxes side by side: all figures of a page in one size, on one line.

The template writes `<div class="cards">` with a `<div class="card">` each: a label, a figure with its change, a meter
where there is a share, a note.
"""

import dataclasses
import unicodedata
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from signtally.render.drawing import Box, Canvas, Look, PlacedLine, Tagged, at_start, operands, rounded
from signtally.render.faces import Face
from signtally.render.fitted_text import fitted, wrapped, wrapped_by_parts
from signtally.render.markup_text import text_of
from signtally.render.paper import pixels
from signtally.render.shaped_text import ShapedLine, shaped

_GAP, _SIDE, _TOP, _BOTTOM, _RADIUS = (pixels(millimetres) for millimetres in (3.0, 4.0, 3.6, 3.4, 1.5))
_METER_HEIGHT, _METER_ABOVE, _METER_BELOW = (pixels(millimetres) for millimetres in (1.2, 0.4, 1.0))
_LABEL_POINTS, _CHANGE_POINTS, _NOTE_POINTS = 8.0, 8.5, 7.5
_BESIDE_POINTS = (18.0, 17.0, 16.0, 15.0, 14.0)  # the first at which the figures fit beside their changes
_ALONE_POINTS = (*_BESIDE_POINTS, 13.0, 12.0, 11.0, 10.0, 8.0, 6.0)  # or above them
_FIGURE_HEIGHT = 32.4  # CSS pixels, at any size
_ARABIC_LETTERS, _BELOW_ARABIC = "AL", 5.0  # whose letters reach far below the line
_SEMIBOLD, _MEDIUM = 600, 500
_LEADING, _TRACKING = 1.45, -0.02
_SPACE = 0.28  # of the figure's size, between it and its change
_MOST_LINES = 6


@dataclasses.dataclass(frozen=True, slots=True)
class _Card:
    label: str
    figure: str
    change: str
    share: float | None  # of the meter, 0–1
    is_over: bool
    note: str


class CardRow:
    """Some cards side by side, read from the page, and what they have in common."""

    def __init__(self, element: Element, *, look: Look) -> None:
        self.look = look
        self.cards = [_card(card) for card in element]
        self.card_width = (look.width - _GAP * (len(self.cards) - 1)) / len(self.cards)
        self.room = self.card_width - 2 * _SIDE
        label, self.change_face = look.face.sized(_LABEL_POINTS), look.face.sized(_CHANGE_POINTS, weight=_MEDIUM)
        self.label_lines = max(
            len(wrapped(card.label, label, self.room, most_lines=_MOST_LINES)) for card in self.cards
        )
        beside = self._largest(_BESIDE_POINTS, beside=True)
        self.is_beside = beside is not None  # changes stand beside their figures, or below them
        letters = (unicodedata.bidirectional(letter) for card in self.cards for letter in card.figure)
        self.figure_height = _FIGURE_HEIGHT + (_BELOW_ARABIC if _ARABIC_LETTERS in letters else 0.0)
        self.points = beside or self._largest(_ALONE_POINTS, beside=False) or _ALONE_POINTS[-1]

    def figure_face(self, points: float) -> Face:
        return self.look.face.sized(points, weight=_SEMIBOLD, tracking=_TRACKING)

    def left(self, index: int) -> float:
        before = index * (self.card_width + _GAP)
        return self.look.width - before - self.card_width if self.look.is_right_to_left else before

    def _largest(self, sizes: Sequence[float], *, beside: bool) -> float | None:
        """The first of *sizes* at which every figure fits; None where one fits at none of them."""
        return next((points for points in sizes if self._fits(points, beside=beside)), None)

    def _fits(self, points: float, *, beside: bool) -> bool:
        face = self.figure_face(points)
        for card in self.cards:
            width = shaped(card.figure, face).width
            if beside and card.change:
                width += face.size * _SPACE + shaped(card.change, self.change_face).width
            if width > self.room:
                return False
        return True


class DrawnCards:
    """A picture (see `drawing.Picture`) of a row of cards, its figures in a size that other rows share."""

    def __init__(self, row: CardRow, *, points: float) -> None:
        self._look, self._row = row.look, row
        self.cards = [
            SetCard(card, row=row, left=row.left(index), points=points) for index, card in enumerate(row.cards)
        ]
        self.height = max(card.height for card in self.cards)

    def draw(self, canvas: Canvas) -> list[Tagged]:
        canvas.unread(self._grounds())
        cards = [
            Tagged("Div", [canvas.tagged("P", (line.drawn(canvas) for line in lines)) for lines in card.paragraphs])
            for card in self.cards
        ]
        return [Tagged("Div", [*cards])]

    def _grounds(self) -> Iterator[bytes]:
        surface = operands(self._look.theme.surface)
        for index, card in enumerate(self.cards):
            box = Box(self._row.left(index), 0.0, self._row.card_width, self.height)
            yield rounded(box, surface, radius=_RADIUS)
            yield from card.meter


class SetCard:
    """The lines of each paragraph of a card in their places, and how high it must be."""

    def __init__(self, card: _Card, *, row: CardRow, left: float, points: float) -> None:
        self._look, self._left, self._room = row.look, left + _SIDE, row.room
        self.meter: list[bytes] = []
        self.height = _TOP
        label = self._wrapped(card.label, points=_LABEL_POINTS)
        self.height += (row.label_lines - len(label)) * row.look.face.sized(_LABEL_POINTS).size * _LEADING
        self.paragraphs = [label, self._figure(card, row=row, points=points)]
        if card.share is not None:
            self._draw_meter(card.share, is_over=card.is_over)
        if card.note:
            self.paragraphs.append(self._wrapped(card.note, points=_NOTE_POINTS))
        self.height += _BOTTOM

    def _wrapped(self, text: str, *, points: float) -> list[PlacedLine]:
        face = self._look.face.sized(points)
        lines = wrapped_by_parts(text, face, self._room, most_lines=_MOST_LINES)
        height = face.size * _LEADING
        placed = []
        for line in lines:
            y = self.height + face.baseline + (height - face.line_height) / 2
            placed.append(PlacedLine(line, self._x(line), y, self._look.muted))
            self.height += height
        return placed

    def _figure(self, card: _Card, *, row: CardRow, points: float) -> list[PlacedLine]:
        """The figure, and its change beside it or below it."""
        figure = fitted(card.figure, row.figure_face(points), self._room)
        y = self.height + figure.face.baseline + (_FIGURE_HEIGHT - figure.face.line_height) / 2
        self.height += row.figure_height
        placed = [PlacedLine(figure, self._x(figure), y, self._look.ink)]
        if not card.change:
            return placed
        change = fitted(card.change, row.change_face, self._room)
        if row.is_beside:
            x = self._x(change, offset=figure.width + figure.face.size * _SPACE)
            placed.append(PlacedLine(change, x, y, self._look.muted))
        else:
            below = self.height + row.change_face.baseline
            placed.append(PlacedLine(change, self._x(change), below, self._look.muted))
            self.height += row.change_face.line_height
        return placed

    def _draw_meter(self, share: float, *, is_over: bool) -> None:
        theme, y = self._look.theme, self.height + _METER_ABOVE
        for colour, width in (
            (theme.line, self._room),
            (theme.negative if is_over else theme.fill, share * self._room),
        ):
            x = self._left + self._room - width if self._look.is_right_to_left else self._left
            box = Box(x, y, width, _METER_HEIGHT)
            self.meter.append(rounded(box, operands(colour), radius=_METER_HEIGHT / 2))
        self.height += _METER_ABOVE + _METER_HEIGHT + _METER_BELOW

    def _x(self, line: ShapedLine, *, offset: float = 0.0) -> float:
        return at_start(self._look, line, left=self._left, width=self._room, offset=offset)


def _card(element: Element) -> _Card:
    paragraphs = {each.get("class", "").split()[0]: each for each in element if each.tag == "p"}
    figure = paragraphs["figure"]
    filled = element.find("div/div")
    width = "" if filled is None else filled.get("style", "").removeprefix("width: ").removesuffix("%")
    change = figure.find("span")
    return _Card(
        text_of(paragraphs["label"]),
        (figure.text or "").strip(),
        "" if change is None else text_of(change),
        float(width) / 100 if width else None,
        filled is not None and "over" in filled.get("class", ""),
        text_of(paragraphs["small"]),
    )
