"""Checks of a request: what breaks a constraint of the service model is collected into one ValidationError."""

import re
from dataclasses import dataclass, field
from typing import Any

from timestream_local.protocol.errors import SerializationError, ValidationError

NAME_PATTERN = re.compile(r"[a-zA-Z0-9_.-]+")


@dataclass(slots=True)
class Violations:
    """Collects what is wrong with a request, to be raised as one ValidationException."""

    found: list[str] = field(default_factory=list)

    def add(self, value: object, where: str, constraint: str) -> None:
        shown = "" if value is None else f"Value '{value}' at "
        where = f"'{where}'" if shown else f"Value at '{where}'"
        self.found.append(f"{shown}{where} failed to satisfy constraint: Member must {constraint}")

    def check(self) -> None:
        if not self.found:
            return
        count = len(self.found)
        noun = "error" if count == 1 else "errors"
        raise ValidationError(f"{count} validation {noun} detected: {'; '.join(self.found)}")

    def length(self, value: Any, where: str, *, least: int = 1, most: int | None = None) -> None:  # noqa: ANN401
        """Check the length of a string or list; None means that a required member is missing."""
        if value is None:
            self.add(None, where, "not be null")
        elif len(value) < least:
            self.add(value, where, f"have length greater than or equal to {least}")
        elif most is not None and len(value) > most:
            self.add(value if isinstance(value, str) else f"[{len(value)} members]", where, length_text(most))

    def between(self, value: Any, where: str, *, least: int, most: int) -> None:  # noqa: ANN401
        if value is None:
            self.add(None, where, "not be null")
        elif value < least:
            self.add(value, where, f"have value greater than or equal to {least}")
        elif value > most:
            self.add(value, where, f"have value less than or equal to {most}")

    def one_of(self, value: object, where: str, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            self.add(value, where, f"satisfy enum value set: [{', '.join(allowed)}]")


def length_text(most: int) -> str:
    return f"have length less than or equal to {most}"


def typed(request: Any, name: str, kind: type, *, default: object = None) -> Any:  # noqa: ANN401
    """Return the member *name*, which must be of *kind* when it is there at all: anything else is no valid JSON 1.0."""
    if not isinstance(request, dict):
        raise SerializationError(f"A structure with {name} is expected")
    value = request.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SerializationError(f"{name} must be of type {kind.__name__}")
    return value


def created_name(request: dict[str, Any], name: str) -> str:
    """The name of a database or table to be created: up to 256 letters, digits, ``_``, ``.``, ``-``.

    Older API references ask for three at least; the current service model does not.
    """
    value = typed(request, name, str)
    where = name[0].lower() + name[1:]
    violations = Violations()
    violations.length(value, where, most=256)
    if value and not NAME_PATTERN.fullmatch(value):
        violations.add(value, where, f"satisfy regular expression pattern: {NAME_PATTERN.pattern}")
    violations.check()
    return str(value)


def used_name(request: dict[str, Any], name: str) -> str:
    """The name of a database or table that should exist."""
    value = typed(request, name, str)
    violations = Violations()
    violations.length(value, name[0].lower() + name[1:])
    violations.check()
    return str(value)
