"""Who makes ordered reports: one object a consumer, `state/order-consumers/{id}.json`, written every few seconds."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from pydantic import TypeAdapter

from signtally.domain.reports import ReportKey
from signtally.ports.objects import ObjectStore
from signtally.recent import Recent
from signtally.stores.keys import STATE, segment
from signtally.stores.typed_objects import JsonObject

_PREFIX = f"{STATE}order-consumers/"
_ALIVE_FOR = dt.timedelta(seconds=60)
_FORGOTTEN_AFTER = dt.timedelta(hours=1)
_RECENT_SECONDS = 1


@dataclasses.dataclass(frozen=True, slots=True)
class ConsumerBeat:
    """A sign of life of one consumer: which orders it has, those that wait in the order of their turns."""

    consumer_id: str
    at: dt.datetime  # aware, UTC
    making: tuple[ReportKey, ...] = ()
    waiting: tuple[ReportKey, ...] = ()


_BEAT = TypeAdapter(ConsumerBeat)


class OrderConsumers:
    """The consumers by their signs of life. Every method may raise a ServiceError, as in all stores."""

    def __init__(self, objects: ObjectStore, *, clock: Callable[[], dt.datetime]) -> None:
        self._objects = objects
        self._clock = clock
        self._recent = Recent(self._all, seconds=_RECENT_SECONDS)

    def beat(self, beat: ConsumerBeat) -> None:
        self._object(beat.consumer_id).write(beat)
        self._recent.forget()

    def forget(self, consumer_id: str) -> None:
        """Call when a consumer ends; no error when it never was."""
        self._object(consumer_id).delete()
        self._recent.forget()

    def alive(self) -> list[ConsumerBeat]:
        """The latest sign of each consumer that gave one within a minute; as known at most a second ago."""
        alive = [beat for beat in self._recent.get() if self._clock() - beat.at <= _ALIVE_FOR]
        if not alive:  # the first one counts at once
            self._recent.forget()
        return alive

    def in_flight(self, tenant_id: str) -> set[ReportKey]:
        """A tenant's versions that wait in a living consumer's line or are being made."""
        keys = (key for beat in self.alive() for key in (*beat.making, *beat.waiting))
        return {key for key in keys if key.tenant_id == tenant_id}

    def forget_dead(self) -> None:
        """Delete what consumers left that died long ago."""
        for beat in self._all():
            if self._clock() - beat.at > _FORGOTTEN_AFTER:
                self.forget(beat.consumer_id)

    def _all(self) -> list[ConsumerBeat]:
        found = (
            JsonObject(self._objects, each.key, _BEAT).read_sound() for each in self._objects.list_objects(_PREFIX)
        )
        return [beat for beat in found if beat is not None]

    def _object(self, consumer_id: str) -> JsonObject[ConsumerBeat]:
        return JsonObject(self._objects, f"{_PREFIX}{segment(consumer_id)}.json", _BEAT)
