"""The order in which the sample's messages reach the queue, so that the first received of a pair is the original."""

import itertools
from collections.abc import Iterator, Sequence

from signtally.sample.expectation import Expectation
from signtally.sample.messages import Piece, bodies
from signtally.sample.plan import TrafficPlan
from signtally.sample.portal_events import PortalEvent, compact_json
from signtally.sample.tenants import SampleTenant
from signtally.sample.traffic import late_events, punctual_events
from signtally.sample.trouble import junk_like, sent_again


class Waves:
    """A plan's traffic, made while it is iterated; `expectation` is complete once all of it is consumed."""

    def __init__(self, plan: TrafficPlan, tenants: Sequence[SampleTenant]) -> None:
        self.expectation = Expectation()
        self._plan = plan
        self._tenants = tenants
        rng = plan.rng("trouble")
        self._repeated = set(rng.sample(range(plan.events), plan.duplicate_events))
        self._spoiled = set(rng.sample(range(plan.events), plan.junk_items))
        self._numbers = itertools.count()
        self._junk_numbers = itertools.count()
        self._to_repeat: list[PortalEvent] = []

    def __iter__(self) -> Iterator[Iterator[tuple[str, int]]]:
        """Three waves of (message body, number of pieces); send one wave wholly before the next."""
        rng = self._plan.rng("messages")
        waves = (
            self._first_sends(punctual_events(self._plan, self._tenants)),
            self._first_sends(late_events(self._plan, self._tenants)),
            self._repeats(),
        )
        for wave in waves:
            yield self._counted(bodies(wave, rng))
        self.expectation.late_events = self._plan.late_events

    def _first_sends(self, events: Iterator[PortalEvent]) -> Iterator[Piece]:
        for event in events:
            number = next(self._numbers)
            if number in self._spoiled:
                junk = junk_like(event, number=next(self._junk_numbers))
                self.expectation.dead_letters[junk.reason] += 1
                yield Piece(junk.json, is_element=junk.is_element, is_junk=True)
            if number in self._repeated:
                self._to_repeat.append(event)
            self.expectation.count(event)
            yield Piece(compact_json(event.fields()))

    def _repeats(self) -> Iterator[Piece]:
        rng = self._plan.rng("repeats")
        for event in self._to_repeat:
            self.expectation.duplicates += 1
            yield Piece(compact_json(sent_again(event, rng).fields()))

    def _counted(self, messages: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        for message in messages:
            self.expectation.messages += 1
            yield message
