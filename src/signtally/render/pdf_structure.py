"""The PDF's structure tree, as PDF/UA-1 wants it: made anew from WeasyPrint's, with whole tables and nothing left over.

WeasyPrint makes a table of each page's part of one, tags the footer as content that no element holds, and writes the
boxes of pictures in its own coordinates. What it found is read into nodes here, put right, and written in its place.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import pydyf

from signtally.render.drawing import Mark, Picture, Tagged
from signtally.render.drawn_tables import DrawnRow, DrawnTable
from signtally.render.shaped_text import POINTS_A_PIXEL

_TRANSPARENT = frozenset({"NonStruct"})  # their kids belong to their parent
_NOTHING_WHEN_EMPTY = frozenset({"Art", "Div", "L", "LBody", "LI", "NonStruct", "P", "Part", "Sect", "Span", "Table"})
_HOLD_TEXT = frozenset({"Caption", "H1", "H2", "H3", "LBody", "Lbl", "P", "Span", "TD", "TH"})


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """Marked content on a page: WeasyPrint's by its number, that of a drawn cell by its mark."""

    page: int
    id: int | Mark


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """An element of the tree; *attributes* are written as they are."""

    kind: str
    page: int
    kids: "tuple[Node | Content, ...]"
    alt: str = ""
    attributes: bytes = b""


def restructure(pdf: pydyf.PDF, tables: Sequence[DrawnTable], pictures: Mapping[str, Picture]) -> None:
    """Put the tree of a finished document right.

    The pictures of *tables* are called `drawn:0`, `drawn:1` … ; *pictures*, by name, bring their own elements.
    """
    pages = _Pages(pdf)
    root = _WeasyPrintTree(pdf, pages).read()
    _WrittenTree(pdf, pages).write(_Mending(pages, tables, pictures).mended(root))


class _Pages:
    """The pages of the document with their streams."""

    def __init__(self, pdf: pydyf.PDF) -> None:
        self.references: tuple[bytes, ...] = pdf.page_references
        pages = [_object(pdf, reference) for reference in self.references]
        self.heights = [float(page["MediaBox"][3]) for page in pages]
        self.streams = [_object(pdf, page["Contents"]) for page in pages]
        self.index_of_reference = {reference: index for index, reference in enumerate(self.references)}
        self._index_of_stream = {id(stream): index for index, stream in enumerate(self.streams)}

    def index_of(self, stream: object) -> int:
        return self._index_of_stream[id(stream)]


class _WeasyPrintTree:
    """What WeasyPrint has written, as nodes."""

    def __init__(self, pdf: pydyf.PDF, pages: _Pages) -> None:
        self._pdf, self._pages = pdf, pages

    def read(self) -> Node:
        document = _object(self._pdf, _object(self._pdf, self._pdf.catalog["StructTreeRoot"])["K"][0])
        return Node("Document", 0, tuple(self._node(reference) for reference in document["K"]))

    def _node(self, reference: bytes) -> Node:
        element = _object(self._pdf, reference)
        page = self._pages.index_of_reference[element["Pg"]]
        kids = tuple(Content(page, kid) if isinstance(kid, int) else self._node(kid) for kid in element["K"])
        alt = element["Alt"].string if "Alt" in element else ""
        kind = element["S"].removeprefix("/")
        return Node(kind, page, kids, alt, self._box(element, page) if kind == "Figure" else b"")

    def _box(self, figure: pydyf.Dictionary, page: int) -> bytes:
        left, top, right, bottom = (edge * POINTS_A_PIXEL for edge in figure["A"]["BBox"])
        height = self._pages.heights[page]
        box = b"%.2f %.2f %.2f %.2f" % (left, height - bottom, right, height - top)
        return b"/A<</O/Layout/Placement/Block/BBox[%s]>>" % box


class _Mending:
    """Makes one table of the parts of one, lifts text out of wrappers, and drops what is empty."""

    def __init__(self, pages: _Pages, tables: Sequence[DrawnTable], pictures: Mapping[str, Picture]) -> None:
        self._pages, self._tables, self._pictures = pages, tables, pictures
        self._placed: set[str] = set()

    def mended(self, node: Node) -> Node:
        if node.kind == "Figure" and node.alt in self._pictures:
            picture = self._pictures[node.alt]
            page = self._pages.index_of(picture.stream)
            return Node("NonStruct", page, tuple(_drawn_node(each, page) for each in picture.tagged))
        name = _drawn_name(node) if node.kind == "Table" else ""
        if not name:
            return dataclasses.replace(node, kids=tuple(self._kids(node)))
        if name in self._placed:
            return dataclasses.replace(node, kids=())
        self._placed.add(name)
        return self._table(self._tables[int(name.partition(":")[2])], node.page)

    def _kids(self, parent: Node) -> Iterator[Node | Content]:
        for kid in parent.kids:
            yield from [kid] if isinstance(kid, Content) else self._lifted(self.mended(kid), parent)

    def _lifted(self, node: Node, parent: Node) -> Iterator[Node | Content]:
        """The node, or what is left of it: its kids where it only wraps them, nothing where it has none."""
        if node.kind in _TRANSPARENT:
            for kid in node.kids:
                yield from [kid] if isinstance(kid, Content) else self._lifted(kid, parent)
        elif _is_text_of(node, parent):
            yield from node.kids
        elif node.kids or node.kind not in _NOTHING_WHEN_EMPTY:
            yield node

    def _table(self, table: DrawnTable, page: int) -> Node:
        rows = [(row.is_head, self._row(row)) for row in table.drawn]
        head, body = (tuple(row for is_head, row in rows if is_head is wanted) for wanted in (True, False))
        return Node("Table", page, (Node("THead", page, head), Node("TBody", page, body)))

    def _row(self, row: DrawnRow) -> Node:
        page = self._pages.index_of(row.stream)
        scope = b"/A<</O/Table/Scope/%s>>" % (b"Column" if row.is_head else b"Row")
        cells = (
            Node(
                "TH" if cell.is_header else "TD",
                page,
                (Content(page, cell.mark),),
                attributes=scope if cell.is_header else b"",
            )
            for cell in row.cells
        )
        return Node("TR", page, tuple(cells))


class _Element(pydyf.Object):  # type: ignore[misc]  # pydyf is untyped
    """A node as it is written: in one piece, because a report has thousands."""

    def __init__(self, data: bytes = b"null") -> None:
        super().__init__()
        self.data_written = data

    @property
    def data(self) -> bytes:
        return self.data_written


class _WrittenTree:
    """Takes the place of WeasyPrint's elements, object by object."""

    def __init__(self, pdf: pydyf.PDF, pages: _Pages) -> None:
        self._pdf, self._pages = pdf, pages
        self._root = _object(pdf, pdf.catalog["StructTreeRoot"])
        self._by_content = _object(pdf, self._root["ParentTree"])["Nums"]
        self._next_id = [len(self._by_content[2 * page + 1]) for page in range(len(pages.streams))]
        self._owners: list[dict[int, bytes]] = [{} for _ in pages.streams]
        old = [int(each.number) for each in pdf.objects if _is_element(each)]
        for number in old:
            self._put(number, _Element())
        self._free = old[::-1]

    def write(self, root: Node) -> None:
        self._root["K"] = pydyf.Array([self._written(root, self._root.reference)])
        for page, owners in enumerate(self._owners):
            owned = [owners.get(number, b"null") for number in range(self._next_id[page])]
            self._by_content[2 * page + 1] = pydyf.Array(owned)
            _make_artifacts(self._pages.streams[page], owners)

    def _written(self, node: Node, parent: bytes) -> bytes:
        element = _Element()
        if self._free:
            self._put(self._free.pop(), element)
        else:
            self._pdf.add_object(element)
        reference: bytes = element.reference
        kids = b" ".join(
            self._content(kid, node, reference) if isinstance(kid, Content) else self._written(kid, reference)
            for kid in node.kids
        )
        alt = b"/Alt" + pydyf.String(node.alt).data if node.alt else b""
        page = self._pages.references[node.page]
        start = b"<</Type/StructElem/S/%s/P %s/Pg %s" % (node.kind.encode(), parent, page)
        element.data_written = b"%s/K[%s]%s%s>>" % (start, kids, node.attributes, alt)
        return reference

    def _content(self, content: Content, node: Node, owner: bytes) -> bytes:
        if isinstance(content.id, Mark):
            content.id.id = self._next_id[content.page]
            self._next_id[content.page] += 1
        number = content.id.id if isinstance(content.id, Mark) else content.id
        self._owners[content.page][number] = owner
        if content.page == node.page:
            return b"%d" % number
        return b"<</Type/MCR/Pg %s/MCID %d>>" % (self._pages.references[content.page], number)

    def _put(self, number: int, element: _Element) -> None:
        element.number = number
        self._pdf.objects[number] = element


def _make_artifacts(stream: pydyf.Stream, owners: dict[int, bytes]) -> None:
    """Content that no element holds is none: the footer, and the frames of drawn tables."""
    items = stream.stream
    for index, item in enumerate(items):
        if isinstance(item, dict) and "MCID" in item and item["MCID"] not in owners:
            items[index - 1 : index + 2] = ["/Artifact", b"", b"BMC"]


def _drawn_node(tagged: Tagged, page: int) -> Node:
    kids = (Content(page, kid) if isinstance(kid, Mark) else _drawn_node(kid, page) for kid in tagged.kids)
    return Node(tagged.kind, page, tuple(kids))


def _drawn_name(node: Node) -> str:
    for kid in node.kids:
        if isinstance(kid, Node) and (name := kid.alt if kid.kind == "Figure" else _drawn_name(kid)).startswith(
            "drawn:"
        ):
            return name
    return ""


def _is_text_of(node: Node, parent: Node) -> bool:
    """Whether a node only wraps text of its parent."""
    is_text = all(isinstance(kid, Content) and kid.page == parent.page for kid in node.kids)
    return node.kind == "Span" and parent.kind in _HOLD_TEXT and is_text


def _is_element(each: object) -> bool:
    return isinstance(each, dict) and each.get("Type") == "/StructElem"


def _object(pdf: pydyf.PDF, reference: bytes) -> pydyf.Object:
    return pdf.objects[int(reference.split()[0])]
