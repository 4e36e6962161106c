"""The people of the sample's tenants, with names in the scripts that a report must be able to print."""

import dataclasses
import datetime as dt
import enum
import random

from signtally.sample.plan import Window


class Script(enum.Enum):
    LATIN = "Latin"
    CYRILLIC = "Cyrillic"
    HAN = "Han"
    ARABIC = "Arabic"


_NAMES = {
    Script.LATIN: (
        ("Zoë", "Jürgen", "Renée", "Łukasz", "Ángela", "Søren", "Şule", "Inês", "Ann", "Miloš", "Siân", "Bjørk"),
        ("Müller", "Núñez", "Ødegård", "Ash", "Čapek", "Gonçalves", "O’Neill", "Yıldız", "Dvořák", "Nguyễn", "Thapa"),
    ),
    Script.CYRILLIC: (
        ("Олена", "Дмитро", "Анна", "Сергій", "Юлія", "Ѓорѓи", "Наталия", "Їжакевич"),
        ("Шевченко", "Ковальчук", "Иванова", "Бондаренко", "Ђорђевић", "Петренко", "Щербак"),
    ),
    Script.HAN: (
        ("花子", "太郎", "美咲", "伟", "秀英", "健一", "志明", "さくら"),
        ("佐藤", "鈴木", "王", "李", "高橋", "歐陽", "渡邉"),
    ),
    Script.ARABIC: (
        ("محمد", "فاطمة", "يوسف", "ليلى", "خالد", "نور"),
        ("العلي", "حسن", "الشريف", "منصور", "القحطاني"),
    ),
}
# Names that break a spreadsheet or a page which trusts them; the largest tenant's busiest people bear them.
_HOSTILE = {1: "=1+1", 2: "<b>Ann</b>"}
_RENAMED, _NAMELESS = (25, 3), (11, 7)  # every 25th person from the 4th on; every 11th from the 8th on


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A user of one tenant; *name* and *email* are None where the portal never sends them."""

    user_id: str
    email: str | None
    name: str | None
    later_name: str | None = None
    renamed_at: dt.datetime | None = None

    def name_at(self, instant: dt.datetime) -> str | None:
        if self.renamed_at is not None and instant >= self.renamed_at:
            return self.later_name
        return self.name


@dataclasses.dataclass(frozen=True, slots=True)
class Staff:
    """How one tenant's people are made."""

    headcount: int
    script: Script
    mail_domain: str
    with_hostile_names: bool = False


def people(staff: Staff, *, window: Window, rng: random.Random) -> tuple[Person, ...]:
    """The first people are the same whatever the headcount; renamings fall into the middle of the window."""
    return tuple(_person(number, staff, window=window, rng=rng) for number in range(staff.headcount))


def _person(number: int, staff: Staff, *, window: Window, rng: random.Random) -> Person:
    # Always four draws, so that nobody's name depends on another's fate.
    name, other_name = _full_name(staff.script, rng), _full_name(staff.script, rng)
    user_id, email = f"u_{number + 1}", f"user{number + 1}@{staff.mail_domain}"
    if staff.with_hostile_names and number in _HOSTILE:
        return Person(user_id, email, _HOSTILE[number])
    if _every(_NAMELESS, number):
        return Person(user_id, None, None)
    if _every(_RENAMED, number):
        span = window.until - window.since
        return Person(user_id, email, name, other_name, window.since + span * (0.3 + number % 5 / 10))
    return Person(user_id, email, name)


def _every(rhythm: tuple[int, int], number: int) -> bool:
    step, first = rhythm
    return number % step == first


def _full_name(script: Script, rng: random.Random) -> str:
    given, family = (rng.choice(names) for names in _NAMES[script])
    return f"{family} {given}" if script is Script.HAN else f"{given} {family}"
