"""What a report says beyond counts."""

import dataclasses

from signtally.domain.activity import PeriodActivity
from signtally.domain.document_figures import DocumentFigures


@dataclasses.dataclass(frozen=True, slots=True)
class Insights:
    """With a filter, documents are those that these users sent, and activity is theirs."""

    documents: DocumentFigures
    distinct_documents: int  # with any event in the period; on cohort basis, those sent in it
    activity: PeriodActivity | None  # None on cohort basis, which follows documents wherever their events lie
