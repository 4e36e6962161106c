"""The paper that a reader's printer holds: A4, or Letter where that is usual."""

import dataclasses

from babel import Locale

# CLDR 46, supplemental/measurementData: where paper is US-Letter.
_LETTER = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])
_PIXELS_A_MILLIMETRE = 96 / 25.4


@dataclasses.dataclass(frozen=True, slots=True)
class Paper:
    name: str  # as CSS calls it
    width_mm: float
    height_mm: float

    @property
    def turned(self) -> "Paper":
        """The same sheet, as wide as it was high."""
        return Paper(f"{self.name} landscape", self.height_mm, self.width_mm)


A4 = Paper("A4", 210, 297)
LETTER = Paper("letter", 215.9, 279.4)


def paper_of(locale: Locale) -> Paper:
    """By the locale's country; a language alone reads A4."""
    return LETTER if locale.territory in _LETTER else A4


def pixels(millimetres: float) -> float:
    """In CSS pixels, of which 96 make an inch."""
    return millimetres * _PIXELS_A_MILLIMETRE
