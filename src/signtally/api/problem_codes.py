"""Codes of parts that are not valid: stable, so that a program can say what is wrong in its reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from signtally.api.problems import InvalidPart

CODES: dict[str, str] = {
    "required": "It is missing.",
    "unknown": "There is no such parameter or field.",
    "given-twice": "It is given twice.",
    "read-only": "`field` cannot be changed here: leave it out.",
    "wrong-type": "It is of another type than the schema says.",
    "malformed": "It has another form than the schema says.",
    "not-json": "The body is no JSON.",
    "not-a-choice": "It is none of the values that the schema lists.",
    "too-long": "It has more than `limit` characters or elements.",
    "too-short": "It has fewer than `limit` characters or elements.",
    "too-great": "It is greater than `limit`.",
    "too-small": "It is less than `limit`.",
    "invalid": "Something else; `detail` says what.",
    "name-missing": "A name has at least one character.",
    "name-too-long": "A name has at most `limit` characters, this one `length`; an emoji counts as two.",
    "name-begins-wrongly": "A name begins with a letter or a digit.",
    "name-character": "A name cannot contain `character`.",
    "name-taken": "`name` is taken: names that differ in capitals alone, or not to the eye, are one.",
    "name-mismatch": "The body says another name than the address, `name`.",
    "email": "`address` is no email address that mail servers take.",
    "email-domain": "Reports are not sent to addresses at `domain`, but to those at `domains`.",
    "too-many-recipients": "There are `count` recipients; a schedule has at most `limit`.",
    "too-many-schedules": "A tenant has at most `limit` schedules.",
    "zone": "`zone` is no time zone of the IANA list; `suggestions` are those that it may mean.",
    "time": "`time` is no time of day such as `07:00`.",
    "date": "It is no date such as `2026-10-03`.",
    "sending-day": "A schedule for each `every` is not sent on such a day.",
    "url": "It is no web address.",
    "url-shortened": "The address is shortened, as it is shown: write the whole of it.",
    "url-not-https": "A webhook is called by https only.",
    "url-credentials": "A webhook's address has no user, password or fragment.",
    "url-not-public": "A webhook's address is a public one.",
    "url-host": "Reports are not posted to `host`, but to `hosts`.",
    "secret": "A secret is `whsec_` and 24 to 64 bytes in base64.",
    "secret-not-taken": "A webhook has a secret, and Slack and Teams have none.",
    "destination-unknown": "The schedule has no destination `name`.",
    "logo": "A logo is a `data:` URI of a PNG, JPEG or SVG in base64.",
    "logo-unreadable": "The picture cannot be read as what it says it is.",
    "logo-invisible": "Nothing of the picture can be seen on white paper.",
    "logo-pixels": "The picture has `width` × `height` pixels; at most `limit` in all are read.",
    "logo-entities": "The SVG declares entities, which are not read.",
    "logo-refers": "The SVG refers to `reference`, and nothing is fetched.",
    "logo-complex": "To draw the picture takes too much: it has too many parts.",
    "logo-busy": "The picture was not drawn in time: send it again.",
    "logo-not-drawn": "The picture cannot be drawn; `detail` says why.",
}
_OF_TYPE = {
    "missing": "required",
    "repeated": "given-twice",
    "extra_forbidden": "unknown",
    "json_invalid": "not-json",
    "literal_error": "not-a-choice",
    "enum": "not-a-choice",
    "union_tag_invalid": "not-a-choice",
    "union_tag_not_found": "required",
    "string_pattern_mismatch": "malformed",
    "string_too_long": "too-long",
    "string_too_short": "too-short",
    "too_long": "too-long",
    "too_short": "too-short",
    "greater_than": "too-small",
    "greater_than_equal": "too-small",
    "less_than": "too-great",
    "less_than_equal": "too-great",
    "timezone_aware": "malformed",
    "value_error": "invalid",
}
_LIMITS = ("max_length", "min_length", "gt", "ge", "lt", "le")
_OBJECT, _ARRAY, _CHOICE = "write a JSON object", "write a JSON array", "write {expected}"
_WORDS = {  # with what the validator knows of it
    "missing": "it is missing",
    "extra_forbidden": "unknown parameter; see /docs for the ones that exist",
    "json_invalid": "not valid JSON: {error}",
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "union_tag_invalid": "write {expected_tags} as {discriminator}",
    "union_tag_not_found": "{discriminator} is missing",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "list_type": _ARRAY,
    "tuple_type": _ARRAY,
    "too_long": "name {max_length} at most",
}


def parts_of(found: Sequence[Mapping[str, Any]], *, below: tuple[str | int, ...] = ()) -> tuple[InvalidPart, ...]:
    """The parts that validation found wrong, each *below* a location; never with what was sent."""
    return tuple(_part(each, below=below) for each in found)


def _part(found: Mapping[str, Any], *, below: tuple[str | int, ...]) -> InvalidPart:
    kind, context = found["type"], found.get("ctx", {})
    own = {name: value for name, value in context.items() if name != "detail"}
    limit = next((context[name] for name in _LIMITS if name in context), None)
    return InvalidPart(
        location=".".join(map(str, (*below, *found["loc"]))),
        detail=_detail(found),
        code=_code(kind),
        values=own if kind in CODES else {} if limit is None else {"limit": limit},
    )


def _code(kind: str) -> str:
    if kind in CODES:
        return kind
    fallback = "wrong-type" if kind.endswith("_type") else "malformed"
    return _OF_TYPE.get(kind, fallback)


def _detail(found: Mapping[str, Any]) -> str:
    """What is wrong, in plain words: the validator's own speak of Python's types."""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "too_short" and context["min_length"] == 1:
        return "name one at least"
    words = _WORDS.get(kind)
    return words.format(**context) if words else str(found["msg"]).removeprefix("Value error, ")
