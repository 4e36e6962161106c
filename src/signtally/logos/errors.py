"""What goes wrong with logos."""

from signtally.errors import SigntallyError


class LogoError(SigntallyError):
    """A logo cannot be shown; the message says why."""
