"""Why an event cannot be counted, and what its dead letter carries beside the body."""

import enum
import re
from collections.abc import Mapping

from signtally.domain.message_attributes import MessageLimits

_DETAIL_LIMIT_CHARACTERS = 1_000
_COUNT = re.compile("[0-9]{1,9}")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Escaped too, as in an envelope whose message is JSON in a string; and cut off in the middle.
_NAME_IN_BODY = re.compile(r'(\\*"user_(?:name|email)\\*"\s*:\s*\\*")(?:[^"\\]|\\.)*', re.DOTALL)

REASON = "reason"
DETAIL = "detail"
BATCH_MESSAGE_ID = "batch_message_id"
REPLAYS = "replays"  # how often an operator sent it to be counted again
OURS = (REASON, DETAIL, REPLAYS, BATCH_MESSAGE_ID)

# What SQS's own redrive moved bears no reason, nor does a body that leaves no room for one.
WITHOUT_REASON = "without-reason"


class DeadLetterReason(enum.StrEnum):
    """The short code in a dead letter's attribute `reason`."""

    NOT_JSON = "not-json"
    TOO_DEEP = "too-deep"
    NOT_AN_EVENT = "not-an-event"
    EMPTY_BATCH = "empty-batch"
    SPECVERSION = "bad-specversion"
    ID = "bad-id"
    SOURCE = "bad-source"
    TYPE = "bad-type"
    UNKNOWN_TYPE = "unknown-type"
    TIME = "bad-time"
    TIME_WITHOUT_OFFSET = "time-without-offset"
    TIME_AHEAD = "time-ahead"
    TIME_BEFORE_2000 = "time-before-2000"
    DATA = "bad-data"
    TENANT_ID = "bad-tenant-id"
    USER_ID = "bad-user-id"
    DOCUMENT_ID = "bad-document-id"
    CHARACTERS = "bad-characters"
    TOO_LARGE = "too-large"
    STORE_REFUSED = "store-refused"
    GAVE_UP = "gave-up"
    # Given by the usage store.
    TOO_OLD = "too-old"
    TOO_FAR_AHEAD = "too-far-ahead"
    REFUSED_BY_TIMESTREAM = "refused-by-timestream"

    @property
    def explanation(self) -> str:
        """One sentence for a person; `docs/events.md` lists them from here."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    DeadLetterReason.NOT_JSON: "The body is not JSON (NaN and Infinity are not either).",
    DeadLetterReason.TOO_DEEP: "Arrays and objects are nested more deeply than can be read.",
    DeadLetterReason.NOT_AN_EVENT: "The body, or an element of a batch, is not a JSON object.",
    DeadLetterReason.EMPTY_BATCH: "The body is an empty array.",
    DeadLetterReason.SPECVERSION: '`specversion` is not the string "1.0".',
    DeadLetterReason.ID: "`id` is missing, empty or not a string.",
    DeadLetterReason.SOURCE: "`source` is missing, empty or not a string.",
    DeadLetterReason.TYPE: "`type` is missing or not a string.",
    DeadLetterReason.UNKNOWN_TYPE: "`type` is none of the eight actions that are counted.",
    DeadLetterReason.TIME: "`time` is missing, not a string, or no RFC 3339 date and time that exists.",
    DeadLetterReason.TIME_WITHOUT_OFFSET: "`time` does not say its offset from UTC.",
    DeadLetterReason.TIME_AHEAD: "`time` lies more than 15 minutes in the future.",
    DeadLetterReason.TIME_BEFORE_2000: "`time` lies before the year 2000 (UTC).",
    DeadLetterReason.DATA: "`data` is missing or not an object.",
    DeadLetterReason.TENANT_ID: "`data.tenant_id` is missing, empty, not a string, or longer than 256 characters.",
    DeadLetterReason.USER_ID: "`data.user_id` is missing, empty, not a string, or longer than 256 characters.",
    DeadLetterReason.DOCUMENT_ID: "`data.document_id` is missing, empty, not a string, or longer than 256 characters.",
    DeadLetterReason.CHARACTERS: "An id or the source holds NUL or half a surrogate pair, which no database stores.",
    DeadLetterReason.TOO_LARGE: "Source and ids together do not fit into a record of 2 KB (UTF-8).",
    DeadLetterReason.STORE_REFUSED: "The usage store refused the record for good and gave no code of its own.",
    DeadLetterReason.GAVE_UP: "Storing the event failed every time, over 20 receives, while others were stored.",
    DeadLetterReason.TOO_OLD: (
        "The time lies before what the usage store keeps (`SIGNTALLY_MAGNETIC_RETENTION_DAYS`)."
    ),
    DeadLetterReason.TOO_FAR_AHEAD: "The usage store refused a time that lies in its future.",
    DeadLetterReason.REFUSED_BY_TIMESTREAM: (
        "Timestream refused the record for another reason; `detail` is its own text."
    ),
}


def code_of(attributes: Mapping[str, str]) -> str:
    """Why the dead letter with these attributes could not be counted."""
    return attributes.get(REASON, WITHOUT_REASON)


def replays_of(attributes: Mapping[str, str]) -> int:
    """How often it was replayed; 0 too for what somebody else wrote into an attribute of that name."""
    text = attributes.get(REPLAYS, "")
    return int(text) if _COUNT.fullmatch(text) else 0


def replayed_attributes(body: str, attributes: Mapping[str, str], *, limits: MessageLimits) -> dict[str, str]:
    """What a dead letter carries back to the queue: the sender's attributes, and `replays` raised by one."""
    ours = {REPLAYS} if REASON not in attributes else set(OURS)
    theirs = {name: value for name, value in attributes.items() if name not in ours}
    return limits.fitting(body, _by_importance({**theirs, REPLAYS: str(replays_of(attributes) + 1)}))


def dead_letter_attributes(  # noqa: PLR0913 -- the attributes, and the room for them
    body: str,
    *,
    reason: str,
    detail: str,
    limits: MessageLimits,
    batch_message_id: str | None = None,
    original: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Reason, detail, and as many of the *original* message's attributes as the queue's *limits* leave room for.

    The body is never touched: where a body leaves too little room, the attributes that matter least are left out.
    """
    ours = {REASON: str(reason), DETAIL: _shown(detail)}
    if batch_message_id is not None:
        ours[BATCH_MESSAGE_ID] = batch_message_id
    return limits.fitting(body, _by_importance({**(original or {}), **ours}))


def _by_importance(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: attributes[name] for name in sorted(attributes, key=_importance)}


def _shown(detail: str) -> str:
    """A detail that every queue takes: the characters of XML 1.0, not empty, at most 1,000 of them."""
    text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", detail) or "no detail"
    return text if len(text) <= _DETAIL_LIMIT_CHARACTERS else f"{text[: _DETAIL_LIMIT_CHARACTERS - 1]}…"


def _importance(name: str) -> int:
    return OURS.index(name) if name in OURS else len(OURS)


def without_names(body: str) -> str:
    """A body with `‹left out›` in the place of users' names and addresses: for whoever may look at runs."""
    return _NAME_IN_BODY.sub(r"\1‹left out›", body)
