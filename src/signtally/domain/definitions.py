"""The words in a report, with their date basis; every file carries the lines that it uses."""

import dataclasses

from signtally.domain.basis import Basis


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    term: str
    meaning: str


_LINES = {
    "document": "The unit that is sent (an envelope, an agreement); counts once, however many files or signers it has.",
    "sent": "The document left draft. Dated by its first send event, not its creation.",
    "received": "A signature request reached a recipient; one document may make several.",
    "viewed": "A recipient opened the request.",
    "signed": "One recipient’s act of signing; a document may hold several.",
    "completed": "All recipients finished.",
    "declined": "A recipient refused.",
    "cancelled": "The sender ended it (voided, recalled).",
    "expired": "Its deadline passed; kept apart from cancelled.",
    "open": "Sent and in no final state at the end of the period (pending).",
    "completion rate": (
        "Completed ÷ sent in the period; “—” when nothing was sent. Above 100 % when documents sent earlier complete."
    ),
    "success rate of closed": "Completed ÷ (completed + declined + cancelled + expired); “—” when nothing closed.",
    "turnaround": (
        "First sent to completed, of completed documents only: median and 90th percentile (p90, as Excel’s "
        "PERCENTILE.INC) beside the mean, with the number of documents it rests on. Exact. A document whose send is "
        "unknown, or dated after its completion, has none."
    ),
    "active sender": "A distinct user with at least one document sent in the period.",
    "distinct documents": "Documents with any event in the period, each once.",
    "busiest hour": "The hour of the day, on the tenant’s clocks, with most events; of equals, the earliest.",
    "allowance used": (
        "Documents sent, against the monthly allowance; a cancelled, declined or expired document is not given back. "
        "The current pace is the mean of the month’s days that are over."
    ),
    "activity basis": "Each event counts on its own date, in the tenant’s time zone.",
    "cohort basis": (
        "Documents sent in the period, followed to their outcome so far. Each counts on the day of its first send, for "
        "its sender; received, viewed and signed are events of these documents. A document that was ever completed is "
        "completed; any other ended as it first did."
    ),
    "previous period": "The one just before, of the same kind and whole; for from–to, as many days.",
    "data through": "Everything queued before this instant is in the figures.",
    "restated": "A day whose figures changed after a report that contains it was made.",
}
_DATED = frozenset({"received", "viewed", "signed", "completed", "declined", "cancelled", "expired"})
_ON_COHORT = {
    "open": "Sent in the period and in no final state yet (pending).",
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
