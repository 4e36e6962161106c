"""Running text of a report as pictures (see `drawing.Picture`): paragraphs, headings, the masthead, facts.

Lines are wrapped once a text, face and width: most of what a report says, it says in every report of a language.
"""

import copy
import dataclasses
from collections.abc import Iterator, Sequence

from signtally.render.drawing import Box, Canvas, Look, PlacedLine, Tagged, at_start, operands, rounded
from signtally.render.faces import Face, read_by
from signtally.render.fitted_text import wrapped, wrapped_by_parts
from signtally.render.logo_image import LogoImage
from signtally.render.paper import pixels
from signtally.render.shaped_text import shaped

LEADING = 1.45  # line height over the size of the letters
_MOST_LINES = 10_000
_BETWEEN_PARTS = " · "
_SEMIBOLD = 600
_SMALL_POINTS = 7.5
_KEY, _KEY_RADIUS, _KEY_BEFORE, _KEY_AFTER = (pixels(millimetres) for millimetres in (2.2, 0.4, 3.0, 0.8))
_LABEL_WIDTH, _FACT_PADDING, _FACT_RULE = (pixels(millimetres) for millimetres in (34.0, 0.8, 0.2))
_NAME_WIDTH, _MASTHEAD_BELOW, _MASTHEAD_RULE = (pixels(millimetres) for millimetres in (130.0, 3.5, 0.6))


@dataclasses.dataclass(frozen=True, slots=True)
class TextStyle:
    """How a text is set: points, weight as in CSS, line height over the size; the colour is one of the theme's."""

    points: float
    weight: int = 400
    colour: str = "ink"
    leading: float = LEADING
    tracking: float = 0.0

    def face(self, look: Look) -> Face:
        return look.face.sized(self.points, weight=self.weight, tracking=self.tracking)

    def operands(self, look: Look) -> bytes:
        return operands(getattr(look.theme, self.colour))


class TextLines:
    """A text on as many lines as it takes, some way from the side on which people begin to read."""

    def __init__(self, text: str, style: TextStyle, *, look: Look, width: float, offset: float = 0.0) -> None:
        face = read_by(style.face(look), text)
        self.line_height = face.size * style.leading
        self._baseline = face.baseline + (self.line_height - face.line_height) / 2
        self._look, self._colour, self._offset = look, style.operands(look), offset
        wrap = wrapped_by_parts if _BETWEEN_PARTS in text else wrapped
        self.shaped = wrap(text, face, width, most_lines=_MOST_LINES)
        self.height = self.line_height * len(self.shaped)

    def parts(self, most_lines: int) -> "Iterator[TextLines]":
        """The same text, some lines each."""
        for first in range(0, max(len(self.shaped), 1), most_lines):
            part = copy.copy(self)
            part.shaped = self.shaped[first : first + most_lines]
            part.height = self.line_height * len(part.shaped)
            yield part

    def placed(self, top: float = 0.0) -> list[PlacedLine]:
        return [
            PlacedLine(
                line,
                at_start(self._look, line, left=0.0, width=self._look.width, offset=self._offset),
                top + number * self.line_height + self._baseline,
                self._colour,
            )
            for number, line in enumerate(self.shaped)
        ]


class Paragraph:
    """Some lines of an element of that kind."""

    def __init__(self, kind: str, lines: TextLines) -> None:
        self.height = lines.height
        self._kind, self._lines = kind, lines.placed()

    def draw(self, canvas: Canvas) -> list[Tagged]:
        mark = canvas.marked(self._kind, (line.drawn(canvas) for line in self._lines))
        canvas.draw_emojis(self._lines)
        return [Tagged("", [mark])]


class HeadedLegend:
    """A heading, and at the other side of its line what the colours of a chart mean."""

    def __init__(self, heading: str, keys: Sequence[tuple[str, str]], *, look: Look, style: TextStyle) -> None:
        """*keys* are texts, each with its colour as `#rrggbb`."""
        small = self._small = TextStyle(_SMALL_POINTS, colour="muted")
        self._look = look
        self._keys = [(colour, shaped(text, small.face(look))) for text, colour in keys]
        self._room = sum(_KEY_BEFORE + _KEY + _KEY_AFTER + text.width for _, text in self._keys)
        self._heading = TextLines(heading, style, look=look, width=look.width - self._room)
        self.height = max(self._heading.height, small.face(look).size * LEADING)

    def draw(self, canvas: Canvas) -> list[Tagged]:
        lines = self._heading.placed((self.height - self._heading.height) / 2)
        heading = canvas.tagged("H2", (line.drawn(canvas) for line in lines))
        canvas.draw_emojis(lines)
        return [heading, self._legend(canvas)]

    def _legend(self, canvas: Canvas) -> Tagged:
        face, look = self._small.face(self._look), self._look
        y = (self.height - face.line_height) / 2 + face.baseline
        offset, placed, squares = look.width - self._room, [], []
        for colour, text in self._keys:
            offset += _KEY_BEFORE
            x = look.width - offset - _KEY if look.is_right_to_left else offset
            squares.append(rounded(Box(x, y - _KEY, _KEY, _KEY), operands(colour), radius=_KEY_RADIUS))
            offset += _KEY + _KEY_AFTER
            x = at_start(look, text, left=0.0, width=look.width, offset=offset)
            placed.append(PlacedLine(text, x, y, self._small.operands(look)))
            offset += text.width
        canvas.unread(squares)
        return canvas.tagged("P", (line.drawn(canvas) for line in placed))


class Masthead:
    """The tenant's logo or name, and what kind of paper this is, over a rule in the tenant's colour."""

    def __init__(self, name: str, kind: str, *, logo: LogoImage | None, look: Look, style: TextStyle) -> None:
        small = TextStyle(_SMALL_POINTS, _SEMIBOLD, "muted")
        width = shaped(kind, small.face(look)).width
        self._look, self._logo, self._name = look, logo, name
        self._title = TextLines(name, style, look=look, width=min(_NAME_WIDTH, look.width - width))
        self._kind = TextLines(kind, small, look=look, width=look.width, offset=look.width - width)
        self._inner = max(logo.height if logo else self._title.height, self._kind.height)
        self.height = self._inner + _MASTHEAD_BELOW + _MASTHEAD_RULE

    def draw(self, canvas: Canvas) -> list[Tagged]:
        kind = self._kind.placed((self._inner - self._kind.height) / 2)
        rule = b"%s rg 0 %.2f %.2f %.2f re f" % (
            operands(self._look.theme.fill),
            self.height - _MASTHEAD_RULE,
            self._look.width,
            _MASTHEAD_RULE,
        )
        whose = self._drawn_logo(canvas, self._logo) if self._logo else self._drawn_title(canvas)
        read = [whose, canvas.tagged("P", (line.drawn(canvas) for line in kind))]
        canvas.unread([rule])
        return [Tagged("Div", [*read])]

    def _drawn_title(self, canvas: Canvas) -> Tagged:
        lines = self._title.placed((self._inner - self._title.height) / 2)
        title = canvas.tagged("P", (line.drawn(canvas) for line in lines))
        canvas.draw_emojis(lines)
        return title

    def _drawn_logo(self, canvas: Canvas, logo: LogoImage) -> Tagged:
        x = self._look.width - logo.width if self._look.is_right_to_left else 0.0
        with canvas.at(x, (self._inner - logo.height) / 2):
            figure = canvas.tagged("Figure", [logo.drawn(canvas.stream)])
            figure.alt, figure.attributes = self._name, canvas.bounds(logo.width, logo.height)
        return figure


class Fact:
    """A label and what it says, side by side, over a fine rule."""

    def __init__(self, label: str, text: str, *, look: Look, style: TextStyle) -> None:
        self._look = look
        self._label = TextLines(label, dataclasses.replace(style, colour="muted"), look=look, width=_LABEL_WIDTH)
        self._text = TextLines(text, style, look=look, width=look.width - _LABEL_WIDTH, offset=_LABEL_WIDTH)
        self.height = max(self._label.height, self._text.height) + 2 * _FACT_PADDING + _FACT_RULE

    def draw(self, canvas: Canvas) -> list[Tagged]:
        lines = [*self._label.placed(_FACT_PADDING), *self._text.placed(_FACT_PADDING)]
        body = canvas.tagged("LBody", (line.drawn(canvas) for line in lines))
        canvas.draw_emojis(lines)
        top, colour = self.height - _FACT_RULE, operands(self._look.theme.line)
        canvas.unread([b"%s rg 0 %.2f %.2f %.2f re f" % (colour, top, self._look.width, _FACT_RULE)])
        return [Tagged("LI", [body])]
