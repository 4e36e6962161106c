"""The words in a report, with their date basis; every file carries the lines that it uses."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Definition:
    term: str
    meaning: str


_LINES = {
    "document": "The unit that is sent (an envelope, an agreement); counts once, however many files or signers it has.",
    "sent": "The document left draft. Dated by its first send event, not its creation.",
    "received": "A signature request reached a recipient; one document may make several. Dated by that event.",
    "viewed": "A recipient opened the request. Dated by that event.",
    "signed": "One recipient’s act of signing; a document may hold several. Dated by that event.",
    "completed": "All recipients finished. Dated by that event.",
    "declined": "A recipient refused. Dated by that event.",
    "cancelled": "The sender ended it (voided, recalled). Dated by that event.",
    "expired": "Its deadline passed; kept apart from cancelled. Dated by that event.",
    "completion rate": (
        "Completed ÷ sent in the period; “—” when nothing was sent. Above 100 % when documents sent earlier complete."
    ),
    "success rate of closed": "Completed ÷ (completed + declined + cancelled + expired); “—” when nothing closed.",
    "active sender": "A distinct user with at least one document sent in the period.",
    "allowance used": (
        "Documents sent, against the monthly allowance; a cancelled, declined or expired document is not given back."
    ),
    "activity basis": "Each event counts on its own date, in the tenant’s time zone.",
    "previous period": "The one just before, of the same kind and whole; for from–to, as many days.",
    "data through": "Everything queued before this instant is in the figures.",
}
DEFINITIONS: dict[str, Definition] = {term: Definition(term, meaning) for term, meaning in _LINES.items()}


def definitions_used(*, allowance: bool) -> tuple[Definition, ...]:
    """What a report explains: everything it shows, the allowance only where it shows one."""
    return tuple(line for term, line in DEFINITIONS.items() if allowance or term != "allowance used")
