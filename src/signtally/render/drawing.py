"""What everything that is drawn here shares: its look, lines of text in their places, and the tags around them."""

import contextlib
import dataclasses
import functools
from collections.abc import Iterable, Iterator
from typing import Protocol

from weasyprint.pdf.stream import Stream

from signtally.render.faces import POINTS_A_PIXEL, Face
from signtally.render.shaped_text import LineWriter, ShapedLine
from signtally.render.theme import Theme

_CURVE = 0.5523  # how far a Bézier curve reaches along the sides of the corner that it rounds


@functools.lru_cache(256)
def operands(colour: str) -> bytes:
    """`#rrggbb` as PDF writes it: three shares of 0–1."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5)).encode()


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """The width in CSS pixels, the face of a plain cell of a table, and the theme."""

    width: float
    face: Face
    theme: Theme

    @property
    def is_right_to_left(self) -> bool:
        return self.face.is_right_to_left

    @property
    def ink(self) -> bytes:
        return operands(self.theme.ink)

    @property
    def muted(self) -> bytes:
        return operands(self.theme.muted)


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """Content on a page that an element of the structure tree holds: the page, from 0, and its number there."""

    page: int
    number: int


@dataclasses.dataclass(slots=True)
class Tagged:
    """An element of the structure tree: its kind, and what it holds. One without a kind stands for its kids."""

    kind: str
    kids: "list[Tagged | Mark]" = dataclasses.field(default_factory=list)
    alt: str = ""
    attributes: bytes = b""  # written as they are

    def add(self, kid: "Tagged") -> "Tagged":
        self.kids.append(kid)
        return kid


class Canvas:
    """One page while it is drawn, in CSS pixels from its top left corner; all of it is an artifact or has a mark."""

    def __init__(self, stream: Stream, writer: LineWriter, *, page: int, height: float) -> None:
        self.stream, self.writer, self.page = stream, writer, page
        self.marks = 0  # so far
        self._height, self._origin = height, (0.0, 0.0)

    @contextlib.contextmanager
    def at(self, x: float, y: float) -> Iterator[None]:
        """Draw what follows from there."""
        self.stream.stream += [b"q", b"1 0 0 1 %.2f %.2f cm" % (x, y)]
        before, self._origin = self._origin, (self._origin[0] + x, self._origin[1] + y)
        yield
        self._origin = before
        self.stream.stream.append(b"Q")

    def marked(self, kind: str, drawn: Iterable[bytes]) -> Mark:
        """Write what was drawn as content of its own, for an element of that kind."""
        mark = Mark(self.page, self.marks)
        self.marks += 1
        self.stream.stream += [b"/%s <</MCID %d>> BDC" % (kind.encode(), mark.number), *drawn, b"EMC"]
        return mark

    def tagged(self, kind: str, drawn: Iterable[bytes]) -> Tagged:
        """The same, and its element."""
        return Tagged(kind, [self.marked(kind, drawn)])

    def unread(self, drawn: Iterable[bytes]) -> None:
        """Write what is seen and never read aloud: rules, grounds, what stands on every page."""
        self.stream.stream += [b"/Artifact BMC", *drawn, b"EMC"]

    def draw_emojis(self, lines: "Iterable[PlacedLine]", *, top: float = 0.0) -> None:
        """Those of lines of text, whose letters are drawn already."""
        for line in lines:
            if line.shaped.emojis:
                self.stream.begin_marked_content("Artifact")
                self.writer.draw_emojis(self.stream, line.shaped, x=line.x, y=top + line.y)
                self.stream.end_marked_content()

    def bounds(self, width: float, height: float) -> bytes:
        """The attributes of a figure of that size in the place where is drawn now, in points from the bottom left."""
        left, top = self._origin
        edges = (left, self._height - top - height, left + width, self._height - top)
        box = b" ".join(b"%.2f" % (edge * POINTS_A_PIXEL) for edge in edges)
        return b"/A<</O/Layout/Placement/Block/BBox[%s]>>" % box


@dataclasses.dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of text from *x* on, its letters standing on *y*, in CSS pixels from the top left of what holds it."""

    shaped: ShapedLine
    x: float
    y: float
    colour: bytes

    def drawn(self, canvas: Canvas, *, top: float = 0.0) -> bytes:
        operators = canvas.writer.operators(self.shaped, x=self.x, y=top + self.y)
        return b"%s rg\n%s" % (self.colour, operators)


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """Left edge, top, width and height in CSS pixels."""

    x: float
    y: float
    width: float
    height: float


class Picture(Protocol):
    """A part of a page that stays whole, as wide as the page's text."""

    @property
    def height(self) -> float:
        """In CSS pixels."""
        ...

    def draw(self, canvas: Canvas) -> list[Tagged]:
        """Draw it from the top left, and return what of it is read aloud, in order."""
        ...


def at_start(look: Look, line: ShapedLine, *, left: float, width: float, offset: float = 0.0) -> float:
    """Where a line begins that stands *offset* from the side of a column on which people begin to read."""
    return left + width - offset - line.width if look.is_right_to_left else left + offset


def rule(colour: bytes, thickness: float, width: float, y: float) -> bytes:
    return b"%s RG %.2f w 0 %.2f m %.2f %.2f l S" % (colour, thickness, y, width, y)


def rounded(box: Box, colour: bytes, *, radius: float) -> bytes:
    """The box filled, with round corners."""
    return b"\n".join(_outline(box, colour, min(radius, box.width / 2, box.height / 2)))


def _outline(box: Box, colour: bytes, radius: float) -> Iterator[bytes]:
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    hold = radius * (1 - _CURVE)
    yield b"%s rg %.2f %.2f m %.2f %.2f l" % (colour, left + radius, top, right - radius, top)
    yield b"%.2f %.2f %.2f %.2f %.2f %.2f c" % (right - hold, top, right, top + hold, right, top + radius)
    yield b"%.2f %.2f l" % (right, bottom - radius)
    yield b"%.2f %.2f %.2f %.2f %.2f %.2f c" % (right, bottom - hold, right - hold, bottom, right - radius, bottom)
    yield b"%.2f %.2f l" % (left + radius, bottom)
    yield b"%.2f %.2f %.2f %.2f %.2f %.2f c" % (left + hold, bottom, left, bottom - hold, left, bottom - radius)
    yield b"%.2f %.2f l" % (left, top + radius)
    yield b"%.2f %.2f %.2f %.2f %.2f %.2f c f" % (left, top + hold, left + hold, top, left + radius, top)
