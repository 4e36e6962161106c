"""Lists of names in pages."""

from typing import Any

from timestream_local.protocol.constraints import Violations, typed
from timestream_local.protocol.errors import ValidationError

Json = dict[str, Any]

LONGEST_LIST = 20


def page_of(keys: list[Any], request: Json) -> tuple[list[Any], Json]:
    """Return one page of sorted *keys*, and the NextToken member if more follow: the index of the next key."""
    size = typed(request, "MaxResults", int, default=LONGEST_LIST)
    violations = Violations()
    violations.between(size, "maxResults", least=1, most=LONGEST_LIST)
    violations.check()
    token = typed(request, "NextToken", str) or "0"
    if not token.isdecimal() or not token.isascii():
        raise ValidationError("The NextToken is invalid.")
    start = int(token[:18])
    end = start + size
    return keys[start:end], {"NextToken": str(end)} if end < len(keys) else {}
