"""What can go wrong on the machine itself."""

from signtally.errors import SigntallyError


class LocalError(SigntallyError):
    """A server cannot run here, or did not do its part; the text says what to do."""
