"""The eight actions that are counted, under their names on the queue and in a report, and how often each happened."""

import dataclasses
import enum
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Self


class Action(enum.StrEnum):
    """An action a report counts; its value is the measure's name in every file, answer and table."""

    SENT = "sent"
    RECEIVED = "received"
    VIEWED = "viewed"
    SIGNED = "signed"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def event_type(self) -> str:
        """The CloudEvents `type` under which the portal sends it."""
        return f"{_SUBJECTS.get(self, 'document')}.{self}"

    @classmethod
    def of_event_type(cls, event_type: str) -> "Action | None":
        return _BY_EVENT_TYPE.get(event_type)


# A recipient's request is received or declined; everything else happens to the document.
_SUBJECTS = {Action.RECEIVED: "request", Action.DECLINED: "request"}
_BY_EVENT_TYPE = {action.event_type: action for action in Action}
MEASURES: tuple[str, ...] = tuple(str(action) for action in Action)
_IN_ORDER: Callable[["Counts"], tuple[int, ...]] = operator.attrgetter(*MEASURES)


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """Events by action, in the order in which every report shows them."""

    sent: int = 0
    received: int = 0
    viewed: int = 0
    signed: int = 0
    completed: int = 0
    declined: int = 0
    cancelled: int = 0
    expired: int = 0

    @classmethod
    def of(cls, row: Mapping[str, object]) -> Self:
        """Read the measures of a row; other columns are left aside."""
        return cls(**{measure: int(str(row[measure])) for measure in MEASURES})

    @classmethod
    def total(cls, many: Iterable["Counts"]) -> Self:
        columns = zip(*(counts.as_tuple() for counts in many), strict=True)
        return cls(*(sum(column) for column in columns))

    def as_tuple(self) -> tuple[int, ...]:
        # Not dataclasses.astuple: its deep copies were a tenth of a large report's time.
        return _IN_ORDER(self)

    def as_dict(self) -> dict[str, int]:
        return dict(zip(MEASURES, self.as_tuple(), strict=True))

    def __reduce__(self) -> tuple[type["Counts"], tuple[int, ...]]:
        # Not field by field: pickling those of 100,000 users took a second.
        return Counts, self.as_tuple()

    @property
    def success_rate_of_closed(self) -> float | None:
        """Completed ÷ everything that came to an end, 0–1; None when nothing did."""
        closed = self.completed + self.declined + self.cancelled + self.expired
        return self.completed / closed if closed else None
