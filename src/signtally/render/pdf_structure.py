"""The PDF's structure tree, as PDF/UA-1 wants it: what was drawn, in the order of reading."""

from collections.abc import Sequence

import pydyf

from signtally.render.drawing import Mark, Tagged

_MAY_BE_EMPTY = frozenset({"TD", "TH", "TR"})  # a cell with nothing in it is a cell


def write_structure(pdf: pydyf.PDF, root: Tagged, *, marks: Sequence[int]) -> None:
    """Give a document its tree; *marks* is how much marked content each of its pages has."""
    tree = _Tree(pdf, marks)
    structure = pydyf.Dictionary({"Type": "/StructTreeRoot"})
    pdf.add_object(structure)
    structure["K"] = pydyf.Array([tree.written(root, structure.reference)])
    structure["ParentTree"] = tree.by_content()
    pdf.catalog["StructTreeRoot"] = structure.reference
    pdf.catalog["MarkInfo"] = pydyf.Dictionary({"Marked": "true"})
    pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})
    for number, reference in enumerate(tree.pages):
        page = pdf.objects[int(reference.split()[0])]
        page["Tabs"], page["StructParents"] = "/S", number


class _Element(pydyf.Object):  # type: ignore[misc]  # pydyf is untyped
    """An element as it is written: in one piece, because a report has thousands."""

    data = b"null"


class _Tree:
    def __init__(self, pdf: pydyf.PDF, marks: Sequence[int]) -> None:
        self._pdf = pdf
        self.pages: tuple[bytes, ...] = pdf.page_references
        self._owners: list[list[bytes]] = [[b"null"] * count for count in marks]

    def written(self, tagged: Tagged, parent: bytes) -> bytes:
        """The reference of the element, whose kids are written too."""
        element = _Element()
        self._pdf.add_object(element)
        reference: bytes = element.reference
        kids = _kids(tagged)
        page = _first_page(tagged)
        written = b" ".join(
            self._content(kid, page, reference) if isinstance(kid, Mark) else self.written(kid, reference)
            for kid in kids
        )
        alt = b"/Alt" + pydyf.String(tagged.alt).data if tagged.alt else b""
        start = b"<</Type/StructElem/S/%s/P %s/Pg %s" % (tagged.kind.encode(), parent, self.pages[page])
        element.data = b"%s/K[%s]%s%s>>" % (start, written, tagged.attributes, alt)
        return reference

    def by_content(self) -> bytes:
        """The reference of what names the owner of each page's marked content."""
        numbered = (b"%d[%s]" % (page, b" ".join(owners)) for page, owners in enumerate(self._owners))
        element = _Element()
        element.data = b"<</Nums[%s]>>" % b" ".join(numbered)
        self._pdf.add_object(element)
        return bytes(element.reference)

    def _content(self, mark: Mark, page: int, owner: bytes) -> bytes:
        self._owners[mark.page][mark.number] = owner
        if mark.page == page:
            return b"%d" % mark.number
        return b"<</Type/MCR/Pg %s/MCID %d>>" % (self.pages[mark.page], mark.number)


def _kids(tagged: Tagged) -> list[Tagged | Mark]:
    """Without empty elements, and with the kids of those that stand for them."""
    found: list[Tagged | Mark] = []
    for kid in tagged.kids:
        if isinstance(kid, Mark):
            found.append(kid)
        elif not kid.kind:
            found += _kids(kid)
        elif kid.kind in _MAY_BE_EMPTY or _kids(kid):
            found.append(kid)
    return found


def _first_page(tagged: Tagged) -> int:
    """Where its first content is; the first page where it has none."""
    for kid in tagged.kids:
        if isinstance(kid, Mark):
            return kid.page
        if _kids(kid):
            return _first_page(kid)
    return 0
