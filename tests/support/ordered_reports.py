"""Reports ordered by the API: the order, the finished report, and what is stored of it."""

from typing import Any
from urllib.parse import unquote, urlsplit


def stored(world: Any, url: str) -> bytes:
    """What the signed URL of the memory bucket leads to."""
    body: bytes = world.objects.get(unquote(urlsplit(url).path.lstrip("/"))).body
    return body


def order(client: Any, body: dict[str, Any], *, expected: int = 202) -> dict[str, Any]:
    answer = client.post("/v1/reports", json=body)
    assert answer.status_code == expected, answer.text
    document: dict[str, Any] = answer.json()
    assert answer.headers["location"] == document["links"]["self"]
    return document


def made(client: Any, world: Any, body: dict[str, Any]) -> dict[str, Any]:
    """Order, make, and read the finished report."""
    ordered = order(client, body)
    world.make_reports()
    document: dict[str, Any] = client.get(ordered["links"]["self"]).json()
    assert document["status"] == "ready"
    return document
