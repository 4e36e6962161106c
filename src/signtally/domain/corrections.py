"""What a digest told of its period, and whether what is known now calls for a corrected one."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from signtally.domain.actions import Counts

if TYPE_CHECKING:  # it is a part of what is told
    from signtally.domain.periods import Period

_MARK = "^"  # in the ledger's name of an occurrence: `2026-10^1` is the first corrected digest of `2026-10`


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """The totals that the recipients of a digest read, and when it was done."""

    totals: Counts
    at: dt.datetime  # aware, UTC
    is_complete: bool = True  # else they were told that the figures would change
    # New totals of earlier occurrences, by their names in the ledger.
    earlier: Mapping[str, Counts] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class ChangedPeriod:
    """An earlier period whose totals are not what was told of it last."""

    period: "Period"
    name: str  # of its occurrence in the ledger
    told: Counts
    now: Counts


def corrected_name(key_name: str, number: int) -> str:
    """The ledger's name of an occurrence's corrected digest of this *number*; 0 is the digest itself."""
    return f"{key_name}{_MARK}{number}" if number else key_name


def correction_number(key_name: str) -> tuple[str, int]:
    """The occurrence's own name, and which of its corrected digests is named; 0 for the digest itself."""
    name, _, number = key_name.partition(_MARK)
    return name, int(number) if number.isascii() and number.isdecimal() else 0


def is_changed_by(percent: int, *, told: Counts, now: Counts) -> bool:
    """Whether any measure has changed, by at least so many percent of what was told."""
    pairs = zip(told.as_tuple(), now.as_tuple(), strict=True)
    return any(before != after and abs(after - before) * 100 >= percent * before for before, after in pairs)
