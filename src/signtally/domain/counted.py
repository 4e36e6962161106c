"""How many of something there are, in English, for operators and errors; `render.translation` has readers' plurals."""


def counted(number: int, one: str, many: str | None = None, *, grouped: bool = False) -> str:
    """`1 event`, `2 events`; *many* where that is not *one* with an s. *grouped*: `1,000 events`."""
    return f"{number:{',' if grouped else ''}} {one if number == 1 else many or f'{one}s'}"
