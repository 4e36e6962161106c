"""Figures to read at a glance, in boxes side by side, each figure as large as its box allows.

The template writes `<div class="cards">` with a `<div class="card">` each: a label, a figure with its change, a meter
where there is a share, a note.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from signtally.render.drawing import Box, Canvas, Look, PlacedLine, Tagged, at_start, operands, rounded
from signtally.render.paper import pixels
from signtally.render.shaped_text import Face, ShapedLine, fitted, shaped, wrapped

_GAP, _SIDE, _TOP, _BOTTOM, _RADIUS = (pixels(millimetres) for millimetres in (3.0, 4.0, 3.6, 3.4, 1.5))
_METER_HEIGHT, _METER_ABOVE, _METER_BELOW = (pixels(millimetres) for millimetres in (1.2, 0.4, 1.0))
_LABEL_POINTS, _CHANGE_POINTS, _NOTE_POINTS = 8.0, 8.5, 7.5
_BESIDE_POINTS = (18.0, 16.0, 14.0)  # the first at which the figure fits, beside its change or alone
_ALONE_POINTS = (14.0, 12.0, 10.0, 8.0, 6.0)
_FIGURE_HEIGHT = 32.4  # CSS pixels, at any size
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


class DrawnCards:
    """A picture (see `drawing.Picture`) of some cards."""

    def __init__(self, cards: Element, *, look: Look) -> None:
        found = [_card(card) for card in cards]
        self._look = look
        self._card_width = (look.width - _GAP * (len(found) - 1)) / len(found)
        self.cards = [
            SetCard(card, look=look, left=self._left(index), width=self._card_width) for index, card in enumerate(found)
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
            box = Box(self._left(index), 0.0, self._card_width, self.height)
            yield rounded(box, surface, radius=_RADIUS)
            yield from card.meter

    def _left(self, index: int) -> float:
        before = index * (self._card_width + _GAP)
        return self._look.width - before - self._card_width if self._look.is_right_to_left else before


class SetCard:
    """The lines of each paragraph of a card in their places, and how high it must be."""

    def __init__(self, card: _Card, *, look: Look, left: float, width: float) -> None:
        self._look, self._left, self._room = look, left + _SIDE, width - 2 * _SIDE
        self.meter: list[bytes] = []
        self.height = _TOP
        self.paragraphs = [self._wrapped(card.label, points=_LABEL_POINTS), self._figure(card)]
        if card.share is not None:
            self._draw_meter(card.share, is_over=card.is_over)
        if card.note:
            self.paragraphs.append(self._wrapped(card.note, points=_NOTE_POINTS))
        self.height += _BOTTOM

    def _wrapped(self, text: str, *, points: float) -> list[PlacedLine]:
        face = self._look.face.sized(points)
        lines = wrapped(text, face, self._room, most_lines=_MOST_LINES)
        height = face.size * _LEADING
        placed = []
        for line in lines:
            y = self.height + face.baseline + (height - face.line_height) / 2
            placed.append(PlacedLine(line, self._x(line), y, self._look.muted))
            self.height += height
        return placed

    def _figure(self, card: _Card) -> list[PlacedLine]:
        """The figure, and its change beside it or, where both would be small, below it."""
        small = self._look.face.sized(_CHANGE_POINTS, weight=_MEDIUM)
        change = fitted(card.change, small, self._room) if card.change else None
        beside = self._fitting(card.figure, _BESIDE_POINTS, change.width if change else 0.0)
        figure = beside or self._fitting(card.figure, _ALONE_POINTS, 0.0) or self._shortened(card.figure)
        y = self.height + figure.face.baseline + (_FIGURE_HEIGHT - figure.face.line_height) / 2
        self.height += _FIGURE_HEIGHT
        placed = [PlacedLine(figure, self._x(figure), y, self._look.ink)]
        if change and beside:
            x = self._x(change, offset=figure.width + figure.face.size * _SPACE)
            placed.append(PlacedLine(change, x, y, self._look.muted))
        elif change:
            placed.append(PlacedLine(change, self._x(change), self.height + small.baseline, self._look.muted))
            self.height += small.line_height
        return placed

    def _fitting(self, figure: str, sizes: Sequence[float], others: float) -> ShapedLine | None:
        """The figure as large as *others* leave room; None where they leave none at all."""
        for points in sizes:
            line = shaped(figure, self._figure_face(points))
            space = line.face.size * _SPACE if others else 0.0
            if line.width + space + others <= self._room:
                return line
        return None

    def _shortened(self, figure: str) -> ShapedLine:
        return fitted(figure, self._figure_face(_ALONE_POINTS[-1]), self._room)

    def _figure_face(self, points: float) -> Face:
        return self._look.face.sized(points, weight=_SEMIBOLD, tracking=_TRACKING)

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
        _text(paragraphs["label"]),
        (figure.text or "").strip(),
        "" if change is None else _text(change),
        float(width) / 100 if width else None,
        filled is not None and "over" in filled.get("class", ""),
        _text(paragraphs["small"]),
    )


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())
