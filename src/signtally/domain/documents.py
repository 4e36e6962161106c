"""The documents of a period: what became of each, and how far those sent in it have come."""

import dataclasses
import enum

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.schemas import UTC_MICROSECONDS


class DocumentStatus(enum.StrEnum):
    """Open, or the final state that ended the document."""

    OPEN = "open"
    COMPLETED = Action.COMPLETED.value
    DECLINED = Action.DECLINED.value
    CANCELLED = Action.CANCELLED.value
    EXPIRED = Action.EXPIRED.value


# One row a document that was open at any moment of a period, as it stood when the period ended or, if that is earlier,
# when the figures were read. Order: open ones first, the oldest first; then closed ones, the latest closed first; ties
# by document_id. `received`, `viewed` and `signed` count recipients' events.
DOCUMENT_ROWS = pl.Schema(
    {
        "document_id": pl.String(),
        "status": pl.String(),  # a DocumentStatus
        "user_id": pl.String(),  # the sender; null when nobody is known to have sent it
        "user_name": pl.String(),
        "user_email": pl.String(),
        "sent_at": UTC_MICROSECONDS,
        "first_viewed_at": UTC_MICROSECONDS,
        "last_signed_at": UTC_MICROSECONDS,
        "closed_at": UTC_MICROSECONDS,  # null while open
        "turnaround_hours": pl.Float64(),  # first sent to completed; null unless completed
        "days_open": pl.Int64(),  # whole days from first sent to closed_at, or to the period's end while open
        "received": pl.Int64(),
        "viewed": pl.Int64(),
        "signed": pl.Int64(),
    }
)
# One row a user and local day with any activity; beyond 62 days, a user and month (`day` is the month's first).
USER_DAYS = pl.Schema({"user_id": pl.String(), "day": pl.Date(), **{str(action): pl.Int64() for action in Action}})
USER_DAYS_MOST_DAYS = 62  # of a period whose users are shown by day; a longer one shows them by month


@dataclasses.dataclass(frozen=True, slots=True)
class Cohort:
    """The documents sent in a period, followed to where they stand by now: a funnel, and the completion rate."""

    sent: int = 0
    viewed: int = 0  # of those, how many any recipient has viewed, signed or finished
    signed: int = 0  # of those, how many any recipient has signed, or all have finished
    completed: int = 0
    open: int = 0

    @property
    def completion_rate(self) -> float | None:
        """Completed ÷ sent, 0–1; None when nothing was sent."""
        return self.completed / self.sent if self.sent else None

    @property
    def narrows(self) -> bool:
        """Whether no stage exceeds the one before it, and nothing is both completed and open."""
        stages = (self.sent, self.viewed, self.signed, self.completed, 0)
        return list(stages) == sorted(stages, reverse=True) and self.completed + self.open <= self.sent

    def as_tuple(self) -> tuple[int, ...]:
        return self.sent, self.viewed, self.signed, self.completed, self.open

    def __reduce__(self) -> tuple[type["Cohort"], tuple[int, ...]]:  # as that of `Counts`
        return Cohort, self.as_tuple()
