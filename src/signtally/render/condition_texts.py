"""A schedule's condition, as whoever gets its emails reads it."""

from babel.numbers import format_percent

from signtally.domain.conditions import AllowanceUsed, CompletionRateFell, Condition, NothingSent
from signtally.render.formats import Formats


def condition_sentence(condition: Condition, formats: Formats) -> str:
    """When alone the email is sent."""
    words, number = formats.words, formats.number
    match condition:
        case AllowanceUsed(percent=percent):
            share = format_percent(percent / 100, locale=formats.locale)
            return words.gettext(
                "This email is sent only when at least %(percent)s of the allowance is used.", percent=share
            )
        case NothingSent(days=days):
            return words.ngettext(
                "This email is sent only when no document was sent for %(count)s day.",
                "This email is sent only when no document was sent for %(count)s days.",
                days,
                count=number(days),
            )
        case CompletionRateFell(points=points):
            return words.ngettext(
                "This email is sent only when the completion rate has fallen by at least %(count)s percentage point.",
                "This email is sent only when the completion rate has fallen by at least %(count)s percentage points.",
                points,
                count=number(points),
            )
