"""The users as the PDF lists them: which ones, what tells them apart, and what each did."""

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from signtally.domain.actions import Counts
from signtally.domain.snapshot import UserUsage
from signtally.render.contents import Contents
from signtally.render.formats import UNDEFINED
from signtally.render.visible_text import beside, one_line, shortened

MOST_USERS_PRINTED = 200  # a longer list is for a screen, unless it was asked for
MOST_INACTIVE_PRINTED = 20
_LEAST_SHARE = 0.001  # that a percentage with one decimal shows


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    name: str
    detail: str  # what tells two people of one name apart
    counts: Counts
    change: str  # of the documents sent, against the previous period
    share: str  # of all documents sent
    completion_rate: str
    turnaround: str
    last_active: str


@dataclasses.dataclass(frozen=True, slots=True)
class PeopleList:
    """*rest* is what the *rest_count* users did who are not in the list."""

    people: tuple[Person, ...]
    rest_count: int
    rest: Counts
    rest_change: str
    rest_share: str
    inactive: tuple[Person, ...]  # with the figures of the period before
    inactive_count: int


def people_list(contents: Contents) -> PeopleList:
    """All users where the report asks for them or there are few, else those who did most."""
    snapshot = contents.snapshot
    users: Sequence[UserUsage] = snapshot.users
    if not snapshot.all_users and len(users) > MOST_USERS_PRINTED:
        users = sorted(users, key=lambda user: (-sum(user.counts.as_tuple()), user.user_id))[:MOST_USERS_PRINTED]
    inactive = snapshot.inactive_users[:MOST_INACTIVE_PRINTED]
    gone = [UserUsage(each.user_id, each.user_name, each.user_email, each.previous) for each in inactive]
    rest = _rest_of(snapshot.totals, Counts.total(user.counts for user in users))
    sent_before = sum(user.previous.sent for user in snapshot.users) - sum(user.previous.sent for user in users)
    return PeopleList(
        _people(users, contents),
        len(snapshot.users) - len(users),
        rest,
        contents.formats.change(rest.sent, sent_before),
        _share(rest.sent, contents),
        _people(gone, contents),
        len(snapshot.inactive_users),
    )


def _people(users: Sequence[UserUsage], contents: Contents) -> tuple[Person, ...]:
    names = [shown_names(user) for user in users]
    known = collections.Counter(names)
    return tuple(
        _person(user, name, detail if known[name, detail] == 1 else _with_id(detail, user), contents)
        for user, (name, detail) in zip(users, names, strict=True)
    )


def _with_id(detail: str, user: UserUsage) -> str:
    return " · ".join(filter(None, (detail, one_line(user.user_id) or repr(user.user_id))))


def _person(user: UserUsage, name: str, detail: str, contents: Contents) -> Person:
    formats, took, day = contents.formats, user.median_turnaround, user.last_active_day
    return Person(
        name,
        detail,
        user.counts,
        formats.change(user.counts.sent, user.previous.sent),
        _share(user.counts.sent, contents),
        formats.percent(user.cohort.completion_rate),
        UNDEFINED if took is None else formats.duration(took),
        UNDEFINED if day is None else formats.short_date(day),
    )


def _share(sent: int, contents: Contents) -> str:
    """Of all documents sent; one of many is little, not nothing."""
    every, formats = contents.snapshot.totals.sent, contents.formats
    share = sent / every if every else None
    return formats.below(_LEAST_SHARE) if share and share < _LEAST_SHARE / 2 else formats.percent(share)


def shown_names(user: UserUsage) -> tuple[str, str]:
    """How a row calls its user, and what tells two of one name apart: the email, or else the id."""
    shown = [one_line(text) for text in (user.user_name, user.user_email, user.user_id) if text]
    known = [text for text in shown if text] or [repr(user.user_id)]
    return (known[0], known[1]) if len(known) > 1 else (known[0], "")


def distinct_names(users: Iterable[UserUsage], *, most_characters: int) -> dict[str, str]:
    """What users are called, by id, in about so many characters; two of one name with what tells them apart."""
    shown = {user.user_id: shown_names(user) for user in users}
    names = {user_id: shortened(name, most_characters) for user_id, (name, _) in shown.items()}
    details = {
        user_id: shortened(detail, 2 * most_characters - len(names[user_id]), keeps_end=True)
        for user_id, (_, detail) in shown.items()
    }
    ids = {user_id: shortened(one_line(user_id) or repr(user_id), most_characters, keeps_end=True) for user_id in shown}
    return _told_apart(_told_apart(names, names, details), names, ids)


def _told_apart(found: dict[str, str], names: dict[str, str], details: dict[str, str]) -> dict[str, str]:
    """What was found for each id, or, where two are equal, the name beside its detail, if there is one."""
    times = collections.Counter(found.values())
    return {
        user_id: beside(names[user_id], detail) if times[text] > 1 and (detail := details[user_id]) else text
        for user_id, text in found.items()
    }


def _rest_of(counts: Counts, shown: Counts) -> Counts:
    """What *shown* leaves of *counts*, measure by measure."""
    return Counts(*(whole - part for whole, part in zip(counts.as_tuple(), shown.as_tuple(), strict=True)))
