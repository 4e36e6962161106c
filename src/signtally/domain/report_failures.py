"""Why a version of a report was not made: a stable code, what the code speaks of, and a sentence in English."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping


class FailureCode(enum.StrEnum):
    """Stable, so that a program can give the reason in its reader's language."""

    FAILED = "failed"
    GAVE_UP = "gave-up"
    SERVICE_AWAY = "service-away"
    NOT_BEGUN = "not-begun"
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"
    NOT_IN_TIME = "not-in-time"
    UNREADABLE = "unreadable"


SENTENCES: dict[FailureCode, str] = {
    FailureCode.FAILED: "The report could not be made. The operators can see why.",
    FailureCode.GAVE_UP: "The report could not be made, though it was tried several times. The operators can see why.",
    FailureCode.SERVICE_AWAY: "A service that the report needs did not answer. Ask for it again.",
    FailureCode.NOT_BEGUN: "Its period has not begun. Order it when it has.",
    FailureCode.TOO_SLOW: (
        "The {format} file took more than {limit} seconds to make. Order a shorter period or fewer users."
    ),
    FailureCode.TOO_LARGE: (
        "The {format} file took more than {limit} MiB of memory to make. Order a shorter period or fewer users."
    ),
    FailureCode.NOT_IN_TIME: "It was not made within an hour. Order the report again.",
    FailureCode.UNREADABLE: "What was made cannot be read any more. Order the report again.",
}


@dataclasses.dataclass(frozen=True, slots=True)
class FailureReason:
    """Why; *values* are what the code's sentence has room for."""

    code: FailureCode
    values: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return SENTENCES[self.code].format(**self.values)


@dataclasses.dataclass(frozen=True, slots=True)
class ReportFailure:
    """Why a version could not be made, as it is kept."""

    detail: str  # in words for the one who asked
    failed_at: dt.datetime
    code: str | None = None  # a FailureCode, also of a newer program; None: failed before there were any
    values: Mapping[str, str | int] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, reason: FailureReason, *, failed_at: dt.datetime) -> "ReportFailure":
        return cls(str(reason), failed_at, reason.code, reason.values)
