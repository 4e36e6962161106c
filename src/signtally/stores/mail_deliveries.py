"""The ledger's entries of emails: one object for each recipient of an occurrence, taken by one process at a time.

What is posted to a destination is kept like an email; its label (`slack:board`) stands for the address.

An email that is deferred has a second, small object, whose key begins with the minute of its next attempt: a listing
names everything that is due to be tried again, whatever schedule it belongs to.
"""

import dataclasses
import datetime as dt
import functools
import hashlib
import logging
from collections.abc import Callable, Collection, Iterator
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.mail_addresses import in_small_letters, without_addresses
from signtally.domain.time_units import UNIX_EPOCH
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject, TypedObject

_AT, _COLON = "%40", "%3A"
_DEFERRED = f"{keys.STATE}deferred-mails/"


@dataclasses.dataclass(frozen=True, slots=True)
class DeferredMail:
    """An email that is due to be tried again; *reminder* is the key of the object that says so."""

    key: DeliveryKey
    email: str
    reminder: str = ""


_MAIL_JSON = TypeAdapter(MailDelivery)
_DEFERRED_JSON = TypeAdapter(DeferredMail)
_log = logging.getLogger(__name__)


class MailDeliveries:
    """Claims and outcomes by occurrence and address."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def claim(self, key: DeliveryKey, email: str, *, now: dt.datetime, by_hand: bool = False) -> MailDelivery | None:
        """Claim one recipient's email: None when it is ours to send, else what became of it."""
        stored = self._mail(key, email)
        while not stored.create(MailDelivery(email, MailState.CLAIMED, now, by_hand=by_hand)):
            earlier = stored.read()
            if earlier is not None:  # else it was released between the two calls
                return earlier
        return None

    def claim_again(
        self, key: DeliveryKey, email: str, *, now: dt.datetime, states: Collection[MailState], by_hand: bool
    ) -> MailDelivery | None:
        """Claim an email that is in one of these *states*, and return what it was; None when it is not, or is taken.

        A first attempt and its time are kept for one that was deferred.
        """
        stored = self._mail(key, email)
        earlier = stored.read_version()
        if earlier is None or earlier.value.state not in states:
            return None
        was = earlier.value
        retried = was.state is MailState.DEFERRED and not by_hand
        claimed = MailDelivery(
            email,
            MailState.CLAIMED,
            now,
            attempts=was.attempts + 1 if retried else 1,
            first_tried_at=(was.first_tried_at or was.at) if retried else None,
            by_hand=was.by_hand or by_hand,
            user_id=was.user_id,
        )
        return was if stored.replace(claimed, etag=earlier.etag) else None

    def record(self, key: DeliveryKey, delivery: MailDelivery) -> None:
        """Record what became of an email; only for the one who has claimed it."""
        if delivery.state is MailState.DEFERRED and delivery.next_try_at is not None:  # first: it is not to be lost
            deferred = DeferredMail(key, delivery.email)
            JsonObject(self._objects, _reminder(deferred, at=delivery.next_try_at), _DEFERRED_JSON).write(deferred)
        self._mail(key, delivery.email).write(delivery)

    def release(self, key: DeliveryKey, email: str) -> None:
        """Release the claim of an email that was certainly not sent."""
        self._mail(key, email).delete()

    def change(
        self, key: DeliveryKey, email: str, change: Callable[[MailDelivery], MailDelivery]
    ) -> MailDelivery | None:
        """Store what *change* makes of an email's entry, by compare-and-set; None when there is no entry."""
        return self._mail(key, email).update(lambda entry: None if entry is None else change(entry))

    def get(self, key: DeliveryKey, email: str) -> MailDelivery | None:
        """What became of one recipient's email; None when nobody has tried to send it."""
        return self._mail(key, email).read()

    def of(self, key: DeliveryKey, *, after: str = "") -> Iterator[tuple[str, MailDelivery]]:
        """An occurrence's emails by the position (a sort key) of each, those behind the position *after*."""
        folder = keys.occurrence_deliveries(key)
        for found in self._objects.list_objects(folder, after=f"{folder}{after}" if after else None):
            name = found.key.removeprefix(folder)
            if names_recipient(name):
                delivery = self._entry(found.key, stored_at=found.stored_at).read()
                if delivery is not None:
                    yield name, delivery

    def to(self, tenant_id: str, emails: Collection[str]) -> Iterator[tuple[DeliveryKey, MailDelivery]]:
        """The entries of these addresses (in small letters) in all schedules of a tenant: one listing."""
        names = {f"{keys.segment(email)}.json" for email in emails}
        prefix = f"{keys.DELIVERIES}{keys.segment(tenant_id)}/"
        for found in self._objects.list_objects(prefix):
            schedule, _, rest = found.key.removeprefix(prefix).partition("/")
            period, _, name = rest.partition("/")
            delivery = self._entry(found.key, stored_at=found.stored_at).read() if name in names else None
            if delivery is not None:
                yield DeliveryKey(tenant_id, keys.text_of(schedule), keys.text_of(period)), delivery

    def forget_address(self, key: DeliveryKey, delivery: MailDelivery, *, label: str) -> None:
        """Let an entry stand under a *label* that names nobody, without what the mail service said of it."""
        nameless = dataclasses.replace(delivery, email=label, detail="", message_id="", user_id=None)
        self._mail(key, label).write(nameless)
        self._mail(key, delivery.email).delete()

    def forget_reminders(self, tenant_id: str, emails: Collection[str] | None) -> int:
        """Try no more what is deferred for these addresses (in small letters), for any with None; how many."""
        found = (
            (summary.key, JsonObject(self._objects, summary.key, _DEFERRED_JSON).read_sound())
            for summary in self._objects.list_objects(_DEFERRED)
        )
        doomed = [
            name
            for name, deferred in found
            if deferred is not None
            and deferred.key.tenant_id == tenant_id
            and (emails is None or in_small_letters(deferred.email) in emails)
        ]
        self._objects.delete(doomed)
        return len(doomed)

    def deferred_until(self, now: dt.datetime) -> Iterator[DeferredMail]:
        """The emails whose next attempt is due by *now*, the longest due first."""
        for found in self._objects.list_objects(_DEFERRED):
            if PurePosixPath(found.key).name >= _minute(now + dt.timedelta(minutes=1)):
                return
            deferred = JsonObject(self._objects, found.key, _DEFERRED_JSON).read_sound()
            if deferred is not None:
                yield dataclasses.replace(deferred, reminder=found.key)

    def forget_reminder(self, deferred: DeferredMail) -> None:
        """The attempt that this object reminded of has been made."""
        self._objects.delete([deferred.reminder])

    def _mail(self, key: DeliveryKey, email: str) -> TypedObject[MailDelivery]:
        """One address however it is written: nobody gets it twice for a capital."""
        return self._entry(f"{keys.occurrence_deliveries(key)}{keys.segment(in_small_letters(email))}.json")

    def _entry(self, key: str, *, stored_at: dt.datetime = UNIX_EPOCH) -> TypedObject[MailDelivery]:
        decode = functools.partial(_delivery, key=key, stored_at=stored_at)
        return TypedObject(self._objects, key, encode=_MAIL_JSON.dump_json, decode=decode)


def _delivery(body: bytes, *, key: str, stored_at: dt.datetime) -> MailDelivery:
    """An entry. One that cannot be read is in doubt since it was stored: its key says whose email it was."""
    try:
        return _MAIL_JSON.validate_json(body)
    except ValidationError as error:
        _log.error("%s cannot be read, and counts as in doubt: %s", without_addresses(key), type(error).__name__)
        email = keys.text_of(PurePosixPath(key).name.removesuffix(".json"))
        return MailDelivery(email, MailState.IN_DOUBT, stored_at, "what became of it cannot be read any more")


def names_recipient(name: str) -> bool:
    """Whether an object below an occurrence is an address's or a destination's label's; nothing else there is."""
    return _AT in name or _COLON in name


def _reminder(deferred: DeferredMail, *, at: dt.datetime) -> str:
    about = "\0".join([*dataclasses.astuple(deferred.key), in_small_letters(deferred.email)])
    return f"{_DEFERRED}{_minute(at)}-{hashlib.sha256(about.encode()).hexdigest()[:24]}.json"


def _minute(at: dt.datetime) -> str:
    return f"{int(at.timestamp()) // 60:010}"
