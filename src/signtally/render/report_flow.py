"""From the report's HTML to blocks: what each element looks like, and what it is for those who have it read aloud.

The template writes few kinds of element, all below each other. One that this module does not know is an error.
"""

from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element

from signtally.render.drawing import Look, Picture, Tagged
from signtally.render.drawn_cards import CardRow, DrawnCards
from signtally.render.drawn_charts import SVG, DrawnChart
from signtally.render.drawn_lists import DrawnList
from signtally.render.drawn_tables import DrawnTable
from signtally.render.drawn_texts import Fact, HeadedLegend, Masthead, Paragraph, TextLines, TextStyle
from signtally.render.logo_image import LogoImage
from signtally.render.markup_text import text_of
from signtally.render.pagination import Block
from signtally.render.paper import pixels
from signtally.render.table_layout import Columns, table_of

_LINES_A_BLOCK = 6  # of a paragraph; pages break between blocks
_BOOKMARK_LEVELS = {"h1": 1, "h2": 2}
_HEADINGS = frozenset({"h1", "h2", "h3"})
_STYLES: Mapping[str, TextStyle] = {
    "h1": TextStyle(24.0, 600, leading=1.2, tracking=-0.02),
    "h2": TextStyle(10.5, 600),
    "h3": TextStyle(8.5, 600),
    "lead": TextStyle(9.0, colour="muted"),
    "fresh": TextStyle(9.0, 600),
    "caveat": TextStyle(9.0, 600, colour="warning"),
    "note": TextStyle(7.5, colour="muted"),
    "empty": TextStyle(9.5, colour="muted"),
    "tenant": TextStyle(11.0, 600),
    "tenant long": TextStyle(8.5, 600),
    "summary": TextStyle(9.5, leading=1.5),
    "facts": TextStyle(8.5),
}
# Millimetres above and below.
_MARGINS: Mapping[str, tuple[float, float]] = {
    "h1": (8, 0),
    "h2": (0, 2.5),
    "h3": (6, 1.5),
    "lead": (1.5, 0),
    "fresh": (0.5, 0),
    "caveat": (0.5, 0),
    "note": (2.5, 2.5),
    "empty": (5, 0),
    "head": (0, 2.5),
    "cards": (7, 0),
    "summary": (5, 0),
    "section": (8, 0),
    "apart": (4, 0),
}


class ReportFlow:
    """The *blocks* of a report, and the structure tree's *root*, which drawing them completes.

    A section of class `turns` has the *wide* look, of pages in landscape, where a table of it has no room otherwise.
    """

    def __init__(self, body: Element, *, look: Look, wide: Look) -> None:
        self.blocks: list[Block] = []
        self.root = Tagged("Document")
        self.footer = ""  # of all pages
        self._look = look
        self._landscape: list[tuple[Element, Tagged]] = []  # sections that have no room upright: they come last
        self._rows = {row: CardRow(row, look=look) for row in body.iter("div") if row.get("class") == "cards"}
        self._readers: Mapping[str, Callable[[Element, Tagged], None]] = {
            "footer": self._footer,
            "header": self._read,
            "section": self._section,
            "masthead": self._masthead,
            "head": self._head,
            "summary": self._summary,
            "facts": self._facts,
            "cards": self._cards,
            "columns": self._columns,
            "table": self._table,
            f"{SVG}svg": self._chart,
            **dict.fromkeys(("h1", "h2", "h3", "lead", "fresh", "caveat", "note", "empty"), self._text),
        }
        self._read(body, self.root)
        self._look = wide
        for element, parent in self._landscape:
            self._add_section(element, parent, is_wide=True)

    def _read(self, elements: Iterable[Element], parent: Tagged) -> None:
        for element in elements:
            name = element.get("class") or element.tag if element.tag in {"div", "p", "ul"} else element.tag
            read = self._readers.get(name)
            if read is None:
                raise ValueError(f"the report's template has <{element.tag}> of class {name!r}, which nothing draws")
            read(element, parent)

    def _add(self, picture: Picture, element: Tagged, *, margins: str = "", keeps_next: bool = False) -> Block:
        above, below = map(pixels, _MARGINS.get(margins, (0, 0)))
        self.blocks.append(Block(picture, element, above, below, keeps_next=keeps_next))
        return self.blocks[-1]

    def _footer(self, element: Element, _: Tagged) -> None:
        self.footer = text_of(element)

    def _section(self, element: Element, parent: Tagged) -> None:
        if element.get("class") == "turns" and not self._is_roomy(element):
            self._landscape.append((element, parent))
        else:
            self._add_section(element, parent)

    def _add_section(self, element: Element, parent: Tagged, *, is_wide: bool = False) -> None:
        first = len(self.blocks)
        self._read(element, parent.add(Tagged("Sect")))
        above, _ = map(pixels, _MARGINS["section"])
        self.blocks[first].above = max(self.blocks[first].above, above)
        for block in self.blocks[first:]:
            block.is_wide = is_wide
        if element.get("class") == "whole":
            for block in self.blocks[first:-1]:
                block.is_joined = True

    def _is_roomy(self, section: Element) -> bool:
        """Whether all its tables are, upright."""
        return all(Columns(table_of(table), look=self._look).is_roomy for table in section.iter("table"))

    def _text(self, element: Element, parent: Tagged) -> None:
        name = element.get("class") or element.tag
        kind = element.tag.upper()
        text, first = text_of(element), len(self.blocks)
        self._add_lines(text, name, parent.add(Tagged(kind)), kind=kind)
        above, below = map(pixels, _MARGINS[name])
        self.blocks[first].above, self.blocks[-1].below = above, below
        if name == "note" and first and self.blocks[first - 1].keeps_next:
            self.blocks[-1].keeps_next = True  # it is about what follows
        if name in _BOOKMARK_LEVELS:
            self.blocks[first].bookmark = (_BOOKMARK_LEVELS[name], text)

    def _add_lines(self, text: str, name: str, element: Tagged, *, kind: str) -> None:
        lines = TextLines(text, _STYLES[name], look=self._look, width=self._look.width)
        for part in lines.parts(_LINES_A_BLOCK):
            self._add(Paragraph(kind, part), element, keeps_next=name in _HEADINGS)

    def _summary(self, element: Element, parent: Tagged) -> None:
        items, first = parent.add(Tagged("L")), len(self.blocks)
        for item in element:
            body = items.add(Tagged("LI")).add(Tagged("LBody"))
            self._add_lines(text_of(item), "summary", body, kind="LBody")
        self.blocks[first].above, _ = map(pixels, _MARGINS["summary"])

    def _facts(self, element: Element, parent: Tagged) -> None:
        items = parent.add(Tagged("L"))
        for item in element:
            label = text_of(item[0])
            text = text_of(item).removeprefix(label).strip()
            self._add(Fact(label, text, look=self._look, style=_STYLES["facts"]), items)

    def _masthead(self, element: Element, parent: Tagged) -> None:
        whose, kind = element
        name = whose.get("alt") or text_of(whose)
        logo = LogoImage.read(whose.get("src", ""))
        style = _STYLES["tenant" if logo or whose.tag == "img" else whose.get("class", "")]
        masthead = Masthead(name, text_of(kind), logo=logo, look=self._look, style=style)
        self._add(masthead, parent.add(Tagged("")))

    def _head(self, element: Element, parent: Tagged) -> None:
        heading, legend = element
        theme, text = self._look.theme, text_of(heading)
        colours = {"sent": theme.fill, "completed": theme.neutral}
        keys = [((key.tail or "").strip(), colours[key.get("class", "").removeprefix("key ")]) for key in legend]
        picture = HeadedLegend(text, keys, look=self._look, style=_STYLES["h2"])
        block = self._add(picture, parent.add(Tagged("")), margins="head", keeps_next=True)
        block.bookmark = (_BOOKMARK_LEVELS["h2"], text)

    def _cards(self, element: Element, parent: Tagged) -> None:
        points = min(row.points for row in self._rows.values())  # one size for the figures of all pages
        follows_heading = self.blocks[-1].keeps_next  # which has its own space below
        margins = "" if follows_heading else "cards"
        self._add(DrawnCards(self._rows[element], points=points), parent.add(Tagged("")), margins=margins)

    def _columns(self, element: Element, parent: Tagged) -> None:
        self._add(DrawnList(element, look=self._look), parent.add(Tagged("Div")))

    def _chart(self, element: Element, parent: Tagged) -> None:
        self._add(DrawnChart(element, look=self._look), parent.add(Tagged("")))

    def _table(self, element: Element, parent: Tagged) -> None:
        drawn = DrawnTable(table_of(element), look=self._look)
        table = parent.add(Tagged("Table"))
        margins = "apart" if "apart" in element.get("class", "").split() else ""
        self._add(drawn.head, table.add(Tagged("THead")), margins=margins, keeps_next=True)
        rows = table.add(Tagged("TBody"))
        for block in drawn.body:
            self._add(block, rows).head = drawn.head
        if len(drawn.body) > 1:
            self.blocks[-2].keeps_next = True  # no page has but a last row and its sum
