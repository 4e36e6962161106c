"""`signtally demo --once` as a newcomer runs it: everything starts, every figure is compared, and all of it ends."""

from pathlib import Path

import pytest

from tests.support.commands import Program
from tests.support.examples import sized
from tests.support.ports import free_port

EVENTS, TENANTS = sized(4_000, soak=21_000), sized(12, soak=48)


@pytest.mark.timeout(900)  # a busy machine; alone it takes a minute
def test_the_demo_runs_once_and_every_figure_is_what_was_sent(tmp_path: Path) -> None:
    # On ports of its own: another demo on this machine could take the usual ones between a look and a start.
    ports = [f"--{of}port={free_port()}" for of in ("", "timestream-", "api-", "prefect-")]
    ran = Program(tmp_path, {}, timeout_seconds=880)(
        "demo", "--once", f"--events={EVENTS}", f"--tenants={TENANTS}", *ports
    )
    assert ran.code == 0, ran.err
    summary = ran.answer
    assert summary["events_stored"] == summary["events_sent"] - summary["duplicates"] - summary["dead_letters"] > 0
    assert len(summary["reports"]) > 0
    digests = [path.read_text() for path in (tmp_path / "demo").glob("digest-*.html")]
    assert digests
    assert all("data:image/png;base64," in page and "cid:" not in page for page in digests), "pictures are shown"
