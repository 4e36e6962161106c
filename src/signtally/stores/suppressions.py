"""Addresses that get no reports of a tenant any more, and why: one small object each, `suppressions/{tenant}/…`.

Of a destination its label stands there, and beside it a digest of its web address: another one may have that label.
"""

import dataclasses
import datetime as dt
import enum
import logging
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from signtally.domain.mail_addresses import in_small_letters, without_addresses
from signtally.ports.objects import ObjectStore, ObjectSummary
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject


class SuppressionReason(enum.StrEnum):
    UNSUBSCRIBED = "unsubscribed"  # by its owner
    BOUNCED = "bounced"  # its mail server says that there is no such mailbox
    COMPLAINED = "complained"  # its owner called a report spam
    GONE = "gone"  # a destination's host says that nobody takes anything there any more


@dataclasses.dataclass(frozen=True, slots=True)
class Suppression:
    email: str  # of a destination, its label
    reason: SuppressionReason
    at: dt.datetime  # aware, UTC
    detail: str = ""
    about: str = ""  # of a destination, the digest of its web address

    @property
    def subject(self) -> str:
        """What is suppressed, in small letters: an address, or a label with its web address's digest."""
        return subject(self.email, about=self.about)


_JSON = TypeAdapter(Suppression)
_JSON_ENDING = ".json"
_ABOUT_FOLLOWS = ","  # which no quoted address has
_log = logging.getLogger(__name__)


class Suppressions:
    """Suppressed addresses by tenant; one address however it is written."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def add(self, tenant_id: str, suppression: Suppression) -> None:
        """Suppress an address; where it is suppressed already, the first reason stays."""
        self._object(_key(tenant_id, suppression.email, about=suppression.about)).create(suppression)

    def get(self, tenant_id: str, email: str) -> Suppression | None:
        return next((self._at(key) for key in self._keys(tenant_id, email)), None)

    def lift(self, tenant_id: str, email: str) -> bool:
        """Send to this address again, or to whatever has this label; False when it was not suppressed."""
        found = [*self._keys(tenant_id, email)]
        self._objects.delete(found)
        return bool(found)

    def _keys(self, tenant_id: str, email: str) -> Iterator[str]:
        """Where an address or label is suppressed; earlier releases kept `faß.de` where `fass.de` has its place."""
        wanted = in_small_letters(email)
        for written in dict.fromkeys((wanted, email.casefold())):
            begin = f"{_folder(tenant_id)}{keys.segment(written)}"
            for each in self._objects.list_objects(begin):
                if each.key.removeprefix(begin).startswith((_JSON_ENDING, _ABOUT_FOLLOWS)):
                    found = self._at(each.key)
                    if found is not None and in_small_letters(found.email) == wanted:
                        yield each.key

    def all(self, tenant_id: str, *, after: str = "") -> Iterator[tuple[str, Suppression]]:
        """The tenant's suppressions by the position (a sort key) of each, those behind the position *after*."""
        folder = _folder(tenant_id)
        for found in self._objects.list_objects(folder, after=f"{folder}{after}" if after else None):
            suppression = self._at(found.key)
            if suppression is not None:
                yield found.key.removeprefix(folder), suppression

    def by_address(self, tenant_id: str) -> dict[str, Suppression]:
        """The tenant's suppressions by `Suppression.subject`: of an email, the address in small letters."""
        return {suppression.subject: suppression for _, suppression in self.all(tenant_id)}

    def _at(self, key: str) -> Suppression | None:
        """What is stored under a key. A record that cannot be read suppresses all the same: its key says whom."""
        try:
            return self._object(key).read()
        except ValidationError as error:
            _log.error(
                "%s cannot be read, and its address gets no emails: %s", without_addresses(key), type(error).__name__
            )
            return next((_unreadable(found) for found in self._objects.list_objects(key)), None)

    def _object(self, key: str) -> JsonObject[Suppression]:
        return JsonObject(self._objects, key, _JSON)


def _unreadable(found: ObjectSummary) -> Suppression:
    """As if its owner had unsubscribed: nobody can say any more that it was for less."""
    name, _, about = PurePosixPath(found.key).name.removesuffix(_JSON_ENDING).partition(_ABOUT_FOLLOWS)
    detail = "its record cannot be read any more"
    return Suppression(keys.text_of(name), SuppressionReason.UNSUBSCRIBED, found.stored_at, detail, about)


def subject(email: str, *, about: str = "") -> str:
    return f"{in_small_letters(email)}{_ABOUT_FOLLOWS}{about}" if about else in_small_letters(email)


def _folder(tenant_id: str) -> str:
    return f"{keys.SUPPRESSIONS}{keys.segment(tenant_id)}/"


def _key(tenant_id: str, email: str, *, about: str = "") -> str:
    return f"{_folder(tenant_id)}{keys.segment(in_small_letters(email))}{about and _ABOUT_FOLLOWS}{about}{_JSON_ENDING}"
