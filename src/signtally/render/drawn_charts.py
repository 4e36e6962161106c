"""Charts of a report, drawn from the template's SVG: lines, bars and words, the words shaped as everywhere else.

WeasyPrint would set each letter of an SVG's text by itself, which tears Arabic apart.
"""

import itertools
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from signtally.render.drawing import Canvas, Look, Tagged, operands
from signtally.render.shaped_text import shaped

SVG = "{http://www.w3.org/2000/svg}"
_LABEL_GAP = 1.5  # pixels at least, on each side of a label
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


class DrawnChart:
    """An `<svg>` of `<line>`, `<rect>` and `<text>`, mirrored where people read from the right."""

    def __init__(self, svg: Element, *, look: Look) -> None:
        _, _, self._units_wide, units_high = (float(each) for each in svg.get("viewBox", "0 0 1 1").split())
        self.title = svg.findtext(f"{SVG}title", "")
        self.width = look.width
        self._scale = self.width / self._units_wide
        self.height = units_high * self._scale
        self._svg, self._mirrored = svg, look.is_right_to_left
        self._face = look.face.resized(float(svg.get("font-size", "10")) * self._scale / look.face.size)
        self.left_out = self._crowded()

    def draw(self, canvas: Canvas) -> list[Tagged]:
        figure = canvas.tagged("Figure", self._all_drawn(canvas))
        figure.alt, figure.attributes = self.title, canvas.bounds(self.width, self.height)
        return [figure]

    def _all_drawn(self, canvas: Canvas) -> Iterator[bytes]:
        colour = b""
        for element in self._svg:
            wanted = operands(element.get("fill") or element.get("stroke") or self._svg.get("fill", "#000000"))
            if wanted != colour:
                colour = wanted
                yield b"%s rg %s RG" % (colour, colour)
            yield from self._drawn(element, canvas)

    def _drawn(self, element: Element, canvas: Canvas) -> Iterator[bytes]:
        match element.tag.removeprefix(SVG):
            case "rect":
                x, y, width, height = (self._length(element, name) for name in ("x", "y", "width", "height"))
                yield b"%.2f %.2f %.2f %.2f re f" % (self.width - x - width if self._mirrored else x, y, width, height)
            case "line":
                left, y, right = (self._length(element, name) for name in ("x1", "y1", "x2"))
                if self._mirrored:
                    left, right = self.width - right, self.width - left
                thickness = self._length(element, "stroke-width")
                yield b"%.2f w %.2f %.2f m %.2f %.2f l S" % (thickness, left, y, right, y)
            case "text" if element not in self.left_out:
                yield self._text(element, canvas)

    def _text(self, element: Element, canvas: Canvas) -> bytes:
        face = self._face.resized(1, weight=int(element.get("font-weight", "400")))
        line = shaped(element.text or "", face)
        before = _ANCHORS[element.get("text-anchor", "start")]
        x = self._length(element, "x")
        if self._mirrored:
            x, before = self.width - x, 1 - before
        x = min(max(0.0, x - before * line.width), self.width - line.width)
        return canvas.writer.operators(line, x=x, y=self._length(element, "y"))

    def _crowded(self) -> frozenset[Element]:
        """The labels below an axis that has no room for all: every second, third … stays, so that none touch."""
        labels = [text for text in self._svg.iter(f"{SVG}text") if text.get("text-anchor") == "middle"]
        steps = (step for step in range(1, len(labels)) if not self._touch(labels[::step]))
        return frozenset(labels) - frozenset(labels[:: next(steps, 1)])

    def _touch(self, labels: Sequence[Element]) -> bool:
        spans = [
            (self._length(label, "x"), shaped(label.text or "", self._face).width / 2 + _LABEL_GAP) for label in labels
        ]
        return any(one + half > other - other_half for (one, half), (other, other_half) in itertools.pairwise(spans))

    def _length(self, element: Element, name: str) -> float:
        return float(element.get(name, "0")) * self._scale
