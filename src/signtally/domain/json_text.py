"""JSON as it came off the queue: decoded strictly, and cut into a batch's elements without encoding anything anew."""

import json
import re
from collections import Counter
from typing import Any, NoReturn

# A string (perhaps one that never ends), a bracket or a comma; possessive, so that no body can make it backtrack.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_SPACE = " \t\n\r"


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
# Python refuses integers of more than 4,300 digits. They are JSON all the same, and no field that we read is a number.
_LONG_NUMBERS_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=float)


def decoded(text: str) -> Any:  # noqa: ANN401 -- JSON is anything
    """Raises JSONDecodeError for what is no JSON (NaN and Infinity are none), RecursionError for what is too deep."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _LONG_NUMBERS_DECODER.decode(text)


def repeated_names(text: str | bytes) -> list[str]:
    """The names that some object of a JSON text gives more than once; readers differ in which of its values they take.

    Raises what `json.loads` raises.
    """
    repeated: dict[str, None] = {}

    def note(pairs: list[tuple[str, object]]) -> None:
        times = Counter(name for name, _ in pairs)
        repeated.update(dict.fromkeys(name for name in times if times[name] > 1))

    json.loads(text, object_pairs_hook=note)
    return [*repeated]


def is_array(text: str) -> bool:
    return text.lstrip(_SPACE).startswith("[")


def element_texts(array: str) -> list[str]:
    """The elements of a JSON array as they are written. Raises ValueError when the brackets do not match.

    What a sender wrote (duplicate keys, 1e400, an escaped surrogate) survives, and depth does not matter.
    """
    texts: list[str] = []
    closing: list[str] = []  # the brackets that must come, the innermost last
    start = end = 0
    for token in _TOKENS.finditer(array):
        mark = token[0]
        if mark in "[{":
            closing.append("]" if mark == "[" else "}")
            start = token.end() if len(closing) == 1 else start
        elif mark in "]}":
            if not closing or closing.pop() != mark:
                raise ValueError(f"unexpected {mark} at character {token.start()}")
            if not closing:
                texts.append(array[start : token.start()].strip(_SPACE))
                end = token.end()
        elif mark == "," and len(closing) == 1:
            texts.append(array[start : token.start()].strip(_SPACE))
            start = token.end()
    if closing or array[end:].strip(_SPACE):
        raise ValueError("the array does not end where the body does")
    return texts
