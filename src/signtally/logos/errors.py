"""What goes wrong with logos."""

from collections.abc import Mapping

from signtally.errors import SigntallyError


class LogoError(SigntallyError):
    """A logo cannot be shown; the message says why, and *code* with its *values* says it to programs."""

    def __init__(self, code: str, detail: str, values: Mapping[str, str | int] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.values = dict(values or {})
