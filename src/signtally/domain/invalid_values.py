"""What is wrong with a value that somebody wrote: a stable code, what its explanation speaks of, and a sentence."""

from typing import LiteralString

from pydantic_core import PydanticCustomError


def invalid_value(code: LiteralString, detail: str, **values: str | int | list[str]) -> PydanticCustomError:
    """The error for a validator to raise; a ValueError too.

    *code* is one of `signtally.api.problem_codes`, *detail* a sentence for who writes programs.
    """
    template: LiteralString = "{detail}"
    said = {name: _whole(value) if isinstance(value, str) else value for name, value in values.items()}
    return PydanticCustomError(code, template, {"detail": _whole(detail), **said})


def _whole(text: str) -> str:
    """Halves of characters, as JSON may have them, as escapes: Pydantic can put no others into a message."""
    return text.encode("utf-8", "backslashreplace").decode()
