"""Text as files and headers can show it: what cannot be seen made visible, on one line, cut short."""

import itertools
import re
import unicodedata

# What XML 1.0 forbids, and the C1 controls, which it only discourages.
_NOT_TEXT = re.compile("[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F-\\x9F\\uD800-\\uDFFF\\uFFFE\\uFFFF]")
_C0_CONTROLS = range(0x20)
_CONTROL_PICTURES = 0x2400  # where Unicode shows them: ␀ ␁ …
_DELETE = 0x7F
_ISOLATE, _END_OF_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def visible(text: str) -> str:
    """The text with what XML forbids made visible: NUL becomes ␀, a lone surrogate �; tab and line breaks stay."""
    return text if text.isprintable() else _NOT_TEXT.sub(_picture, text)


def one_line(text: str) -> str:
    """The text fit for a header or a title: on one line, without control characters, unable to turn its surroundings.

    The joiners stay, because Persian, the scripts of India and emoji are misspelt without them.
    """
    if text.isprintable():  # nearly every name: nothing in it needs taming
        return " ".join(text.split())
    return " ".join("".join(map(_tamed, visible(text))).split())


def shortened(text: str, most_characters: int, *, keeps_end: bool = False) -> str:
    """The text, or its beginning and an ellipsis; of an id its end, too: that is where it differs from its like."""
    if len(text) <= most_characters:
        return text
    end = text[-(most_characters // 2) :] if keeps_end else ""
    return f"{text[: most_characters - len(end) - 1].rstrip()}…{end}"


def within_columns(text: str, most_columns: int) -> str:
    """As `shortened`, where an ideograph takes two columns."""
    ends = itertools.accumulate(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return shortened(text, sum(end <= most_columns for end in ends))


def beside(name: str, detail: str) -> str:
    """`Ann Ash · ann@acme.example`; behind a name that is read from the right, `0.ann@…` stays as it is spelt."""
    turns = any(unicodedata.bidirectional(character) in {"R", "AL"} for character in name)
    return f"{name} · {_ISOLATE}{detail}{_END_OF_ISOLATE}" if turns else f"{name} · {detail}"


def _tamed(character: str) -> str:
    if character in JOINERS:
        return character
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp" | "Zs":
            return " "
        case "Cf":  # U+202E and its like, which would write the rest of a subject backwards
            return ""
        case _:
            return character


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < len(_C0_CONTROLS):
        return chr(_CONTROL_PICTURES + code)
    return "\N{SYMBOL FOR DELETE}" if code == _DELETE else "\N{REPLACEMENT CHARACTER}"
