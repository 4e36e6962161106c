"""The highlights of a report as sentences, in its language."""

from signtally.domain.allowance import AllowanceUse, Outlook
from signtally.domain.highlights import (
    STUCK_DAYS,
    Highlight,
    SignificantChange,
    SteadyUse,
    StuckDocuments,
    highlights_of,
)
from signtally.render.contents import Contents
from signtally.render.insights import InsightContents


def highlight_sentences(contents: Contents) -> tuple[str, ...]:
    """At most three; none where nobody did anything, now or before."""
    return tuple(_sentence(highlight, contents) for highlight in highlights_of(contents.snapshot))


def stuck_sentence(contents: Contents) -> str | None:
    """That of the highlights that is about stuck documents, so that it can lead to them; None when there are none."""
    found = (each for each in highlights_of(contents.snapshot) if isinstance(each, StuckDocuments))
    return next((_stuck(each, contents) for each in found), None)


def allowance_sentence(contents: Contents) -> str | None:
    """That of the highlights that is about the allowance, so that nobody says it again; None when none is."""
    found = (each for each in highlights_of(contents.snapshot) if isinstance(each, AllowanceUse))
    return next((_allowance(each, contents) for each in found), None)


def allowance_line(contents: Contents) -> str:
    """What of the allowance is used and will be; empty without one, or where a highlight says so already."""
    insights = None if allowance_sentence(contents) else InsightContents.of(contents)
    return insights.allowance if insights else ""


def _sentence(highlight: Highlight, contents: Contents) -> str:
    match highlight:
        case SignificantChange():
            return _change(highlight, contents)
        case SteadyUse():
            return _steady(highlight, contents)
        case StuckDocuments():
            return _stuck(highlight, contents)
        case AllowanceUse():
            return _allowance(highlight, contents)


def _change(found: SignificantChange, contents: Contents) -> str:
    number = contents.formats.number
    return contents.words.gettext(
        "Most significant change: %(measure)s %(change)s, from %(before)s to %(now)s.",
        measure=contents.heading(found.action),
        change=contents.formats.change(found.now, found.before),
        before=number(found.before),
        now=number(found.now),
    )


def _steady(found: SteadyUse, contents: Contents) -> str:
    """How many of each, every number in its own form: languages decline `completed` with its number."""
    words, number = contents.words, contents.formats.number
    ngettext, npgettext = words.ngettext, words.npgettext
    sent = ngettext("%(count)s document sent", "%(count)s documents sent", found.sent, count=number(found.sent))
    completed = npgettext(
        "documents", "%(count)s completed", "%(count)s completed", found.completed, count=number(found.completed)
    )
    if found.sent_before is None:
        return words.gettext("%(sent)s, %(completed)s.", sent=sent, completed=completed)
    before = npgettext(
        "documents", "%(count)s sent", "%(count)s sent", found.sent_before, count=number(found.sent_before)
    )
    return words.gettext(
        "%(sent)s, %(completed)s (previous period: %(before)s).", sent=sent, completed=completed, before=before
    )


def _stuck(found: StuckDocuments, contents: Contents) -> str:
    zone = contents.snapshot.tenant.zone
    return contents.words.ngettext(
        "%(count)s document has been open for more than %(days)s days: it was sent on %(date)s.",
        "%(count)s documents have been open for more than %(days)s days: the oldest was sent on %(date)s.",
        found.documents,
        count=contents.formats.number(found.documents),
        days=contents.formats.number(STUCK_DAYS),
        date=contents.formats.date(found.oldest_sent_at.astimezone(zone).date()),
    )


def _allowance(use: AllowanceUse, contents: Contents) -> str:
    formats = contents.formats
    values = {
        "month": formats.month_in_full(use.month.first),
        "date": formats.date(use.on or use.as_of),
        "used": formats.number(use.used),
        "allowed": formats.number(use.allowed),
    }
    if use.outlook is Outlook.USED_UP:
        return contents.words.gettext(
            "The allowance for %(month)s was used up on %(date)s: %(used)s of %(allowed)s documents sent.", **values
        )
    if use.outlook is Outlook.LASTS and contents.is_over:
        return contents.words.gettext(
            "The allowance for %(month)s was enough: %(used)s of %(allowed)s documents sent.", **values
        )
    values["expected"] = formats.number(use.used if use.expected is None else use.expected)
    if use.outlook is Outlook.LASTS:
        return contents.words.gettext(
            "The allowance for %(month)s will be enough at the current pace: %(used)s of %(allowed)s documents sent so "
            "far, %(expected)s expected by the end of the month.",
            **values,
        )
    return contents.words.gettext(
        "The allowance for %(month)s will run out on %(date)s at the current pace: %(used)s of %(allowed)s documents "
        "sent so far, %(expected)s expected by the end of the month.",
        **values,
    )
