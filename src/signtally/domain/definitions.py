"""The words in a report, with their date basis; every file carries the lines that it uses."""

import dataclasses

from signtally.domain.basis import Basis


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    term: str
    meaning: str


_LINES = {
    "document": "What is sent for signature (an envelope, an agreement). Counts once, whatever its files and signers.",
    "sent": "The document was sent for the first time. Counts on that date, not on the date it was created.",
    "received": "A signature request reached a recipient. One document can lead to several.",
    "viewed": "A recipient opened the request.",
    "signed": "A recipient signed. One document can have several signatures.",
    "completed": "All recipients finished the document.",
    "declined": "A recipient refused to sign.",
    "cancelled": "The sender withdrew the document (voided, recalled).",
    "expired": "The document’s deadline passed. Not included in cancelled.",
    "open": "Sent, and not yet completed, declined, cancelled or expired at the end of the period (pending).",
    "completion rate": (
        "Completed ÷ sent in the period; “—” when nothing was sent. Above 100 % when more were completed than sent."
    ),
    "success rate of closed": "Completed ÷ (completed + declined + cancelled + expired); “—” when nothing closed.",
    "turnaround": (
        "Time from first sent to completed, for completed documents only: median, mean and 90th percentile (p90, as "
        "Excel’s PERCENTILE.INC), with the number of documents measured. Documents whose send date is unknown, or "
        "later than their completion, are left out."
    ),
    "active sender": "A user who sent at least one document in the period.",
    "distinct documents": "Documents with any activity in the period, each counted once.",
    "busiest hour": "The hour of the day with the most events, in your organisation’s time zone; if equal, the first.",
    "allowance used": (
        "Documents sent, out of the monthly allowance. Cancelled, declined and expired documents count as used. "
        "The current pace is the average of the month’s finished days."
    ),
    "activity basis": "Each event counts on the date it happened, in your organisation’s time zone.",
    "cohort basis": (
        "Documents sent in the period, followed to their outcome so far. Each counts on the day it was first sent, for "
        "its sender; received, viewed and signed are events of these documents. A document that was ever completed "
        "counts as completed; for any other, its first outcome counts."
    ),
    "previous period": "The whole period just before, of the same kind; for a date range, the same number of days.",
    "data through": "Everything received before this time is in the figures.",
    "restated": "A day whose figures changed after a report had included it.",
}
_DATED = frozenset({"received", "viewed", "signed", "completed", "declined", "cancelled", "expired"})
_ON_COHORT = {
    "open": "Sent in the period, and not yet completed, declined, cancelled or expired (pending).",
    "completion rate": "Completed ÷ sent in the period; “—” when nothing was sent.",
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
        return Definition(term, _ON_COHORT.get(term, _LINES[term]))
    return Definition(term, f"{_LINES[term]} Dated by that event." if term in _DATED else _LINES[term])


def definitions_used(*, allowance: bool, basis: Basis, restated: bool) -> tuple[Definition, ...]:
    """What a report explains: everything it shows, allowance and restatements only where it shows any."""
    absent = {term for term, only in _OF_ONE_BASIS.items() if only is not basis}
    if not allowance:
        absent.add("allowance used")
    if not restated:
        absent.add("restated")
    return tuple(definition(term, basis=basis) for term in _LINES if term not in absent)
