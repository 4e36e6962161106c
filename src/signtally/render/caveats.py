"""What a reader must know before relying on the figures, in whole sentences."""

from signtally.domain.periods import end_of_day
from signtally.domain.snapshot import UsageSnapshot
from signtally.domain.wording import translatable
from signtally.render.formats import Formats

UNREADABLE_PROFILE_NOTICE = translatable(
    "Days are counted in UTC, because your organization’s profile could not be read. Contact your service provider."
)


def caveats(snapshot: UsageSnapshot, formats: Formats) -> str:
    """The sentences that apply, in one line; empty when there is nothing to know."""
    unreadable = formats.words.gettext(UNREADABLE_PROFILE_NOTICE) if snapshot.tenant.is_unreadable else ""
    return " ".join(filter(None, (unreadable, _unfinished(snapshot, formats), _provisional(snapshot, formats))))


def _unfinished(snapshot: UsageSnapshot, formats: Formats) -> str:
    """The period is over, and what was sent in it may not all have been counted."""
    through, ends = snapshot.data_through, end_of_day(snapshot.period.last, snapshot.tenant.zone)
    if snapshot.is_to_date or through is None or through >= ends:
        return ""
    return formats.words.gettext("Not final: events from the end of the period may still be missing.")


def _provisional(snapshot: UsageSnapshot, formats: Formats) -> str:
    days = snapshot.provisional_days
    if not days:
        return ""
    dates = formats.dates(days[0], days[-1])
    return formats.words.gettext("Provisional: some events of %(dates)s have not been counted yet.", dates=dates)
