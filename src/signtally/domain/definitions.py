"""The words in a report, with their date basis; every file carries the lines that it uses."""

import dataclasses

from signtally.domain.basis import Basis
from signtally.domain.wording import translatable


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    """A term, and what it means in whole sentences: in English, to be translated where they are shown."""

    term: str
    sentences: tuple[str, ...]

    @property
    def meaning(self) -> str:
        return " ".join(self.sentences)


# Every file carries them, so each is as short as it can be and still say what counts, and when.
_LINES = {
    "document": translatable(
        "What is sent for signature (envelope, agreement); counts once, however many files or signers it has."
    ),
    "sent": translatable("Sent for the first time; counts on that date, not on the day it was created."),
    "received": translatable("A signature request reached a recipient; one document may lead to several."),
    "viewed": translatable("A recipient opened the request."),
    "signed": translatable("A recipient signed; one document may hold several signatures."),
    "completed": translatable("All recipients finished."),
    "declined": translatable("A recipient refused."),
    "cancelled": translatable("The sender withdrew it (voided, recalled)."),
    "expired": translatable("Its deadline passed; not counted as cancelled."),
    "open": translatable("Sent, and in no final state at the period’s end (pending)."),
    "completion rate": translatable(
        "Of the documents sent in the period, the share completed by now; “—” when none was sent."
    ),
    "success rate of closed": translatable(
        "Completed ÷ (completed + declined + cancelled + expired); “—” when none closed."
    ),
    "turnaround": translatable(
        "First sent to completed, of completed documents whose send date is known; p90: nine in ten took no longer."
    ),
    "active sender": translatable("A user who sent a document in the period."),
    "distinct documents": translatable("Documents with any activity in the period, each once."),
    "busiest hour": translatable("The hour with the most events, in your time zone; of equal ones, the first."),
    "allowance used": translatable(
        "Documents sent, of the monthly allowance, whatever became of them; pace: the mean of the days that are over."
    ),
    "activity basis": translatable("Each event counts on the date it happened, in your time zone."),
    "cohort basis": translatable(
        "Documents sent in the period, followed to their outcome so far; each counts for its sender, on its first day."
    ),
    "previous period": translatable("The one before, of the same kind or length; to date: up to the same day."),
    "data through": translatable("Everything received before this time is counted."),
    "restated": translatable("A day whose figures changed after a report included it."),
    "late events": translatable("Events that arrived after their day was counted; the day was then counted again."),
    "most significant change": translatable(
        "The count that moved furthest beyond chance; a high percentage of a small count may mean little."
    ),
}
# How each term is headed.
HEADINGS = {
    "document": translatable("Document"),
    "sent": translatable("Sent"),
    "received": translatable("Received"),
    "viewed": translatable("Viewed"),
    "signed": translatable("Signed"),
    "completed": translatable("Completed"),
    "declined": translatable("Declined"),
    "cancelled": translatable("Cancelled"),
    "expired": translatable("Expired"),
    "open": translatable("Open"),
    "completion rate": translatable("Completion rate"),
    "success rate of closed": translatable("Success rate of closed"),
    "turnaround": translatable("Turnaround"),
    "active sender": translatable("Active sender"),
    "distinct documents": translatable("Distinct documents"),
    "busiest hour": translatable("Busiest hour"),
    "allowance used": translatable("Allowance used"),
    "activity basis": translatable("Activity basis"),
    "cohort basis": translatable("Cohort basis"),
    "previous period": translatable("Previous period"),
    "data through": translatable("Data through"),
    "restated": translatable("Restated"),
    "late events": translatable("Late events"),
    "most significant change": translatable("Most significant change"),
}
_ON_PAGE_ALONE = {"most significant change"}
_ON_COHORT = {"open": translatable("Sent in the period, and in no final state by now (pending).")}
_OF_ONE_BASIS = {
    "activity basis": Basis.ACTIVITY,
    "distinct documents": Basis.ACTIVITY,
    "busiest hour": Basis.ACTIVITY,
    "cohort basis": Basis.COHORT,
}


def definition(term: str, *, basis: Basis = Basis.ACTIVITY) -> Definition:
    """What a term means in a report on this basis."""
    if basis is Basis.COHORT:
        return Definition(term, (_ON_COHORT.get(term, _LINES[term]),))
    return Definition(term, (_LINES[term],))


def definitions_used(*, allowance: bool, basis: Basis, restated: bool) -> tuple[Definition, ...]:
    """What a report explains: everything it shows, allowance and restatements only where it shows any."""
    absent = _ON_PAGE_ALONE | {term for term, only in _OF_ONE_BASIS.items() if only is not basis}
    if not allowance:
        absent.add("allowance used")
    if not restated:
        absent |= {"restated", "late events"}
    return tuple(definition(term, basis=basis) for term in _LINES if term not in absent)
