"""The commands for dead letters, as an operator and as a script would call them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from signtally.ports.queue import OutgoingMessage, QueueDepth
from signtally.services import Services
from tests.support.commands import SIGNTALLY, Command


def put(services: Services, reason: str, number: int) -> None:
    attributes = {"reason": reason, "detail": f"why … {reason}", "trace": "t"}
    services.dead_letters.send([OutgoingMessage(f'{{"number": {each}}}', attributes) for each in range(number)])


def test_an_operator_looks_asks_what_would_go_and_replays(signtally: Command, real_services: Services) -> None:
    put(real_services, "bad-time", 12)
    put(real_services, "bad-id", 3)
    listed = signtally("dead-letters", "list")
    assert listed.code == 0
    assert [line.split()[:2] for line in listed.out.splitlines() if line[:1] != " "] == [
        ["reason", "number"],
        ["bad-time", "12"],
        ["bad-id", "3"],
        ["15", "dead"],
    ]
    assert "`id` is missing" in listed.out
    assert listed.out.count('{"number": ') == 6

    dry = signtally("dead-letters", "replay", "--reason", "bad-time", "--dry-run")
    assert "would be replayed: 12 dead letters (bad-time 12)" in dry.out
    assert real_services.dead_letters.depth() == QueueDepth(15, 0)
    real = signtally("dead-letters", "replay", "--reason", "bad-time", "--json").answer
    assert (real["replayed"], real["left"], real["total"], real["dry_run"]) == (
        {"bad-time": 12},
        {"bad-id": 3},
        12,
        False,
    )
    assert real_services.dead_letters.depth() == QueueDepth(3, 0)
    assert real_services.queue.depth() == QueueDepth(12, 0)


def test_a_script_reads_the_last_line(signtally: Command, real_services: Services) -> None:
    empty = signtally("dead-letters", "list", "--json").answer
    nothing = {"total": 0, "dead_letters": {}, "reasons": [], "is_complete": True, "in_flight_elsewhere": 0}
    assert empty == {**nothing, "other_queues": {}}
    put(real_services, "bad-time", 2)
    put(real_services, "bad-id", 1)
    assert real_services.mail_events is not None
    attributes = {"reason": "unknown-email", "detail": "no email of ours has the id m-1"}
    real_services.mail_events.pair.dead_letters.send([OutgoingMessage("{}", attributes)])
    listed = signtally("dead-letters", "list", "--reason", "bad-time", "--samples", "1", "--json").answer
    assert (listed["dead_letters"], listed["other_queues"]) == ({"bad-time": 2}, {"mail-events": 1})
    [reason] = listed["reasons"]
    assert (reason["count"], reason["replayed"]) == (2, 0)
    assert reason["oldest"] <= reason["newest"]
    [sample] = reason["samples"]
    assert sample["detail"] == "why … bad-time"
    assert sample["body"].startswith('{"number": ')
    told = signtally("dead-letters", "list", "--queue", "mail-events").out
    assert "another program sends by the same SES identity" in told
    assert "About 3 dead letters of another queue: signtally dead-letters list --queue events" in told


@pytest.mark.parametrize("command", ["list", "replay"])
def test_a_reason_that_does_not_exist_is_told_with_those_that_do(signtally: Command, command: str) -> None:
    ran = signtally("dead-letters", command, "--reason", "bad-tiem")
    assert ran.failed_with("'bad-tiem' is no reason", "bad-time", "without-reason")
    ran = signtally("dead-letters", command, "--queue", "report-orders", "--reason", "bad-time")
    assert ran.failed_with("'bad-time' is no reason of a dead letter of report-orders", "gave-up")


def test_queues_that_do_not_exist_are_told(signtally: Command, local_aws: object) -> None:
    del local_aws
    for command in ("list", "replay"):
        assert signtally("dead-letters", command).failed_with("does not exist", "signtally provision")


def test_ctrl_c_releases_every_dead_letter(real_services: Services, tmp_path: Path) -> None:
    put(real_services, "bad-time", 4_000)
    name = real_services.settings.dead_letter_queue
    with subprocess.Popen(
        [SIGNTALLY, "dead-letters", "list"],
        env={**os.environ, "SIGNTALLY_DEAD_LETTER_QUEUE": name},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    ) as looking:
        while real_services.dead_letters.depth().in_flight == 0:
            assert looking.poll() is None
        looking.send_signal(signal.SIGINT)
        _, errors = looking.communicate(timeout=60)
    assert (looking.returncode, b"Traceback" in errors) == (130, False), errors.decode()
    assert real_services.dead_letters.depth() == QueueDepth(4_000, 0)
