"""Duplicates, and junk: every kind of message that must become a dead letter."""

import dataclasses
import random
from collections.abc import Callable, Mapping

from signtally.sample.portal_events import PortalEvent, compact_json

Fields = dict[str, object]
_LONGEST_ID = 256  # characters
_MORE_THAN_A_RECORD = 2048  # bytes
_DATA_IDS = ("tenant_id", "user_id", "document_id")
_OTHER_NAMES = ("Sent Twice", "Відправлено Двічі", "二度 送信")


@dataclasses.dataclass(frozen=True, slots=True)
class Junk:
    """A message body, or an element for a batch, that must become a dead letter with this *reason*."""

    reason: str
    json: str
    is_element: bool  # an object that may stand in a batch with good ones


def sent_again(event: PortalEvent, rng: random.Random) -> PortalEvent:
    """A duplicate: the same source and id; half of them have another name and address, which must not be shown."""
    if rng.random() < 0.5:  # noqa: PLR2004 -- a coin
        return event
    return dataclasses.replace(event, user_name=rng.choice(_OTHER_NAMES), user_email="sent-twice@portal.example")


def junk_like(event: PortalEvent, *, number: int) -> Junk:
    """The junk of kind *number* (modulo the number of kinds), made from a good event under an id of its own."""
    make = _KINDS[number % len(_KINDS)]
    # An id of its own, lest the product take it for the event itself.
    return make(dataclasses.replace(event, id=f"junk-{number}-{event.id}").fields())


def _body(reason: str, text: Callable[[Fields], str]) -> Callable[[Fields], Junk]:
    return lambda fields: Junk(reason, text(fields), is_element=False)


def _element(reason: str, spoil: Callable[[Fields], Mapping[str, object]]) -> Callable[[Fields], Junk]:
    return lambda fields: Junk(reason, compact_json(spoil(fields)), is_element=True)


def _with(reason: str, **values: object) -> Callable[[Fields], Junk]:
    return _element(reason, lambda fields: fields | values)


def _without(reason: str, name: str) -> Callable[[Fields], Junk]:
    return _element(reason, lambda fields: _but(name, fields))


def _data_with(reason: str, **values: object) -> Callable[[Fields], Junk]:
    return _element(reason, lambda fields: fields | {"data": _data(fields) | values})


def _data_without(reason: str, name: str) -> Callable[[Fields], Junk]:
    return _element(reason, lambda fields: fields | {"data": _but(name, _data(fields))})


def _reason(id_name: str) -> str:
    return f"bad-{id_name.replace('_', '-')}"


def _but(name: str, fields: Fields) -> Fields:
    return {key: value for key, value in fields.items() if key != name}


def _data(fields: Fields) -> Fields:
    data = fields["data"]
    if not isinstance(data, dict):
        raise TypeError("a good event's data is an object")
    return data


def _without_offset(fields: Fields) -> Fields:
    return fields | {"time": str(fields["time"])[: len("2026-10-03T12:34:56.789")]}


# Every way to be refused, each with the code under which it must be found: the sender's own list, kept by hand.
_KINDS: tuple[Callable[[Fields], Junk], ...] = (
    _body("not-json", lambda _: "usage: 17 documents"),
    _body("not-json", lambda fields: compact_json(fields)[:-1]),
    _body("not-an-event", lambda _: "42"),
    _body("not-an-event", lambda fields: compact_json([fields["id"]])),
    # No second kind of element that is no object: a batch of nothing else would be one dead letter, not several.
    lambda _: Junk("not-an-event", "null", is_element=True),
    _body("empty-batch", lambda _: "[]"),
    _with("bad-specversion", specversion="0.3"),
    _with("bad-specversion", specversion=1.0),
    _without("bad-specversion", "specversion"),
    *(_without(f"bad-{name}", name) for name in ("id", "source", "type", "time", "data")),
    *(_with(f"bad-{name}", **{name: 17}) for name in ("id", "source", "type", "time", "data")),
    _with("unknown-type", type="document.archived"),
    _element("time-without-offset", _without_offset),
    _with("bad-time", time="yesterday at noon"),
    _with("bad-time", time="2026-02-30T12:00:00Z"),
    _with("time-ahead", time="2999-12-31T12:00:00Z"),
    _with("time-before-2000", time="1999-12-31T23:59:59Z"),
    *(_data_without(_reason(name), name) for name in _DATA_IDS),
    *(_data_with(_reason(name), **{name: ""}) for name in _DATA_IDS),
    *(_data_with(_reason(name), **{name: "x" * (_LONGEST_ID + 1)}) for name in _DATA_IDS),
    # What Timestream would refuse for good: a record of more than 2 KB, and text that is no text.
    _element("too-large", lambda fields: fields | {"id": f"{fields['id']}-{'9' * _MORE_THAN_A_RECORD}"}),
    _element("bad-characters", lambda fields: fields | {"id": f"{fields['id']}\0"}),
)
