"""An order for a report: which claimed version is to be made, and for whom."""

import dataclasses
import datetime as dt

from signtally.domain.reports import ReportKey


@dataclasses.dataclass(frozen=True, slots=True)
class ReportOrder:
    """One version that somebody waits for; two orders of one version are one piece of work."""

    key: ReportKey
    requested_by: str
    requested_at: dt.datetime  # aware, UTC: of the claim, so that an order of a withdrawn claim is recognised
