"""Marks a text that readers see, where it stands and is not shown: who shows it translates it."""


def translatable(text: str) -> str:
    """The text itself; `make messages` finds it by this call and puts it into every catalogue."""
    return text
