"""What everything that is drawn here shares: its look, lines of text in their places, and the tags around them."""

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from typing import Protocol

import pydyf
from weasyprint.pdf.stream import Stream

from signtally.render.shaped_text import Face, LineWriter, ShapedLine
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


class Mark(pydyf.Object):  # type: ignore[misc]  # pydyf is untyped
    """A marked-content id on a page; its number is known when the page is finished."""

    def __init__(self) -> None:
        super().__init__()
        self.id = 0

    @property
    def data(self) -> bytes:
        return b"%d" % self.id


@dataclasses.dataclass(frozen=True, slots=True)
class Tagged:
    """An element of the structure tree that was drawn: its kind, and what it holds."""

    kind: str
    kids: "tuple[Tagged | Mark, ...]"


@dataclasses.dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line of text from *x* on, its letters standing on *y*, in CSS pixels from the top left of what holds it."""

    shaped: ShapedLine
    x: float
    y: float
    colour: bytes

    def drawn(self, stream: Stream, writer: LineWriter, *, top: float = 0.0) -> bytes:
        operators = writer.operators(stream, self.shaped, x=self.x, y=top + self.y)
        return b"%s rg\n%s" % (self.colour, operators)


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """Left edge, top, width and height in CSS pixels."""

    x: float
    y: float
    width: float
    height: float


class Picture(Protocol):
    """What takes the place of an element, in WeasyPrint's terms, and what of it is read aloud."""

    width: float
    height: float
    stream: Stream | None  # of the page where it was drawn

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]: ...

    def draw(self, stream: Stream, width: float, height: float, style: object) -> None: ...

    @property
    def tagged(self) -> tuple[Tagged, ...]:
        """In the order of reading, once it was drawn."""
        ...


def marked(stream: Stream, kind: str, drawn: Iterable[bytes]) -> Mark:
    """Write what was drawn as content of its own, for an element of that kind."""
    mark = Mark()
    stream.stream += [b"/%s <</MCID" % kind.encode(), mark, b">> BDC", *drawn, b"EMC"]
    return mark


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
