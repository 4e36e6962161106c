"""Erased users: whose names are shown no more, and tables and profiles without them.

An erased user's figures stay under the user's id, which is all that is left of them.
"""

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import polars as pl

from signtally.domain.mail_addresses import in_small_letters

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)
NAMES = ("user_name", "user_email")
_SENDER_NAMES = ("sender_name", "sender_email")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_APART = "\0"  # in no id: between a tenant's and a user's


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A user of a tenant who is to be erased, and their addresses in small letters; no user id: everybody."""

    tenant_id: str
    user_id: str | None
    emails: frozenset[str] = frozenset()

    def is_addressed(self, text: str) -> bool:
        """Whether one of the addresses stands in a text, and not only as a part of somebody else's."""
        wanted = _any_of(self.emails)
        return wanted is not None and wanted.search(text.lower()) is not None

    def without_addresses(self, text: str, *, stand_in: str) -> str:
        """The text with *stand_in* in the place of each of the addresses."""
        wanted = _any_of(self.emails)
        if wanted is None or not self.is_addressed(text):
            return text
        told = wanted.sub(stand_in, text)
        return stand_in if self.is_addressed(told) else told  # written so that no place of it can be told


@dataclasses.dataclass(frozen=True, slots=True)
class ErasedUsers:
    """Ids of erased users by tenant; of an offboarded tenant, everybody."""

    users: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    tenants: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.users or self.tenants)

    def has(self, tenant_id: str, user_id: str) -> bool:
        return tenant_id in self.tenants or user_id in self.users.get(tenant_id, ())

    def with_user(self, tenant_id: str, user_id: str | None) -> "ErasedUsers":
        """These and one more; without a user id, everybody of the tenant."""
        if user_id is None:
            return dataclasses.replace(self, tenants=sorted({*self.tenants, tenant_id}))
        ids = sorted({*self.users.get(tenant_id, ()), user_id})
        return dataclasses.replace(self, users={**self.users, tenant_id: ids})

    def nameless(self, rows: Rows, *, tenant_id: str | None = None) -> Rows:
        """*rows* without the names of erased users; of one tenant, or with a column `tenant_id`."""
        return self._without(rows, names=NAMES, user="user_id", tenant_id=tenant_id)

    def senderless(self, documents: Rows, *, tenant_id: str | None = None) -> Rows:
        """The same of documents, whose senders have names."""
        return self._without(documents, names=_SENDER_NAMES, user="sender_id", tenant_id=tenant_id)

    def _without(self, rows: Rows, *, names: Sequence[str], user: str, tenant_id: str | None) -> Rows:
        if not self:
            return rows
        is_erased = self._among_all(user) if tenant_id is None else self._of_tenant(tenant_id, user)
        shown = [pl.when(is_erased).then(None).otherwise(pl.col(name)).alias(name) for name in names]
        return rows.with_columns(shown)

    def _of_tenant(self, tenant_id: str, user: str) -> pl.Expr:
        if tenant_id in self.tenants:
            return pl.lit(value=True)
        return pl.col(user).is_in([*self.users.get(tenant_id, ())])

    def _among_all(self, user: str) -> pl.Expr:
        pairs = [f"{tenant_id}{_APART}{each}" for tenant_id, ids in self.users.items() for each in ids]
        both = pl.concat_str("tenant_id", user, separator=_APART)
        return both.is_in(pairs) | pl.col("tenant_id").is_in([*self.tenants])


NOBODY = ErasedUsers()


@functools.lru_cache(maxsize=8)
def _any_of(emails: frozenset[str]) -> re.Pattern[str] | None:
    """`ann@acme.example`, which is neither in `jo-ann@acme.example` nor in `ann@acme.example.org`; None without any.

    What events have in an address's place may be `-` or `a`: every other text would have that in it.
    """
    addresses = [email for email in sorted(emails, key=len, reverse=True) if _ADDRESS.fullmatch(email)]
    if not addresses:
        return None
    either = "|".join(map(re.escape, addresses))
    return re.compile(rf"(?<![\w.+-])(?:{either})(?![\w-]|\.\w)", re.IGNORECASE)


def without_person(document: Mapping[str, object], person: Person) -> tuple[dict[str, object], int]:
    """A profile as it is stored, valid or not, without the person among members and recipients; and how many went."""
    gone = 0

    def kept(entries: object) -> object:
        nonlocal gone
        if not isinstance(entries, list):
            return entries
        left = [each for each in entries if not _is_about(each, person)]
        gone += len(entries) - len(left)
        return left

    def cleared(schedule: object) -> object:
        if not isinstance(schedule, dict) or "recipients" not in schedule:
            return schedule
        return schedule | {"recipients": kept(schedule["recipients"])}

    changed = dict(document)
    if "members" in changed:
        changed["members"] = kept(changed["members"])
    schedules = changed.get("schedules")
    if isinstance(schedules, list):
        changed["schedules"] = [cleared(each) for each in schedules]
    return changed, gone


def _is_about(entry: object, person: Person) -> bool:
    """Whether a recipient or member is the person."""
    if not isinstance(entry, dict):
        return False
    email = entry.get("email")
    by_address = isinstance(email, str) and in_small_letters(email) in person.emails
    return by_address or (person.user_id is not None and entry.get("user_id") == person.user_id)
