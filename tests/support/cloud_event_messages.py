"""A valid event on the queue, to be changed at will, and what its body is read as."""

import datetime as dt
import json

from signtally.aws.timestream_records import EVENT_TEXT_LIMIT_BYTES as TEXT_LIMIT_BYTES
from signtally.domain.cloud_events import BadPart, ParsedBody, parse_body

NOW = dt.datetime(2026, 10, 3, 12, 0, tzinfo=dt.UTC)
DATA = {"tenant_id": "acme", "user_id": "u_17", "document_id": "doc_8f2c"}
EVENT = {
    "specversion": "1.0",
    "id": "01JB2",
    "source": "/portal/documents",
    "type": "document.sent",
    "time": "2026-10-03T11:34:56.789Z",
    "data": DATA,
}


def event(**changes: object) -> dict[str, object]:
    """A good event with these attributes instead; None leaves one out."""
    return {name: value for name, value in {**EVENT, **changes}.items() if value is not None}


def parsed(content: object) -> ParsedBody:
    return parse_body(json.dumps(content), now=NOW, text_limit_bytes=TEXT_LIMIT_BYTES)


def only_bad(content: object) -> BadPart:
    result = parsed(content)
    assert not result.events
    assert len(result.bad) == 1
    return result.bad[0]
