"""Digests that were not sent when they were due: caught up, passed over or left waiting, as their schedules say."""

import contextlib
import datetime as dt
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.outstanding import MOST_CAUGHT_UP
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schedules import due_between, newest_due
from signtally.ports.errors import ServiceUnavailableError
from signtally.stores.deliveries import Deliveries
from signtally.stores.holds import Hold
from signtally.stores.keys import tenant_profile
from signtally.use_cases.delivering import passed_over
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.run import DeliveriesFailedError
from signtally.use_cases.delivering.scheduling import run_schedules
from tests.support.digest_portal import (
    DUE,
    MONTHLY,
    acme,
    addressed_to,
    portal,
)
from tests.support.examples import examples


def test_a_recipient_who_joins_later_starts_with_the_next_digest() -> None:
    acmes = portal()
    acmes.store(acme())
    run_digests(services=acmes.services)
    more = (*MONTHLY.recipients, Recipient(email="cy@acme.example"))
    acmes.store(acme(MONTHLY.model_copy(update={"recipients": more})))
    acmes.objects.delete(["state/deliveries.json"])
    assert run_digests(services=acmes.services).sent == 0
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).sent == 3


def test_a_mail_service_that_is_down_gets_everything_on_the_next_run() -> None:
    acmes = portal()
    acmes.store(acme())
    acmes.mailer.down = True
    outcome = run_digests(services=acmes.services)
    assert list(outcome.pending) == ["acme / Monthly usage / 2026-10"]
    with pytest.raises(DeliveriesFailedError, match="1 pending; such as acme / Monthly usage / 2026-10: the mail"):
        outcome.require_all_well()
    acmes.mailer.down = False
    assert run_digests(services=acmes.services).sent == 2
    assert run_digests(services=acmes.services).sent == 0


instants = st.lists(
    st.tuples(st.timedeltas(dt.timedelta(), dt.timedelta(days=9)), st.booleans(), st.integers(0, 60)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=examples(8, soak=150), deadline=None)
@given(steps=instants, every=st.sampled_from(["day", "week", "month"]), missed=st.sampled_from(["latest", "all"]))
def test_whatever_fails_nobody_gets_it_twice_and_in_the_end_everybody_has_it(
    steps: list[tuple[dt.timedelta, bool, int]], every: str, missed: str
) -> None:
    """Runs at any instants, with the mail service down or the bucket failing at any call, then one that succeeds.

    With `missed: all` nothing is left out from the first run on that could write, whatever became of it.
    """
    acmes = portal()
    terms = MONTHLY.model_copy(update={"every": every, "missed": missed})
    acmes.store(acme(terms))
    began_at = None
    for pause, mail_is_down, fails_at in steps:
        acmes.clock.now += pause
        acmes.mailer.down = mail_is_down
        acmes.objects.fails_at = acmes.objects.calls + fails_at if fails_at < 50 else None
        began_at = began_at or (acmes.clock.now if fails_at >= 50 else None)
        with contextlib.suppress(ServiceUnavailableError):
            run_digests(services=acmes.services)
    acmes.mailer.down, acmes.objects.fails_at = False, None
    for _ in range(2):
        acmes.clock.now += dt.timedelta(minutes=16)
        in_doubt = run_digests(services=acmes.services).in_doubt
    assert not in_doubt
    assert run_digests(services=acmes.services).due == 0
    assert max(acmes.mails().values(), default=0) <= 1
    per_period = Counter(subject for _, subject in acmes.mails())
    assert set(per_period.values()) <= {1, 2}
    if missed == "all":
        expected = due_since(terms, began_at or acmes.clock.now, until=acmes.clock.now)
        assert expected <= Deliveries(acmes.objects).periods("acme", "Monthly usage").closed


def due_since(terms: Schedule, began_at: dt.datetime, *, until: dt.datetime) -> set[str]:
    """What is to be delivered where a run first looked at *began_at*, as far back as any is caught up."""
    newest = newest_due(acme(terms), terms, now=began_at)
    assert newest is not None
    rest = due_between(acme(terms), terms, since=newest.due_at, until=until)
    return {each.key_name for each in [newest, *rest][-MOST_CAUGHT_UP:]}


def test_a_first_digest_that_reached_nobody_is_caught_up_or_passed_over_as_its_schedule_says() -> None:
    """The mail service was down until two later ones were due."""
    for missed, sent in (("all", ["2026-10-31", "2026-11-01", "2026-11-02"]), ("latest", ["2026-11-02"])):
        acmes = portal()
        acmes.store(acme(MONTHLY.model_copy(update={"every": "day", "missed": missed})))
        acmes.mailer.down = True
        run_schedules(services=acmes.services)  # that the digest is due is known though no run of digests began
        acmes.clock.now += dt.timedelta(days=2)
        for is_down in (True, False):
            acmes.mailer.down = is_down
            run_digests(services=acmes.services)
        known = Deliveries(acmes.objects).periods("acme", "Monthly usage")
        assert sorted(known.closed) == sent
        assert sorted(known.closed | known.passed) == ["2026-10-31", "2026-11-01", "2026-11-02"]


@pytest.mark.parametrize(
    ("missed", "sent", "named", "why"),
    [("all", 31, 0, "too_old"), ("latest", 1, 30, "missed"), ("skip", 0, 31, "missed")],
)
def test_what_is_too_old_to_be_caught_up_or_named_stands_on_one_record(
    missed: str, sent: int, named: int, why: str
) -> None:
    """Nothing ran for two hundred days: every day was sent, or is on record, and the ledger grows by a bounded part."""
    acmes = portal()
    acmes.store(acme(addressed_to("ann@acme.example", every="day", missed=missed)))
    run_digests(services=acmes.services)
    acmes.clock.now += dt.timedelta(days=200, hours=2)
    outcome = run_digests(services=acmes.services)
    reports = run_schedules(services=acmes.services)
    span = "2026-11-01_2027-04-18"
    found = passed_over("acme", MONTHLY.name, services=acmes.services, most=500)
    assert [(each.period, each.record.occurrences, str(each.record.why)) for each in found[named:]] == [
        (span, 169, why)
    ]
    assert (outcome.sent, outcome.missed, reports.missed) == (sent, 200 - sent, 0)
    assert list(outcome.passed_over) == [f"acme / Monthly usage / {span}"]
    assert "169 occurrences from 2026-11-01 to 2027-04-18" in next(iter(outcome.passed_over.values()))
    assert run_digests(services=acmes.services).due == 0


@pytest.mark.parametrize("change", ["made again", "paused"])
def test_what_waited_before_a_schedule_was_made_again_or_paused_is_not_sent_months_later(change: str) -> None:
    """In July, June's figures were not complete; somebody else is a recipient by November."""
    acmes = portal()
    acmes.clock.now = dt.datetime(2026, 7, 1, 7, tzinfo=dt.UTC)
    before = addressed_to("ann@acme.example", missed="all")
    acmes.store(acme(before))
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-06-30T20:00:00Z"}')
    assert len(run_digests(services=acmes.services).incomplete) == 1
    meanwhile = acme().model_copy(update={"schedules": ()})
    acmes.store(meanwhile if change == "made again" else acme(before.model_copy(update={"paused": True})))
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    acmes.clock.now = dt.datetime(2026, 11, 10, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).due == 0
    acmes.store(acme(addressed_to("bo@acme.example", missed="all", starts_at=acmes.clock.now)))
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, outcome.missed) == (1, 1)
    known = Deliveries(acmes.objects).periods("acme", MONTHLY.name)
    assert (sorted(known.closed), sorted(known.passed)) == (["2026-11"], ["2026-06"])
    assert run_digests(services=acmes.services).due == 0


def test_recipients_who_are_added_later_get_nothing_of_before() -> None:
    """Though reports were made for months, and `missed: all` catches everything up."""
    acmes = portal()
    nobody = MONTHLY.model_copy(update={"recipients": (), "missed": "all"})
    acmes.store(acme(nobody))
    for month in (9, 10, 11):
        acmes.clock.now = dt.datetime(2026, month, 1, 7, tzinfo=dt.UTC)
        run_schedules(services=acmes.services)
        assert run_digests(services=acmes.services).due == 0
    acmes.store(acme(nobody.model_copy(update={"recipients": MONTHLY.recipients})))
    assert run_digests(services=acmes.services).sent == 2
    assert Deliveries(acmes.objects).periods("acme", "Monthly usage").closed == {"2026-10"}


def test_what_a_held_tenant_is_owed_stays_due_until_it_is_let_go() -> None:
    acmes = portal()
    acmes.store(acme(), acme(tenant_id="bolt"))
    holds = acmes.services.stores.holds
    holds.put(Hold("acme", DUE, DUE.date(), DUE.date(), differences=1, sample=("sent: events 1, aggregates 2",)))
    for due in (2, 1):
        made, sent = run_schedules(services=acmes.services), run_digests(services=acmes.services)
        assert [(each.due, each.held) for each in (made, sent)] == [(due, 1), (due, 1)]
    holds.lift(["acme"])
    assert run_schedules(services=acmes.services).made == 1
    assert run_digests(services=acmes.services).sent == 2
    assert run_digests(services=acmes.services).due == 0


def test_without_a_valid_zone_scheduled_sends_wait_until_the_profile_is_mended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    acmes = portal()
    acmes.store(acme(), acme(tenant_id="zen"))
    valid = acmes.objects.get(tenant_profile("acme")).body
    acmes.objects.put(tenant_profile("acme"), valid.replace(b'"UTC"', b'"Mars/Phobos"'))
    made, digests = run_schedules(services=acmes.services), run_digests(services=acmes.services)
    assert (made.due, made.made, made.held) == (2, 1, 1)
    assert (digests.due, digests.sent, digests.held) == (2, 2, 1)
    assert "acme / Monthly usage / 2026-10 is on hold: the tenant's profile has no valid time zone" in caplog.text
    acmes.objects.put(tenant_profile("acme"), b"{")  # not even its schedules are known
    assert run_digests(services=acmes.services).due == 0
    assert "its scheduled sends wait" in caplog.text
    acmes.objects.put(tenant_profile("acme"), valid)
    assert run_schedules(services=acmes.services).made == 1
    assert run_digests(services=acmes.services).sent == 2


def test_scheduled_sends_wait_while_a_profile_does_not_say_who_may_get_them(caplog: pytest.LogCaptureFixture) -> None:
    """Its default would let somebody in: whoever left, an address elsewhere, a tenant that is suspended."""
    acmes = portal()
    acmes.store(acme())
    valid = acmes.objects.get(tenant_profile("acme")).body
    for broken in ({"status": "closed"}, {"members": [{"user_id": 5}]}, {"recipient_domains": "acme.example"}):
        document = json.loads(valid) | broken
        acmes.objects.put(tenant_profile("acme"), json.dumps(document).encode())
        digests = run_digests(services=acmes.services)
        assert (digests.due, digests.sent, digests.held) == (1, 0, 1)
    assert "on hold: the tenant's profile does not say who may get reports" in caplog.text
    acmes.objects.put(tenant_profile("acme"), valid)
    assert run_digests(services=acmes.services).sent == 2


def test_an_invalid_name_costs_a_tenant_neither_its_zone_nor_its_digests() -> None:
    acmes = portal()
    broken = acme(timezone="Asia/Tokyo").model_dump(mode="json") | {"name": "x" * 201, "locale": 5}
    acmes.objects.put(tenant_profile("acme"), json.dumps(broken).encode())
    assert run_digests(services=acmes.services).sent == 2
    body = acmes.mailer.sent[0].get_body(("plain",))
    assert body is not None
    assert "Asia/Tokyo" in body.get_content()
    assert "profile" not in body.get_content()
