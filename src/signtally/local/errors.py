"""What can go wrong on the machine itself."""


class LocalError(Exception):
    """A server cannot run here, or did not do its part; the text says what to do."""
