"""Rendering within limits: what hangs, eats memory or dies fails one file, with the reason, and the next is made."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signtally.render.files import render
from signtally.render.process_pool import RenderFailedError, RenderLimitError, RenderProcesses
from tests.support.report_samples import IDENTITY, nasty_snapshot, snapshot, user

REPORT = snapshot((user(1),))
HOSTILE = "tests.support.hostile_rendering"


@pytest.fixture
def hostile() -> Iterator[Callable[..., RenderProcesses]]:
    """Processes of whatever limits, whose renderer does what the format says."""
    made: list[RenderProcesses] = []

    def processes(*, timeout_seconds: int = 60, memory_mebibytes: int = 1024, most: int = 1) -> RenderProcesses:
        made.append(
            RenderProcesses(
                timeout_seconds=timeout_seconds, memory_mebibytes=memory_mebibytes, most=most, target=HOSTILE
            )
        )
        return made[-1]

    yield processes
    for each in made:
        each.close()


def test_files_are_those_of_this_process() -> None:
    processes = RenderProcesses(timeout_seconds=90, memory_mebibytes=1024, most=1)
    try:
        processes.warm_up()
        (first,) = processes.process_ids()
        for format_ in ("pdf", "xlsx", "csv", "zip", "json"):
            for report in (REPORT, nasty_snapshot()):
                assert processes.render(format_, report, IDENTITY) == render(format_, report, IDENTITY)
        assert processes.process_ids() == [first]
    finally:
        processes.close()
    assert processes.process_ids() == []


def test_a_rendering_that_hangs_is_ended_and_the_next_one_works(hostile: Callable[..., RenderProcesses]) -> None:
    processes = hostile(timeout_seconds=5)
    processes.render("csv", REPORT, IDENTITY)
    (hanging,) = processes.process_ids()
    started = time.monotonic()
    with pytest.raises(RenderLimitError, match="HANG file took more than 5 seconds"):
        processes.render("hang", REPORT, IDENTITY)
    assert 4 < time.monotonic() - started < 30
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)
    assert processes.render("csv", REPORT, IDENTITY) == render("csv", REPORT, IDENTITY)


def test_a_rendering_that_eats_memory_is_ended_and_the_next_one_works(hostile: Callable[..., RenderProcesses]) -> None:
    processes = hostile(memory_mebibytes=700)
    with pytest.raises(RenderLimitError, match="more than 700 MiB of memory"):
        processes.render("eat", REPORT, IDENTITY)
    assert processes.render("pdf", REPORT, IDENTITY) == render("pdf", REPORT, IDENTITY)


def test_a_process_that_is_killed_in_the_middle_is_replaced(
    hostile: Callable[..., RenderProcesses], tmp_path: Path
) -> None:
    processes = hostile()
    marker = tmp_path / "begun"
    with ThreadPoolExecutor() as threads:
        rendering = threads.submit(processes.render, f"slow:{marker}", REPORT, IDENTITY)
        while not marker.exists():
            time.sleep(0.05)
        (process_id,) = processes.process_ids()
        os.kill(process_id, signal.SIGKILL)
        assert rendering.result() == render("csv", REPORT, IDENTITY)
    assert processes.process_ids() != [process_id]


def test_a_process_that_ends_by_itself_is_tried_once_more(
    hostile: Callable[..., RenderProcesses], tmp_path: Path
) -> None:
    processes = hostile()
    assert processes.render(f"end-once:{tmp_path / 'ended'}", REPORT, IDENTITY) == render("csv", REPORT, IDENTITY)
    with pytest.raises(RenderFailedError, match="END file could not be made: its process ended, twice"):
        processes.render("end", REPORT, IDENTITY)
    assert processes.render("csv", REPORT, IDENTITY) == render("csv", REPORT, IDENTITY)


def test_an_error_is_told_with_where_it_was_raised(hostile: Callable[..., RenderProcesses]) -> None:
    processes = hostile()
    with pytest.raises(RenderFailedError, match="LookupError: no such glyph") as caught:
        processes.render("raise", REPORT, IDENTITY)
    assert "hostile_rendering.py" in str(caught.value)
    assert not isinstance(caught.value, RenderLimitError)


def test_one_that_hangs_delays_no_other(hostile: Callable[..., RenderProcesses]) -> None:
    processes = hostile(timeout_seconds=6, most=2)
    processes.warm_up()
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(processes.render, "hang", REPORT, IDENTITY)
        for _ in range(5):
            assert processes.render("csv", REPORT, IDENTITY) == render("csv", REPORT, IDENTITY)
        assert not hanging.done()
        with pytest.raises(RenderLimitError):
            hanging.result()


def test_a_rendering_process_knows_no_service_and_no_secret(
    hostile: Callable[..., RenderProcesses], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("SIGNTALLY_MAIL", "smtp://user:geheim@mail.example")
    processes = hostile()
    processes.render("pdf", REPORT, IDENTITY)
    known = processes.render("modules", REPORT, IDENTITY).body.decode().splitlines()
    assert "weasyprint" in known
    assert not {"prefect", "boto3", "botocore", "fastapi"} & set(known)
    assert not [name for name in known if name.startswith(("AWS_", "SIGNTALLY_", "PREFECT_"))]
