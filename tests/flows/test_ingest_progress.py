"""What an operator sees of an ingest run in the Prefect UI, while it lasts and after it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort

from flows.ingest import ingest
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from tasks.progress import LiveProgress, ProgressState

EVENT = {
    "specversion": "1.0",
    "source": "/portal",
    "type": "document.sent",
    "time": "2026-11-02T09:00:00Z",
    "data": {"tenant_id": "acme", "user_id": "ann", "document_id": "d1"},
}


def test_a_run_that_lasts_is_seen_while_it_does_and_summed_up_after_it(flow_services: Services) -> None:
    flow_services.queue.send([OutgoingMessage(json.dumps([{**EVENT, "id": f"e{n}"} for n in range(8)]))])
    held = flow_services.queue.receive(wait_seconds=20)  # the run has to wait for it
    flow_services.queue.send([OutgoingMessage(json.dumps({**EVENT, "id": "e8"})), OutgoingMessage("junk")])
    before, ended = latest_ids("ingest-now"), threading.Event()

    def give_back_when_seen() -> None:
        while latest_ids("ingest-now") == before and not ended.wait(0.1):
            pass  # Prefect tells nobody of a new artifact
        flow_services.queue.extend(held, visibility_seconds=0)

    with ThreadPoolExecutor(1) as other:
        giving_back = other.submit(give_back_when_seen)
        try:
            ingest(consumers=2, time_budget_seconds=90)
        finally:
            ended.set()
        giving_back.result()

    bar, table = latest("ingest-progress"), latest("ingest-now")
    for artifact in (bar, table):
        assert artifact.updated is not None
        assert artifact.created is not None
        assert artifact.updated > artifact.created  # it was there when the run still waited
    assert bar.data == 100
    assert bar.description is not None
    assert bar.description.startswith("10 events received")
    now = figures(table)
    assert (now["events received"], now["stored"], now["dead letters: not-json"]) == (10, 9, 1)
    assert (now["messages waiting"], now["messages in flight"]) == (0, 0)
    assert now["age of the oldest message in flight"] == "–"

    after = figures(latest("ingest"))
    assert (after["received"], after["stored"], after["dead_letters: not-json"]) == (10, 9, 1)
    assert after["requests_per_event"] == pytest.approx(after["requests"] / 10)
    assert 0 < after["events_per_second"] <= 10 / after["seconds"] * 1.1


def test_a_run_that_finds_nothing_leaves_its_summary_only(flow_services: Services) -> None:
    del flow_services  # its empty queue
    before = latest_ids("ingest-progress")
    ingest(consumers=1, time_budget_seconds=30)
    assert latest_ids("ingest-progress") == before
    assert figures(latest("ingest"))["requests_per_event"] == "–"


@pytest.mark.usefixtures("prefect_server")
def test_the_work_goes_on_when_its_progress_cannot_be_shown() -> None:
    @flow
    def watched() -> str:
        with LiveProgress("watched") as live:
            live.show(ProgressState(0.5, "unreadable", [{"figure": object()}]))
        with LiveProgress("watched") as live:
            live.show(ProgressState(1, "done", [{"figure": "readable"}]))
        return "worked"

    assert watched() == "worked"
    assert latest("watched-progress").description == "done"
    assert figures_of(latest("watched-now")) == [{"figure": "readable"}]


def latest(key: str) -> Artifact:
    return found(key)[0]


def latest_ids(key: str) -> list[object]:
    return [artifact.id for artifact in found(key)]


def found(key: str) -> list[Artifact]:
    """The latest first."""
    with get_client(sync_client=True) as client:
        return client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])), sort=ArtifactSort.CREATED_DESC
        )


def figures(artifact: Artifact) -> dict[str, Any]:
    return {row["figure"]: row["value"] for row in figures_of(artifact)}


def figures_of(artifact: Artifact) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(str(artifact.data))
    return rows
