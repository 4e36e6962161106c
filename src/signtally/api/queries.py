"""Query strings: what holds for every parameter."""

from collections import Counter

from fastapi import Request
from fastapi.exceptions import RequestValidationError


async def each_once(request: Request) -> None:
    """Refuse a parameter that is given twice, rather than choose one of its values. Raises RequestValidationError."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        {"type": "repeated", "loc": ("query", name), "msg": "give it once"}
        for name, times in given.items()
        if times > 1
    ]
    if errors:
        raise RequestValidationError(errors)
