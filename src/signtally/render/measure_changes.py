"""A measure that is not what it was, in words: "sent 41 → 43"."""

from signtally.domain.actions import Action
from signtally.domain.wording import translatable
from signtally.render.formats import Formats

_CHANGES = {
    Action.SENT: translatable("sent %(before)s → %(after)s"),
    Action.RECEIVED: translatable("received %(before)s → %(after)s"),
    Action.VIEWED: translatable("viewed %(before)s → %(after)s"),
    Action.SIGNED: translatable("signed %(before)s → %(after)s"),
    Action.COMPLETED: translatable("completed %(before)s → %(after)s"),
    Action.DECLINED: translatable("declined %(before)s → %(after)s"),
    Action.CANCELLED: translatable("cancelled %(before)s → %(after)s"),
    Action.EXPIRED: translatable("expired %(before)s → %(after)s"),
}


def measure_change(action: Action, before: int, after: int, *, formats: Formats) -> str:
    number = formats.number
    return formats.words.gettext(_CHANGES[action], before=number(before), after=number(after))
