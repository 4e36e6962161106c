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


_LINES = {
    "document": translatable(
        "What is sent for signature (an envelope, an agreement). Counts once, whatever its files and signers."
    ),
    "sent": translatable(
        "The document was sent for the first time. Counts on that date, not on the date it was created."
    ),
    "received": translatable("A signature request reached a recipient. One document can lead to several."),
    "viewed": translatable("A recipient opened the request."),
    "signed": translatable("A recipient signed. One document can have several signatures."),
    "completed": translatable("All recipients finished the document."),
    "declined": translatable("A recipient refused to sign."),
    "cancelled": translatable("The sender withdrew the document (voided, recalled)."),
    "expired": translatable("The document’s deadline passed. Not included in cancelled."),
    "open": translatable(
        "Sent, and not yet completed, declined, cancelled or expired at the end of the period (pending)."
    ),
    "completion rate": translatable(
        "Completed ÷ sent in the period; “—” when nothing was sent. "
        "Above one hundred percent when more were completed than sent."
    ),
    "success rate of closed": translatable(
        "Completed ÷ (completed + declined + cancelled + expired); “—” when nothing closed."
    ),
    "turnaround": translatable(
        "Time from first sent to completed, for completed documents only: median, mean and 90th percentile (p90, as "
        "Excel’s PERCENTILE.INC), with the number of documents measured. Documents whose send date is unknown, or "
        "later than their completion, are left out."
    ),
    "active sender": translatable("A user who sent at least one document in the period."),
    "distinct documents": translatable("Documents with any activity in the period, each counted once."),
    "busiest hour": translatable(
        "The hour of the day with the most events, in your organisation’s time zone; if equal, the first."
    ),
    "allowance used": translatable(
        "Documents sent, out of the monthly allowance. Cancelled, declined and expired documents count as used. "
        "The current pace is the average of the month’s finished days."
    ),
    "activity basis": translatable("Each event counts on the date it happened, in your organisation’s time zone."),
    "cohort basis": translatable(
        "Documents sent in the period, followed to their outcome so far. Each counts on the day it was first sent, for "
        "its sender; received, viewed and signed are events of these documents. A document that was ever completed "
        "counts as completed; for any other, its first outcome counts."
    ),
    "previous period": translatable(
        "The whole period just before, of the same kind; for a date range, the same number of days."
    ),
    "data through": translatable("Everything received before this time is in the figures."),
    "restated": translatable("A day whose figures changed after a report had included it."),
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
}
_DATED_BY_IT = translatable("Dated by that event.")
_DATED = frozenset({"received", "viewed", "signed", "completed", "declined", "cancelled", "expired"})
_ON_COHORT = {
    "open": translatable("Sent in the period, and not yet completed, declined, cancelled or expired (pending)."),
    "completion rate": translatable("Completed ÷ sent in the period; “—” when nothing was sent."),
}
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
    return Definition(term, (_LINES[term], _DATED_BY_IT) if term in _DATED else (_LINES[term],))


def definitions_used(*, allowance: bool, basis: Basis, restated: bool) -> tuple[Definition, ...]:
    """What a report explains: everything it shows, allowance and restatements only where it shows any."""
    absent = {term for term, only in _OF_ONE_BASIS.items() if only is not basis}
    if not allowance:
        absent.add("allowance used")
    if not restated:
        absent.add("restated")
    return tuple(definition(term, basis=basis) for term in _LINES if term not in absent)
