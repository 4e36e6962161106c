"""Ingest through microburst: every service fails in every way at once, and what is stored is what was sent."""

import dataclasses
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.aws.sqs import SqsEventQueue
from signtally.services import Services
from signtally.use_cases import ingesting
from signtally.use_cases.ingesting import IngestConfig, IngestProgress
from tests.support.examples import sized
from tests.support.microbursts import Burst, burst_before
from tests.support.portal_traffic import send_portal_traffic
from tests.support.switched_aws import Place

VISIBILITY_SECONDS = 8  # a receive whose answer is lost holds its messages so long
EVENTS = sized(2_000, soak=4_000)
HELD_EVENTS = 500  # so that most of the work is left when Timestream comes back
# An outage, and for how long a run tries again; in soak as long as by default.
OUTAGE_SECONDS = sized(8, soak=60)
RETRY_BUDGET_SECONDS = sized(30, soak=90)


@dataclasses.dataclass(frozen=True)
class Weather:
    sqs: Burst
    timestream: Burst
    services: Services  # which reach SQS and Timestream through them


@pytest.fixture
def weather(place: Place, seed: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Weather]:
    with burst_before(place.local.port, seed) as sqs, burst_before(place.local.timestream_port, seed) as timestream:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_TIMESTREAM_WRITE", timestream.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_TIMESTREAM_QUERY", timestream.url)
        services = wiring.services(place.services.settings)
        queue = SqsEventQueue(AwsClients().sqs, name=services.settings.queue, visibility_seconds=VISIBILITY_SECONDS)
        yield Weather(sqs, timestream, dataclasses.replace(services, queue=queue))


@pytest.mark.timeout(600)  # a busy machine; in soak the outage alone takes a minute
def test_no_fault_and_no_outage_of_timestream_changes_a_count(place: Place, weather: Weather, seed: int) -> None:
    """Both services fail all the time, and in the midst of it Timestream goes away: for 8 s, in soak for a minute."""
    sent = send_portal_traffic(place.services, events=EVENTS, seed=seed)
    under_way = threading.Event()

    def look(progress: IngestProgress) -> None:
        if progress.outcome.stored:
            under_way.set()

    weather.sqs.blow()
    weather.timestream.blow()
    with ThreadPoolExecutor(1) as executor:
        config = IngestConfig(max_in_flight_events=HELD_EVENTS, retry_budget_seconds=RETRY_BUDGET_SECONDS)
        draining = executor.submit(ingesting.drain, services=weather.services, config=config, on_progress=look)
        draining.add_done_callback(lambda _: under_way.set())
        assert under_way.wait(120)
        assert not draining.done(), draining.result()
        place.timestream.off()
        threading.Event().wait(OUTAGE_SECONDS)
        assert not draining.done(), draining.result()
        place.timestream.on()
        outcome = draining.result(timeout=300)
    for burst in (weather.sqs, weather.timestream):
        struck = burst.calm()
        sys.stdout.write(f"{dict(struck)}\n")
        assert min(struck.values()) >= 1
    assert (outcome.stored, outcome.duplicates) == (sent.events, sent.duplicates)
    sent.expect_settled(place.services)
