"""A schedule's condition, as whoever gets its emails reads it."""

from babel.numbers import format_percent

from signtally.domain.conditions import AllowanceUsed, CompletionRateFell, Condition, NothingSent
from signtally.render.formats import Formats


def condition_sentence(condition: Condition, formats: Formats) -> str:
    """When alone the email is sent."""
    gettext, number = formats.words.gettext, formats.number
    match condition:
        case AllowanceUsed(percent=percent):
            share = format_percent(percent / 100, locale=formats.locale)
            return gettext("It is sent only when the allowance is used to at least %(percent)s.", percent=share)
        case NothingSent(days=days):
            return gettext("It is sent only when nothing was sent for some time (days: %(days)s).", days=number(days))
        case CompletionRateFell(points=points):
            return gettext(
                "It is sent only when the completion rate has fallen (percentage points: at least %(points)s).",
                points=number(points),
            )
