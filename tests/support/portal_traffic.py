"""Traffic of the sample's portal with duplicates, late events, imports and junk, and what must become of it."""

import dataclasses
import datetime as dt
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator

from signtally.ports.queue import OutgoingMessage, QueueDepth
from signtally.sample.plan import TrafficPlan
from signtally.sample.portal_events import PortalEvent, compact_json
from signtally.sample.sending import default_until
from signtally.sample.tenants import sample_tenants
from signtally.sample.traffic import late_events, punctual_events
from signtally.sample.trouble import junk_like, sent_again
from signtally.services import Services
from signtally.stores.touched_hours import TouchedHour, TouchedHours

_DAYS, _TENANTS = 14, 40
_IMPORTED_AGO = dt.timedelta(days=900)  # far beyond what the memory store holds
_LATE, _IMPORTED, _DUPLICATES, _JUNK = 0.1, 0.02, 0.1, 0.02  # shares of the distinct events
_BATCHES_GO_ON = 0.7  # so that a message carries three or four events


@dataclasses.dataclass
class PortalTraffic:
    """Counted beside the sender by plain Python, with nothing of what the product counts with."""

    counts: Counter[tuple[str, str, str]] = dataclasses.field(default_factory=Counter)  # tenant, user, action
    junk: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)  # reason, body
    hours: set[TouchedHour] = dataclasses.field(default_factory=set)
    duplicates: int = 0

    @property
    def events(self) -> int:
        """Distinct good ones."""
        return self.counts.total()

    def expect_settled(self, services: Services) -> None:
        """Every event stored once and noted for aggregation, all junk and nothing else dead-lettered, nothing left."""
        now = services.clock()
        assert services.queue.depth() == QueueDepth(0, 0)
        assert self._stored(services) == self.counts
        letters = _dead_letters(services)
        assert set(letters) == set(self.junk)
        assert letters >= self.junk  # a crash may leave a letter twice, never too few
        noted = {hour for note in TouchedHours(services.objects).pending() for hour in note.hours}
        assert self.hours <= noted
        settled = services.stores.watermarks.settled_through()
        assert settled is not None
        assert now - settled < dt.timedelta(minutes=1)

    def _stored(self, services: Services) -> Counter[tuple[str, str, str]]:
        long_ago, later = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
        tenant_ids = sorted({tenant_id for tenant_id, _, _ in self.counts})
        events = services.usage_store.events(since=long_ago, until=later, tenant_ids=tenant_ids)
        assert events["event_id"].is_unique().all()
        return Counter(events.select("tenant_id", "user_id", "action").iter_rows())


def send_portal_traffic(services: Services, *, events: int, seed: int) -> PortalTraffic:
    """Send about so many distinct events, one in ten twice and junk between them; late ones come last."""
    rng = random.Random(seed)  # noqa: S311 -- traffic, not secrets
    traffic = PortalTraffic()
    until = default_until(services.clock())
    plan = TrafficPlan(tenants=_TENANTS, days=_DAYS, events=events, seed=seed, until=until, late=_LATE)
    history = dataclasses.replace(plan, events=round(events * _IMPORTED), until=until - _IMPORTED_AGO, late=0)
    punctual = [*punctual_events(plan, sample_tenants(plan)), *punctual_events(history, sample_tenants(history))]
    for wave in (punctual, list(late_events(plan, sample_tenants(plan)))):
        rng.shuffle(wave)
        parts = _parts(wave, traffic, rng=rng)
        services.queue.send([OutgoingMessage(body) for body in _bodies(parts, rng)])
    return traffic


def _parts(wave: Iterable[PortalEvent], traffic: PortalTraffic, *, rng: random.Random) -> list[str]:
    parts = []
    for event in wave:
        traffic.counts[event.tenant.tenant_id, event.user_id, event.action] += 1
        traffic.hours.add(TouchedHour.of(event.tenant.tenant_id, event.occurred_at))
        parts.append(compact_json(event.fields()))
        if rng.random() < _DUPLICATES:
            parts.append(compact_json(sent_again(event, rng).fields()))
            traffic.duplicates += 1
        if rng.random() < _JUNK:
            junk = junk_like(event, number=traffic.junk.total())
            parts.append(junk.json)
            traffic.junk[junk.reason, junk.json] += 1
    rng.shuffle(parts)
    return parts


def _bodies(parts: Iterable[str], rng: random.Random) -> Iterator[str]:
    """Objects alone or in batches; what is no object would spoil a batch and comes as a body of its own."""
    for is_object, group in itertools.groupby(parts, _is_object):
        batch: list[str] = []
        for part in group:
            batch.append(part)
            if not is_object or rng.random() >= _BATCHES_GO_ON:
                yield batch[0] if len(batch) == 1 else f"[{','.join(batch)}]"
                batch = []
        if batch:
            yield f"[{','.join(batch)}]"


def _is_object(part: str) -> bool:
    try:
        return isinstance(json.loads(part), dict)
    except ValueError:
        return False


def _dead_letters(services: Services) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    while some := services.dead_letters.receive(wait_seconds=0):
        found.update((letter.attributes["reason"], letter.body) for letter in some)
    return found
