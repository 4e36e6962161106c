"""Days whose figures changed after they were reported, in words: "3 Sep: sent 41 → 43"."""

import dataclasses
from collections.abc import Iterator

from signtally.domain.actions import Action
from signtally.domain.restatements import RestatedDay, RestatementReason
from signtally.domain.wording import translatable
from signtally.render.contents import Contents
from signtally.render.formats import Formats
from signtally.render.measure_changes import measure_change

REASONS = {
    RestatementReason.LATE_EVENTS: translatable("late events"),
    RestatementReason.IMPORT: translatable("imported history"),
    RestatementReason.TIME_ZONE: translatable("new time zone"),
    RestatementReason.REPEATED_ID: translatable("event sent twice"),
    RestatementReason.RECOUNT: translatable("recounted"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class RestatementLine:
    day: str
    changes: str
    when: str
    why: str


def restatement_lines(contents: Contents, *, most: int | None = None) -> tuple[RestatementLine, ...]:
    """One line a day, in order; the first *most* of them alone, unless it is None."""
    formats = contents.formats
    return tuple(
        RestatementLine(
            formats.date(restated.day),
            formats.listed(*(measure_change(*change, formats=formats) for change in changed_measures(restated))),
            formats.clock(restated.restated_at),
            why(restated, formats),
        )
        for restated in contents.snapshot.restated[:most]
    )


def changed_measures(restated: RestatedDay) -> Iterator[tuple[Action, int, int]]:
    """The measures that changed, with their figures before and after."""
    for action, before, after in zip(Action, restated.before.as_tuple(), restated.after.as_tuple(), strict=True):
        if before != after:
            yield action, before, after


def why(restated: RestatedDay, formats: Formats) -> str:
    return formats.listed(*(formats.words.gettext(REASONS[RestatementReason(reason)]) for reason in restated.reasons))
