"""Text within a width: cut short, wrapped into lines, hyphenated as its language does it."""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence

import pyphen
from weasyprint.text.line_break import split_first_line

from signtally.render.faces import Face, pango_style
from signtally.render.shaped_text import ShapedLine, shaped

_PARAGRAPHS_REMEMBERED = 2_000
_JOINED = frozenset({"Mn", "Me", "Mc", "Cf"})
_JOINER, _ELLIPSIS, _SOFT_HYPHEN = "\N{ZERO WIDTH JOINER}", "…", "\N{SOFT HYPHEN}"
_LEAST_LETTERS = 4  # of a word before and after a hyphen
_MOST_IDEOGRAPHS = 8  # that stay on one line if they can
_PARTS = re.compile(r".+?(?: · |、|$)")  # of a list, which keep together what they say
# What no line ends within: `6 Oct 2026`, `2026年10月6日`, `until 14:05`, `(to date)`
_TOGETHER = re.compile(
    r"\b\d{1,2}\.? [^\W\d]+\.? \d{4}\b|\d{4}年\d{1,2}月(?:\d{1,2}日)?"
    r"|[^\W\d]\S* \d{1,2}:\d\d\b|[(（][^()（）]{1,16}[)）]"
)
_TIE = "\N{WORD JOINER}"  # which names do not have: see `one_line`


def fitted(text: str, face: Face, width: float, *, keeps_end: bool = False) -> ShapedLine:
    """The text, or as much of its beginning as fits into the width together with an ellipsis.

    An email or an id *keeps its end*, too, because that is where it differs from its like.
    """
    whole = shaped(text, face)
    if whole.width <= width:
        return whole
    end = _end_of(text, face, width / 2) if keeps_end else ""
    low, high = 0, len(text) - len(end)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if shaped(_cut(text, middle, end), face).width <= width else (low, middle)
    return shaped(_cut(text, low, end), face)


def _end_of(text: str, face: Face, width: float) -> str:
    length = 1
    while length < len(text) and shaped(text[-length - 1 :], face).width <= width:
        length += 1
    return text[-length:]


@functools.lru_cache(_PARAGRAPHS_REMEMBERED)
def wrapped(text: str, face: Face, width: float, *, most_lines: int, indent: float = 0.0) -> tuple[ShapedLine, ...]:
    """The text on as many lines as it takes, of which the last one allowed ends in an ellipsis where it must.

    The first line has *indent* less room than the others.
    """
    lines: list[ShapedLine] = []
    rest, room = _tied(text, face, width - indent), width - indent
    while rest and len(lines) < most_lines - 1 and shaped(rest, face).width > room:
        _, length, resume_at, *_ = split_first_line(rest, pango_style(face), None, room, 0)
        encoded = rest.encode()
        lines.append(shaped(_unmarked(encoded[:length].decode()), face))
        rest, room = encoded[resume_at:].decode() if resume_at else "", width
    return (*lines, fitted(_unmarked(rest), face, room)) if rest or not lines else tuple(lines)


@functools.lru_cache(_PARAGRAPHS_REMEMBERED)
def wrapped_by_parts(text: str, face: Face, width: float, *, most_lines: int) -> tuple[ShapedLine, ...]:
    """As `wrapped`, with every line's end between two parts of a list, where there is room for the part."""
    lines = [""]
    for part in _PARTS.findall(text):
        if lines[-1] and shaped(f"{lines[-1]}{part}".rstrip(), face).width > width:
            lines.append(part)
        else:
            lines[-1] += part
    found = [one for line in lines for one in wrapped(line.rstrip(), face, width, most_lines=most_lines)]
    return tuple(found) if len(found) <= most_lines else wrapped(text, face, width, most_lines=most_lines)


def _tied(text: str, face: Face, width: float) -> str:
    """With ties in what belongs together, as far as it fits on a line."""

    def tied(match: re.Match[str]) -> str:
        return _TIE.join(match[0]) if shaped(match[0], face).width <= width else match[0]

    return _TOGETHER.sub(tied, text)


def _unmarked(line: str) -> str:
    """Without ties and soft hyphens; one at which the line ends is seen."""
    seen = f"{line[:-1]}-" if line.endswith(_SOFT_HYPHEN) else line.rstrip()
    return seen.replace(_SOFT_HYPHEN, "").replace(_TIE, "")


def hyphenated(text: str, face: Face, width: float) -> str:
    """The text with soft hyphens in the words that are wider; for `wrapped`."""
    return " ".join(
        _SOFT_HYPHEN.join(_parts(word, face.language)) if shaped(word, face).width > width else word
        for word in text.split(" ")
    )


def longest_part(text: str, face: Face) -> float:
    """The width below which a text cannot be wrapped without breaking words where its language does not."""
    parts = (_with_hyphens(_parts(word, face.language)) for word in _words(text))
    return max((shaped(part, face).width for word in parts for part in word), default=0.0)


def _with_hyphens(parts: Sequence[str]) -> list[str]:
    return [*(f"{part}-" for part in parts[:-1]), *parts[-1:]]


@functools.lru_cache(1_000)
def _parts(word: str, language: str) -> Sequence[str]:
    """The word cut where its language hyphenates it, if it does."""
    known = pyphen.language_fallback(language.replace("-", "_"))
    if known is None:
        return (word,)
    rules = pyphen.Pyphen(lang=known, left=_LEAST_LETTERS, right=_LEAST_LETTERS)
    return tuple(rules.inserted(word, _SOFT_HYPHEN).split(_SOFT_HYPHEN))


def longest_word(text: str, face: Face) -> float:
    """The width below which a text cannot be wrapped without breaking a word."""
    return max((shaped(word, face).width for word in _words(text)), default=0.0)


def _words(text: str) -> Iterator[str]:
    """What stands between spaces; of ideographs, which are written without any, a few at a time."""
    for word in text.split(" "):
        if word.isascii() or not all(unicodedata.east_asian_width(character) in "WF" for character in word):
            yield word
        else:
            yield from (word[at : at + _MOST_IDEOGRAPHS] for at in range(0, len(word), _MOST_IDEOGRAPHS))


def _cut(text: str, length: int, end: str) -> str:
    """The first characters, an ellipsis and the end; no letter loses its accents, no emoji is taken apart."""
    while length > 1 and (unicodedata.category(text[length]) in _JOINED or text[length - 1] == _JOINER):
        length -= 1
    return f"{text[:length].rstrip()}{_ELLIPSIS}{end}"
