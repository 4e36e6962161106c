"""A digest waits until the figures of its period are complete, or says that they are not."""

import datetime as dt

import pytest

from signtally.use_cases.delivering.digesting import run_digests
from tests.support.digest_portal import MONTHLY, QUARTER_OF_AN_HOUR, acme, portal


def test_a_digest_waits_for_complete_figures_and_says_for_what() -> None:
    acmes = portal()
    acmes.store(acme())
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T23:59:59Z"}')
    outcome = run_digests(services=acmes.services)
    assert outcome.incomplete == {
        "acme / Monthly usage / 2026-10": "events up to 2026-11-01T00:00:00Z are not all counted "
        "(data through: 2026-10-31T23:59:59Z)"
    }
    outcome.require_all_well()
    acmes.clock.now += dt.timedelta(hours=6)
    late = run_digests(services=acmes.services)
    assert (late.sent, list(late.overdue)) == (0, ["acme / Monthly usage / 2026-10"])
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    assert run_digests(services=acmes.services).sent == 2
    assert "Incomplete" not in str(acmes.mailer.sent[0]["Subject"])


def test_a_schedule_that_would_rather_have_incomplete_figures_gets_them_marked() -> None:
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"incomplete": "send"})))
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T23:59:59Z"}')
    assert run_digests(services=acmes.services).sent == 0
    acmes.clock.now += dt.timedelta(hours=6)
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, len(outcome.overdue)) == (2, 1)
    message = acmes.mailer.sent[0]
    assert str(message["Subject"]).startswith("Incomplete — ")
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert "not all documents of this period are counted yet" in body.get_content()


def test_a_digest_waits_while_its_tenant_moves_to_another_zone() -> None:
    acmes = portal()
    acmes.store(acme())
    zones = acmes.services.stores.counted_zones(generation=acmes.services.usage_store.usage_generation())
    zones.begin([])
    moving = zones.begin_move({"acme": "UTC"}, now=acmes.clock.now)
    (why,) = run_digests(services=acmes.services).incomplete.values()
    assert why == "the tenant's days are being counted again in UTC"
    zones.finish_move(moving)
    assert run_digests(services=acmes.services).sent == 2


@pytest.mark.parametrize("incomplete", ["wait", "send"])
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_move_after_the_due_time_is_waited_for_from_then_on(incomplete: str, *, has_begun: bool) -> None:
    """Tokyo's 07:00 was fifteen hours ago when the tenant moves there: its digest is not late because of that.

    An edit of the profile during the recount does not put it off.
    """
    acmes = portal()
    schedule = MONTHLY.model_copy(update={"incomplete": incomplete})
    zones = acmes.services.stores.counted_zones(generation=acmes.services.usage_store.usage_generation())
    zones.begin([])
    zones.enter({"acme": "America/Los_Angeles"})
    acmes.clock.now += dt.timedelta(hours=7)
    acmes.store(acme(schedule, timezone="Asia/Tokyo"))
    moving = zones.begin_move({"acme": "Asia/Tokyo"}, now=acmes.clock.now) if has_begun else {}
    moved = run_digests(services=acmes.services)
    assert (len(moved.incomplete), moved.overdue, moved.sent) == (1, {}, 0)
    acmes.clock.now += dt.timedelta(hours=6)
    if has_begun:  # its zone stays the same: the wait does not begin anew
        acmes.store(acme(schedule, timezone="Asia/Tokyo"))
    late = run_digests(services=acmes.services)
    assert (len(late.overdue), late.sent) == (1, 2 if incomplete == "send" else 0)
    zones.finish_move(moving or zones.begin_move({"acme": "Asia/Tokyo"}, now=acmes.clock.now))
    after = run_digests(services=acmes.services)
    assert (after.overdue, len(acmes.mailer.sent)) == ({}, 4 if incomplete == "send" else 2)


def test_what_waited_is_sent_though_newer_ones_fell_due_meanwhile() -> None:
    """Ingest stands still for two days: each day's digest goes out afterwards, complete."""
    acmes = portal()
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day"})))
    run_digests(services=acmes.services)
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-11-01T08:00:00Z"}')
    for _ in range(4 * 24 * 2):
        acmes.clock.now += QUARTER_OF_AN_HOUR
        run_digests(services=acmes.services)
    assert len(acmes.mailer.sent) == 2
    acmes.services.stores.watermarks.publish_data_through(acmes.clock.now)
    assert run_digests(services=acmes.services).sent == 4
    assert len(acmes.mails()) == 6
