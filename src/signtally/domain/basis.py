"""By which date and for whom a figure counts: its own event's, or its document's first send."""

import enum


class Basis(enum.StrEnum):
    """What a report counts; every file says which."""

    ACTIVITY = "activity"  # each event on its own date, for who did it
    COHORT = "cohort"  # the documents sent in the period, followed to their outcome up to now, for their senders
