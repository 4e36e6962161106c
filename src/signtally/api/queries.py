"""Rules for every query string."""

from collections import Counter

from fastapi import Request
from fastapi.exceptions import RequestValidationError


async def reject_duplicate_query_params(request: Request) -> None:
    """Raises RequestValidationError when a query parameter occurs more than once, instead of picking one value."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        {"type": "repeated", "loc": ("query", name), "msg": "give it once"}
        for name, times in given.items()
        if times > 1
    ]
    if errors:
        raise RequestValidationError(errors)
