"""The flows for dead letters, under a real Prefect server, on a real queue."""

import pytest

from flows.dead_letters import dead_letters
from flows.ingest import ingest
from flows.replay_dead_letters import replay_dead_letters
from signtally.domain.dead_letter_queues import UnknownReasonError
from signtally.ports.queue import OutgoingMessage, QueueDepth
from signtally.services import Services
from tests.support.flow_artifacts import latest_figures, latest_table


def test_an_operator_looks_and_replays(flow_services: Services) -> None:
    assert dead_letters().total == 0
    assert latest_table("dead-letters") == [{"reason": "none", "number": 0}]
    flow_services.queue.send([OutgoingMessage("not JSON"), OutgoingMessage("[]"), OutgoingMessage('[{}, "x"]')])
    ingest(consumers=1, time_budget_seconds=30)

    listing = dead_letters(samples=1)
    counts = {"not-json": 1, "empty-batch": 1, "bad-specversion": 1, "not-an-event": 1}
    assert {each.reason: each.count for each in listing.reasons} == counts
    table = latest_table("dead-letters")
    assert {row["reason"]: row["number"] for row in table if row["body"] == ""} == counts
    assert {row["body"] for row in table} == {"", "not JSON", "[]", "{}", '"x"'}

    assert replay_dead_letters(dry_run=True).total == 4
    assert flow_services.dead_letters.depth() == QueueDepth(4, 0)
    assert replay_dead_letters(reasons=["empty-batch", "not-json"]).replayed == {"empty-batch": 1, "not-json": 1}
    figures = latest_figures("replay-dead-letters")
    assert (figures["replayed: not-json"], figures["left: not-an-event"], figures["total"]) == (1, 1, 2)
    assert ingest(consumers=1, time_budget_seconds=30).dead_letters == {"empty-batch": 1, "not-json": 1}
    replayed = {each.reason: each.replayed for each in dead_letters().reasons}
    assert replayed == {"not-json": 1, "empty-batch": 1, "bad-specversion": 0, "not-an-event": 0}


@pytest.mark.usefixtures("flow_services")
def test_a_reason_that_does_not_exist_fails_the_run() -> None:
    with pytest.raises(UnknownReasonError, match="bad-time"):
        replay_dead_letters(reasons=["bad-tiem"])
