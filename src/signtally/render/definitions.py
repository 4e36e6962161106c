"""What the terms of a report mean, in its language."""

from signtally.domain.basis import Basis
from signtally.domain.definitions import HEADINGS, Definition, definition
from signtally.render.translation import Translation


def defined(term: str, *, words: Translation, basis: Basis = Basis.ACTIVITY) -> Definition:
    """A term as it is headed, and its meaning in a report on this basis."""
    return translated(definition(term, basis=basis), words)


def translated(line: Definition, words: Translation) -> Definition:
    """The definition with its term as it is headed."""
    return Definition(words.gettext(HEADINGS[line.term]), tuple(map(words.gettext, line.sentences)))
