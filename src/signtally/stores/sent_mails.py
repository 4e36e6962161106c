"""Which delivery an email was, by the id that the mail service gave it: what is said of it later names nothing else."""

import dataclasses
from collections.abc import Iterable

from pydantic import TypeAdapter

from signtally.domain.deliveries import DeliveryKey
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import JsonObject


@dataclasses.dataclass(frozen=True, slots=True)
class SentMail:
    key: DeliveryKey
    email: str


_JSON = TypeAdapter(SentMail)


class SentMails:
    """One small object for each email that a mail service took; after 90 days the bucket deletes it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def remember(self, message_id: str, sent: SentMail) -> None:
        self._object(message_id).write(sent)

    def find(self, message_id: str) -> SentMail | None:
        """None for an email that is none of ours, or older than that."""
        return self._object(message_id).read()

    def forget(self, message_ids: Iterable[str]) -> None:
        """What is said of these emails later is about nobody."""
        self._objects.delete([f"{keys.SENT_MAILS}{keys.segment(each)}.json" for each in message_ids])

    def _object(self, message_id: str) -> JsonObject[SentMail]:
        return JsonObject(self._objects, f"{keys.SENT_MAILS}{keys.segment(message_id)}.json", _JSON)
