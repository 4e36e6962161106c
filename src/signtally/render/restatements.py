"""Days whose figures changed after they were reported, in words: "3 Sep: sent 41 → 43"."""

import dataclasses
from collections.abc import Iterator

from signtally.domain.actions import Action
from signtally.domain.restatements import RestatedDay, RestatementReason
from signtally.render.contents import Contents
from signtally.render.theme import HEADINGS

REASONS = {
    RestatementReason.LATE_EVENTS: "late events",
    RestatementReason.IMPORT: "imported history",
    RestatementReason.TIME_ZONE: "new time zone",
    RestatementReason.REPEATED_ID: "event sent twice",
    RestatementReason.RECOUNT: "recounted",
}


@dataclasses.dataclass(frozen=True, slots=True)
class RestatementLine:
    day: str
    changes: str
    when: str
    why: str


def restatement_lines(contents: Contents) -> tuple[RestatementLine, ...]:
    """One line a day, in order."""
    formats = contents.formats
    return tuple(
        RestatementLine(
            formats.date(restated.day),
            ", ".join(
                f"{HEADINGS[action].lower()} {formats.number(before)} → {formats.number(after)}"
                for action, before, after in changed_measures(restated)
            ),
            formats.clock(restated.restated_at),
            why(restated),
        )
        for restated in contents.snapshot.restated
    )


def changed_measures(restated: RestatedDay) -> Iterator[tuple[Action, int, int]]:
    """The measures that changed, with their figures before and after."""
    for action, before, after in zip(Action, restated.before.as_tuple(), restated.after.as_tuple(), strict=True):
        if before != after:
            yield action, before, after


def why(restated: RestatedDay) -> str:
    return ", ".join(REASONS[RestatementReason(reason)] for reason in restated.reasons)
