"""A year through the whole chain over the local AWS: every figure is what plain Python counts.

2,000 events in `make test`, 200,000 in `make soak`, as many as you like in `make year EVENTS=10000000`.
"""

import datetime as dt
import json
import logging
import os
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from signtally import wiring
from signtally.domain.actions import MEASURES
from signtally.domain.history_mapping import HistoryMapping
from signtally.domain.import_outcome import ImportProgress
from signtally.domain.periods import parse_period
from signtally.domain.tenants import TenantProfile
from signtally.history.opening import open_history
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning
from signtally.use_cases.aggregating import aggregate_touched
from signtally.use_cases.figures import read_usage
from signtally.use_cases.importing import import_history
from signtally.use_cases.ingesting import drain
from signtally.use_cases.reconciling import reconcile
from tests.support.examples import sized
from tests.support.generated_year import ACTIONS, Event, Figures, GeneratedYear, generate

_log = logging.getLogger(__name__)
EVENTS = int(os.environ.get("YEAR_EVENTS") or sized(2_000, soak=200_000))
SEED = int(os.environ.get("YEAR_SEED", "2026"))
_EVENTS_A_MESSAGE, _MESSAGES_A_SEND, _SENDERS = 50, 10, 4
_EVENTS_A_DRAIN = 200_000  # the local SQS walks through all of its messages whenever one is asked for
_PERIODS = ("{0:%Y-%m-%d}", "{0:%G}-W{0:%V}", "{0:%Y-%m}", "{0:%Y}-Q{1}", "{0:%Y}")


@pytest.fixture(params=["timestream", "postgresql"])
def own_settings(request: pytest.FixtureRequest, real_settings: Settings) -> Settings:
    """Ids are sent again by history too."""
    changed: dict[str, object] = {"reconcile_days": 10_000}
    if request.param == "postgresql":
        changed["usage_store"] = SecretStr(request.getfixturevalue("postgresql"))
    return real_settings.model_copy(update=changed)


@pytest.mark.usefixtures("local_aws")
@pytest.mark.timeout(max(900, EVENTS // 100))
def test_every_figure_of_a_year_is_what_plain_python_counts(own_settings: Settings, tmp_path: Path) -> None:
    services = wiring.services(own_settings)
    provisioning.provision(services=services)
    until = services.clock().replace(second=0, microsecond=0)
    year = generate(EVENTS, seed=SEED, until=until)
    for tenant_id, zone in year.zones.items():
        services.stores.tenants.put(TenantProfile(tenant_id=tenant_id, timezone=zone))
    _bring_in(year, tmp_path / "history.csv", services=services)
    expected = year.figures()
    assert _stored(year, services=services) == expected
    _check_periods(year, expected, services=services)


def _bring_in(year: GeneratedYear, history: Path, *, services: Services) -> None:
    """As it would come: history first, then what the portal sends, then what it sends again."""
    year.write_history(history)
    source, mapping = open_history(str(history), mapping=HistoryMapping()), HistoryMapping()
    imported = import_history(source, mapping=mapping, services=services, on_progress=_log_progress)
    assert imported.outcome.rejected == {}
    aggregate_touched(services=services)
    for wave in (year.first_wave, year.second_wave):
        for offset in range(0, len(wave), _EVENTS_A_DRAIN):
            _send(wave[offset : offset + _EVENTS_A_DRAIN], services=services)
            assert drain(services=services).dead_letters == {}
            _log.info("drained %d of %d events", min(offset + _EVENTS_A_DRAIN, len(wave)), len(wave))
        aggregate_touched(services=services)
    outcome = reconcile(first=dt.date(2000, 1, 1), services=services)
    assert outcome.is_clean, outcome


def _log_progress(progress: ImportProgress) -> None:
    _log.info("%s", progress)


def _send(wave: Sequence[Event], *, services: Services) -> None:
    bodies = [
        json.dumps([_cloud_event(event) for event in wave[offset : offset + _EVENTS_A_MESSAGE]])
        for offset in range(0, len(wave), _EVENTS_A_MESSAGE)
    ]
    messages = [OutgoingMessage(body) for body in bodies]
    parts = [messages[offset : offset + _MESSAGES_A_SEND] for offset in range(0, len(messages), _MESSAGES_A_SEND)]
    with ThreadPoolExecutor(_SENDERS) as senders:
        list(senders.map(services.queue.send, parts))


def _cloud_event(event: Event) -> dict[str, object]:
    values = event._asdict()
    context = {name: values.pop(name) for name in ("id", "source", "type", "time")}
    return {"specversion": "1.0", **context, "data": values}


def _stored(year: GeneratedYear, *, services: Services) -> Figures:
    """The daily usage that says anything, of every tenant and day."""
    first, last = dt.date(2000, 1, 1), dt.date(2100, 1, 1)
    with services.usage_store.scan_daily_usage(first=first, last=last, tenant_ids=[*year.zones]) as rows:
        found = rows.collect(engine="streaming")
    figures = {
        (row["tenant_id"], row["user_id"], row["day"]): Counter({name: row[name] for name in MEASURES if row[name]})
        for row in found.iter_rows(named=True)
    }
    return {row: counts for row, counts in figures.items() if counts}


def _check_periods(year: GeneratedYear, expected: Figures, *, services: Services) -> None:
    """Days, weeks, months, quarters and years of tenants picked at random, as a report reads them."""
    rng = random.Random(SEED)  # noqa: S311 -- a sample
    today = services.clock().date()
    for tenant_id in rng.sample(sorted(year.zones), sized(8, soak=20)):
        own = [(date, counts) for (owner, _, date), counts in expected.items() if owner == tenant_id]
        tenant = services.stores.tenants.get(tenant_id)
        day = today - dt.timedelta(days=rng.randrange(360))
        for template in _PERIODS:
            period = parse_period(template.format(day, (day.month + 2) // 3), week_starts_on=tenant.first_weekday)
            snapshot = read_usage(tenant, period, services=services)
            wanted = Counter[str]()
            for date, counts in own:
                if snapshot.period.first <= date <= snapshot.period.last:
                    wanted.update(counts)
            assert snapshot.totals.as_dict() == {name: wanted[name] for name in ACTIONS.values()}, (tenant_id, period)
