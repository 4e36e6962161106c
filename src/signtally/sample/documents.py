"""Document lifecycles: sent, received, viewed, signed, and how they end, if they do."""

import dataclasses
import datetime as dt
import random
import uuid
from collections.abc import Iterator, Sequence
from typing import TypeVar

from signtally.sample.people import Person
from signtally.sample.plan import Window
from signtally.sample.portal_events import PortalEvent
from signtally.sample.tenants import SampleTenant
from signtally.sample.working_time import LocalDay, moment_of, when_at_work, whole_milliseconds

_Choice = TypeVar("_Choice")

_ENDINGS = {"completed": 72, "declined": 6, "cancelled": 6, "expired": 5, "open": 11}  # per cent
_RECIPIENTS = {1: 55, 2: 27, 3: 12, 5: 6}  # per cent
_COLLEAGUE, _PARTNER = 0.4, 0.25  # shares of recipients in the sender's tenant and in another; the rest is in none
_DEADLINES_DAYS = (3, 7, 14)
_TO_DELIVER = dt.timedelta(seconds=8)  # means, all of them
_TO_OPEN = dt.timedelta(hours=7)
_TO_READ = dt.timedelta(minutes=25)
_TO_CANCEL = dt.timedelta(hours=30)
_TO_COMPLETE = dt.timedelta(seconds=2)
_WITHOUT_NAME = 0.05  # share of events that leave the name out
_WITHOUT_SENT_AT = 0.1  # share of completions that leave data.sent_at out
_SHARED_ID = 0.02  # share of documents whose first two events bear one id under two sources
_LOCAL_OFFSET = 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class _Party:
    """Who acts, and the tenant in whose account it counts; *person* is None for a recipient outside every tenant."""

    tenant: SampleTenant
    person: Person | None


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class _Step:
    at: dt.datetime
    action: str = dataclasses.field(compare=False)
    by: _Party = dataclasses.field(compare=False)


class DocumentLifecycles:
    """Makes the documents of one tenant, up to the end of the window."""

    def __init__(
        self, owner: SampleTenant, *, tenants: Sequence[SampleTenant], window: Window, rng: random.Random
    ) -> None:
        self._owner = owner
        self._tenants = tenants
        self._until = window.until
        self._rng = rng

    def sent_on(self, day: LocalDay, *, at_least: int, at_most: int) -> Iterator[PortalEvent]:
        """The events of new documents sent on *day*: documents are added until there are *at_least* that many events.

        The last document is cut off at *at_most* events.
        """
        made = 0
        while made < at_least:
            for event in self._live(moment_of(day, self._owner.region, self._rng))[: at_most - made]:
                made += 1
                yield event

    def _live(self, sent_at: dt.datetime) -> list[PortalEvent]:
        """The events of a new document sent at this instant: at least the one of sending."""
        sender = _Party(self._owner, self._someone(self._owner))
        steps = [_Step(sent_at, "sent", sender), *self._course(sender, sent_at)]
        document_id = f"doc_{self._rng.getrandbits(64):016x}"
        known = sorted(step for step in steps if step.at < self._until and step.by.person is not None)
        return self._with_shared_id([self._event(step, document_id=document_id, sent_at=sent_at) for step in known])

    def _course(self, sender: _Party, sent_at: dt.datetime) -> Iterator[_Step]:
        ending = self._one_of(_ENDINGS)
        recipients = [self._recipient() for _ in range(self._one_of(_RECIPIENTS))]
        # Recipients in a tenant come last, so that the event of declining mostly counts in somebody's account.
        recipients.sort(key=lambda party: party.person is not None)
        requests = [list(self._request(recipient, sent_at)) for recipient in recipients]
        if ending == "completed":
            yield from (step for request in requests for step in request)
            finished = max(request[-1].at for request in requests)
            yield _Step(self._later(finished, _TO_COMPLETE), "completed", sender)
            return
        # The last recipient is the one who never signs.
        steps = [step for request in requests[:-1] for step in request] + requests[-1][:2]
        match ending:
            case "declined":
                steps.append(dataclasses.replace(requests[-1][-1], action="declined"))
                yield from (step for step in steps if step.at <= steps[-1].at)
            case "cancelled":
                yield from self._until_step(steps, _Step(self._at_work(sender, sent_at, _TO_CANCEL), ending, sender))
            case "expired":
                deadline = sent_at + dt.timedelta(days=self._rng.choice(_DEADLINES_DAYS))
                yield from self._until_step(steps, _Step(deadline, ending, sender))
            case _:
                yield from steps

    @staticmethod
    def _until_step(steps: list[_Step], last: _Step) -> Iterator[_Step]:
        yield from (step for step in steps if step.at < last.at)
        yield last

    def _request(self, recipient: _Party, sent_at: dt.datetime) -> Iterator[_Step]:
        received_at = self._later(sent_at, _TO_DELIVER)
        viewed_at = self._at_work(recipient, received_at, _TO_OPEN)
        yield _Step(received_at, "received", recipient)
        yield _Step(viewed_at, "viewed", recipient)
        yield _Step(self._at_work(recipient, viewed_at, _TO_READ), "signed", recipient)

    def _recipient(self) -> _Party:
        kind = self._rng.random()
        if kind < _COLLEAGUE:
            return _Party(self._owner, self._someone(self._owner))
        if kind < _COLLEAGUE + _PARTNER:
            # Large tenants meet more documents: the square favours low numbers.
            partner = self._tenants[int(len(self._tenants) * self._rng.random() ** 2)]
            return _Party(partner, self._someone(partner))
        return _Party(self._owner, None)

    def _someone(self, tenant: SampleTenant) -> Person:
        return tenant.people[int(len(tenant.people) * self._rng.random() ** 1.5)]

    def _event(self, step: _Step, *, document_id: str, sent_at: dt.datetime) -> PortalEvent:
        person = step.by.person
        if person is None:
            raise ValueError("a recipient who is in no tenant's account makes no event")
        name = None if self._rng.random() < _WITHOUT_NAME else person.name_at(step.at)
        tells_start = step.action == "completed" and self._rng.random() >= _WITHOUT_SENT_AT
        return PortalEvent(
            occurred_at=step.at,
            action=step.action,
            tenant=step.by.tenant,
            user_id=person.user_id,
            user_name=name,
            user_email=person.email,
            document_id=document_id,
            source="/portal/requests" if step.action in {"received", "declined"} else "/portal/documents",
            id=str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            sent_at=sent_at if tells_start else None,
            with_local_offset=self._rng.random() < _LOCAL_OFFSET,
        )

    def _with_shared_id(self, events: list[PortalEvent]) -> list[PortalEvent]:
        """Now and then give two events of different sources one id: source and id together identify an event."""
        if self._rng.random() < _SHARED_ID and len(events) > 1 and events[0].source != events[1].source:
            events[1] = dataclasses.replace(events[1], id=events[0].id)
        return events

    def _at_work(self, party: _Party, after: dt.datetime, mean_delay: dt.timedelta) -> dt.datetime:
        return when_at_work(self._later(after, mean_delay), party.tenant.region, self._rng)

    def _later(self, after: dt.datetime, mean_delay: dt.timedelta) -> dt.datetime:
        delay = mean_delay * min(self._rng.expovariate(1), 20)
        return whole_milliseconds(after + delay + dt.timedelta(milliseconds=1))

    def _one_of(self, weights: dict[_Choice, int]) -> _Choice:
        return self._rng.choices(list(weights), list(weights.values()))[0]
