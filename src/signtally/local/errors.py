"""Errors of the programs that run on this machine."""

from signtally.errors import SigntallyError


class LocalError(SigntallyError):
    """A program cannot run on this machine, or failed; the text says what to do."""
