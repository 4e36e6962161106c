"""From a message's body to events: CloudEvents 1.0 in JSON, one or a batch, checked exactly as docs/events.md says.

Every rule stands here once, for imports too. What breaks one becomes a `BadPart`; its neighbours in the batch are not
affected.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from signtally.domain.actions import Action
from signtally.domain.dead_letters import DeadLetterReason
from signtally.domain.events import BadEventError, UsageEvent
from signtally.domain.ids import ID_LIMIT_CHARACTERS, UNSTORABLE
from signtally.domain.json_text import decoded, element_texts, is_array
from signtally.domain.timestamps import FUTURE_LIMIT, event_time

_SHOWN_CHARACTERS = 80
_Check = Callable[[Any], UsageEvent]  # raises BadEventError


@dataclasses.dataclass(frozen=True, slots=True)
class BadPart:
    """A body, or one element of a batch, as it was written; it can never be counted."""

    json: str
    reason: str
    detail: str
    is_element: bool


@dataclasses.dataclass(frozen=True, slots=True)
class ParsedBody:
    """The good and the bad of one message, each in its own order; *positions* are those of the events in a batch."""

    body: str
    events: Sequence[UsageEvent] = ()
    bad: Sequence[BadPart] = ()
    positions: Sequence[int] | None = None  # None: the body is one event, or bad as a whole

    @property
    def is_batch(self) -> bool:
        return self.positions is not None

    def own_json(self, number: int) -> str:
        """The text of event *number* as its sender wrote it."""
        return self.body if self.positions is None else element_texts(self.body)[self.positions[number]]


def parse_body(body: str, *, now: dt.datetime, text_limit_bytes: int) -> ParsedBody:
    """Read a message's body; never raises. *now* is aware: no event may be more than 15 minutes after it.

    *text_limit_bytes* is the usage store's: what source, ids and names of one event may take together.
    """
    check = partial(checked_event, latest=now + FUTURE_LIMIT, text_limit_bytes=text_limit_bytes)
    try:
        content = decoded(body)
        if type(content) is list:
            return _parse_batch(body, content, check)
        return ParsedBody(body, [check(content)])
    except json.JSONDecodeError as error:
        return _bad_body(body, BadEventError(DeadLetterReason.NOT_JSON, str(error)))
    except BadEventError as error:
        return _bad_body(body, error)
    except RecursionError:
        return _parse_deep(body, check) if is_array(body) else _bad_body(body, _too_deep())


def _bad_body(body: str, error: BadEventError) -> ParsedBody:
    return ParsedBody(body, bad=[BadPart(body, error.reason, error.detail, is_element=False)])


def _too_deep() -> BadEventError:
    return BadEventError(DeadLetterReason.TOO_DEEP, "arrays and objects are nested too deeply")


def _parse_batch(body: str, elements: list[Any], check: _Check) -> ParsedBody:
    if not elements:
        raise BadEventError(DeadLetterReason.EMPTY_BATCH, "the array holds no event")
    if not any(type(element) is dict for element in elements):
        raise BadEventError(DeadLetterReason.NOT_AN_EVENT, "the array holds no object at all")
    events: list[UsageEvent] = []
    positions: list[int] = []
    errors: list[tuple[int, BadEventError]] = []
    for position, element in enumerate(elements):
        try:
            events.append(check(element))
            positions.append(position)
        except BadEventError as error:
            errors.append((position, error))
    texts = element_texts(body) if errors else []
    bad = [BadPart(texts[position], error.reason, error.detail, is_element=True) for position, error in errors]
    return ParsedBody(body, events, bad, positions)


def _parse_deep(body: str, check: _Check) -> ParsedBody:
    """Read a batch that is too deep to be decoded at once element by element: its other elements may be good."""
    events: list[UsageEvent] = []
    positions: list[int] = []
    bad: list[BadPart] = []
    try:
        for position, text in enumerate(element_texts(body)):
            try:
                events.append(check(_shallow(text)))
                positions.append(position)
            except BadEventError as error:
                bad.append(BadPart(text, error.reason, error.detail, is_element=True))
    except json.JSONDecodeError as error:
        return _bad_body(body, BadEventError(DeadLetterReason.NOT_JSON, str(error)))
    except ValueError:
        return _bad_body(body, _too_deep())
    if not events and all(part.reason == DeadLetterReason.TOO_DEEP for part in bad):
        return _bad_body(body, _too_deep())
    return ParsedBody(body, events, bad, positions)


def _shallow(text: str) -> Any:  # noqa: ANN401 -- JSON is anything
    try:
        return decoded(text)
    except RecursionError:
        raise _too_deep() from None


def checked_event(fields: Any, *, latest: dt.datetime, text_limit_bytes: int) -> UsageEvent:  # noqa: ANN401 -- JSON is anything
    """One decoded element, or a past action in that form. Raises BadEventError for the first thing that is wrong."""
    if type(fields) is not dict:
        raise BadEventError(DeadLetterReason.NOT_AN_EVENT, f"{_shown(fields)} is not an object")
    if fields.get("specversion") != "1.0":
        found = _shown(fields["specversion"]) if "specversion" in fields else "missing"
        raise BadEventError(DeadLetterReason.SPECVERSION, f'specversion is {found}, not "1.0"')
    event_id = _attribute(fields, "id", DeadLetterReason.ID)
    source = _attribute(fields, "source", DeadLetterReason.SOURCE)
    action = _action(_event_type(fields))
    occurred_at = event_time(_attribute(fields, "time", DeadLetterReason.TIME), latest=latest)
    data = fields.get("data")
    if type(data) is not dict:
        raise BadEventError(DeadLetterReason.DATA, f"data is {_shown(data)}, not an object")
    tenant_id = _id(data, "tenant_id", DeadLetterReason.TENANT_ID)
    user_id = _id(data, "user_id", DeadLetterReason.USER_ID)
    document_id = _id(data, "document_id", DeadLetterReason.DOCUMENT_ID)
    identity = f"{len(source)}:{source}:{event_id}{tenant_id}{user_id}{document_id}"
    room_bytes = _room_for_names(identity, limit_bytes=text_limit_bytes)
    email, name = _names(data, room_bytes=room_bytes)
    sent_at = _sent_at(data, latest=latest) if action is Action.COMPLETED else None
    return UsageEvent(source, event_id, action, tenant_id, user_id, document_id, occurred_at, email, name, sent_at)


def _attribute(fields: dict[str, Any], name: str, reason: DeadLetterReason) -> str:
    value = fields.get(name)
    if type(value) is not str or not value:
        raise BadEventError(reason, f"{name} is {_shown(value)}" if name in fields else f"{name} is missing")
    return value


def _event_type(fields: dict[str, Any]) -> str:
    """An empty one is a type that is not known, not one of the wrong kind."""
    return "" if fields.get("type") == "" else _attribute(fields, "type", DeadLetterReason.TYPE)


def _action(event_type: str) -> Action:
    action = Action.of_event_type(event_type)
    if action is None:
        known = ", ".join(action.event_type for action in Action)
        raise BadEventError(DeadLetterReason.UNKNOWN_TYPE, f"type {_shown(event_type)} is none of {known}")
    return action


def _id(data: dict[str, Any], name: str, reason: DeadLetterReason) -> str:
    value = data.get(name)
    if type(value) is not str or not value:
        raise BadEventError(reason, f"data.{name} is {_shown(value)}" if name in data else f"data.{name} is missing")
    if len(value) > ID_LIMIT_CHARACTERS:
        raise BadEventError(reason, f"data.{name} has {len(value)} characters; {ID_LIMIT_CHARACTERS} is the limit")
    return value


def _room_for_names(texts: str, *, limit_bytes: int) -> int:
    """How many bytes the identifying *texts* leave for names. Raises BadEventError when they do not fit themselves."""
    if UNSTORABLE.search(texts):
        raise BadEventError(DeadLetterReason.CHARACTERS, "id, source or an id in data holds NUL or half a surrogate")
    taken_bytes = _bytes(texts)
    if taken_bytes > limit_bytes:
        detail = f"source and ids take {taken_bytes} bytes in UTF-8; {limit_bytes} is the limit"
        raise BadEventError(DeadLetterReason.TOO_LARGE, detail)
    return limit_bytes - taken_bytes


def _names(data: dict[str, Any], *, room_bytes: int) -> tuple[str | None, str | None]:
    """Email and name as far as there is room: an address is kept whole or not at all, a name is cut short."""
    email, name = _storable(data.get("user_email")), _storable(data.get("user_name"))
    if email is not None and _bytes(email) > room_bytes:
        email = None
    if email is not None:
        room_bytes -= _bytes(email)
    if name is not None and _bytes(name) > room_bytes:
        name = name.encode()[:room_bytes].decode(errors="ignore") or None
    return email, name


def _storable(value: Any) -> str | None:  # noqa: ANN401 -- JSON is anything
    return UNSTORABLE.sub("", value) or None if type(value) is str else None


def _sent_at(data: dict[str, Any], *, latest: dt.datetime) -> dt.datetime | None:
    value = data.get("sent_at")
    if type(value) is not str:
        return None
    try:
        return event_time(value, latest=latest)
    except BadEventError:
        return None


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _shown(value: Any) -> str:  # noqa: ANN401 -- JSON is anything
    """A value in a detail: as JSON, cut short; a container only by its kind, for it may be huge or deep."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    text = json.dumps(value[:_SHOWN_CHARACTERS] if isinstance(value, str) else value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
