"""Corrected digests: once a change, to whoever got what it replaces, and only where the schedule asks for it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.corrections import corrected_name, correction_number, is_changed_by
from signtally.domain.destinations import Destination, new_secret
from signtally.domain.schedule_terms import Recipient
from signtally.domain.schedules import delivered_period, shown_name
from signtally.memory.webhooks import MemoryWebhooks
from signtally.stores.holds import Hold
from signtally.use_cases.delivering import deliveries_of
from signtally.use_cases.delivering.digesting import run_digests, send_deferred
from tests.support.digest_portal import DUE, MONTHLY, Portal, acme, plain, portal, usage
from tests.support.restated_digests import CORRECTED, HOUR, restate


def sent_october(sent: int = 45, **changes: object) -> Portal:
    acmes = portal()
    acmes.store(acme(CORRECTED.model_copy(update=changes)))
    acmes.services.usage_store.put_daily_usage(usage(sent), version=1)
    run_digests(services=acmes.services)
    acmes.mailer.sent.clear()
    return acmes


def states(acmes: Portal) -> dict[tuple[str, str], str]:
    rows = deliveries_of("acme", MONTHLY.name, services=acmes.services)
    return {(row.key.period, row.delivery.email): str(row.delivery.state) for row in rows}


def test_what_changed_by_enough_is_sent_again_once_and_says_what_changed() -> None:
    acmes = sent_october()
    restate(acmes, 50)
    outcome = run_digests(services=acmes.services)
    assert (outcome.corrected, outcome.sent, outcome.due) == (1, 2, 0)
    message = acmes.mailer.sent[0]
    assert str(message["Subject"]) == "Corrected — acme: usage for October 2026 — sent 45 → 50"
    for body in (plain(message), str(message)):
        assert "this replaces what was sent on 1 Nov 2026" in body
    assert "October 2026: sent 45 → 50" in plain(message)
    for _ in range(3):
        acmes.clock.now += HOUR
        assert run_digests(services=acmes.services).sent == 0
    assert set(states(acmes)) == {
        (period, email) for period in ("2026-10", "2026-10^1") for email in ("ann@acme.example", "bo@acme.example")
    }
    assert {row.period for row in deliveries_of("acme", MONTHLY.name, services=acmes.services)} == {"2026-10"}


def test_a_second_change_is_a_second_correction_of_the_first() -> None:
    acmes = sent_october()
    restate(acmes, 50)
    run_digests(services=acmes.services)
    restate(acmes, 60, version=3)
    assert run_digests(services=acmes.services).corrected == 1
    assert "sent 50 → 60" in str(acmes.mailer.sent[-1]["Subject"])
    assert len(acmes.mailer.sent) == 4


def test_whoever_has_all_profiles_at_hand_corrects_at_once_and_others_within_the_hour() -> None:
    acmes = sent_october()
    restate(acmes, 50, after=dt.timedelta(seconds=1))
    assert send_deferred(services=acmes.services).corrected == 0
    assert run_digests(services=acmes.services).corrected == 1
    restate(acmes, 60, version=3, after=dt.timedelta(minutes=31))
    assert send_deferred(services=acmes.services).corrected == 1


@pytest.mark.parametrize(
    "changes", [{"correct_from_percent": None}, {"correct_from_percent": 20}, {"paused": True}, {"digest": False}]
)
def test_without_the_wish_or_below_the_threshold_nothing_is_sent(changes: dict[str, object]) -> None:
    acmes = sent_october()
    acmes.store(acme(CORRECTED.model_copy(update=changes)))
    restate(acmes, 50)
    assert run_digests(services=acmes.services).sent == 0
    assert not [*acmes.services.stores.corrections.reminders()]


def test_a_period_that_is_long_over_is_not_corrected() -> None:
    acmes = sent_october()
    acmes.store(acme(CORRECTED.model_copy(update={"starts_at": dt.datetime(2027, 6, 1, tzinfo=dt.UTC)})))
    acmes.clock.now = dt.datetime(2027, 2, 3, tzinfo=dt.UTC)
    restate(acmes, 50)
    assert run_digests(services=acmes.services).sent == 0


def test_a_tenant_on_hold_waits_and_is_corrected_afterwards() -> None:
    acmes = sent_october()
    holds = acmes.services.stores.holds
    holds.put(Hold("acme", DUE, DUE.date(), DUE.date(), differences=1, sample=()))
    restate(acmes, 50)
    assert run_digests(services=acmes.services).corrected == 0
    holds.lift(["acme"])
    assert run_digests(services=acmes.services).corrected == 1


def test_only_who_got_it_gets_the_correction_and_a_full_mailbox_gets_it_later() -> None:
    acmes = portal()
    acmes.mailer.refused = frozenset({"bo@acme.example"})
    crm = Destination(name="crm", kind="webhook", url="https://crm.example/hook", secret=new_secret())
    recipients = (*MONTHLY.recipients, Recipient(email="cy@acme.example"))
    schedule = CORRECTED.model_copy(update={"recipients": recipients, "destinations": (crm,)})
    acmes.store(acme(schedule))
    acmes.services.usage_store.put_daily_usage(usage(45), version=1)
    run_digests(services=acmes.services)
    joined = (*recipients, Recipient(email="new@acme.example"))
    acmes.store(acme(schedule.model_copy(update={"recipients": joined})))
    acmes.mailer.refused, acmes.mailer.full = frozenset(), frozenset({"cy@acme.example"})
    restate(acmes, 50)
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, len(outcome.deferred)) == (2, 1)
    acmes.mailer.full = frozenset()
    acmes.clock.now += HOUR
    assert run_digests(services=acmes.services).sent == 1
    assert [(str(each["To"]), "sent 45 → 50" in str(each["Subject"])) for each in acmes.mailer.sent] == [
        ("ann@acme.example", False),
        ("cy@acme.example", False),
        ("ann@acme.example", True),
        ("cy@acme.example", True),
    ]
    webhooks = acmes.services.webhooks
    assert isinstance(webhooks, MemoryWebhooks)
    first, corrected = webhooks.posted
    assert first.id != corrected.id
    assert b'"replaces":{"totals":{"sent":45' in corrected.body


def test_below_the_threshold_no_files_are_made_again() -> None:
    acmes = sent_october(correct_from_percent=20)
    before = sorted(each.key for each in acmes.objects.list_objects("reports/"))
    restate(acmes, 50)
    run_digests(services=acmes.services)
    assert sorted(each.key for each in acmes.objects.list_objects("reports/")) == before


def test_a_run_that_dies_between_two_recipients_sends_the_rest_later_and_nothing_twice() -> None:
    acmes = sent_october()
    restate(acmes, 50)
    acmes.mailer.down = True
    assert len(run_digests(services=acmes.services).pending) == 1
    acmes.mailer.down = False
    assert run_digests(services=acmes.services).sent == 2
    assert run_digests(services=acmes.services).sent == 0


def test_the_next_digest_names_earlier_periods_that_have_changed_since() -> None:
    acmes = sent_october(correct_from_percent=None)
    restate(acmes, 50)
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).sent == 2
    text = plain(acmes.mailer.sent[0])
    assert "Earlier periods that have changed\n- October 2026: sent 45 → 50" in text


def test_a_change_that_was_told_is_told_once_and_the_next_from_there() -> None:
    acmes = sent_october(correct_from_percent=None)
    restate(acmes, 50)
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    run_digests(services=acmes.services)
    acmes.clock.now = dt.datetime(2027, 1, 1, 7, tzinfo=dt.UTC)
    run_digests(services=acmes.services)
    assert "Earlier periods that have changed" not in plain(acmes.mailer.sent[-1])
    restate(acmes, 60, version=3)
    acmes.clock.now = dt.datetime(2027, 2, 1, 7, tzinfo=dt.UTC)
    run_digests(services=acmes.services)
    assert "Earlier periods that have changed\n- October 2026: sent 50 → 60" in plain(acmes.mailer.sent[-1])


def test_a_period_that_was_skipped_as_empty_and_is_no_more_is_told_once() -> None:
    acmes = sent_october(0, skip_if_empty=True, correct_from_percent=None)
    told = []
    for due in (dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, 7, tzinfo=dt.UTC)):
        restate(acmes, 5)
        acmes.clock.now = due
        acmes.services.usage_store.put_daily_usage(usage(3, day=due.date() - dt.timedelta(days=1)), version=1)
        assert run_digests(services=acmes.services).sent == 2
        told.append("October 2026: sent 0 → 5" in plain(acmes.mailer.sent[-1]))
    assert told == [True, False]


counts = st.builds(Counts, *[st.integers(0, 50)] * len(MEASURES))


@given(told=counts, now=counts, percent=st.integers(0, 100))
def test_equal_figures_are_never_a_change_and_any_other_is_one_of_nought_percent(
    told: Counts, now: Counts, percent: int
) -> None:
    assert not is_changed_by(percent, told=told, now=told)
    assert is_changed_by(0, told=told, now=now) is (told != now)
    if is_changed_by(percent, told=told, now=now):
        assert is_changed_by(max(0, percent - 1), told=told, now=now)


def test_a_corrected_digest_stands_beside_its_own_in_the_ledger() -> None:
    for name in ("2026-10", "2026-W45~2026-10-30"):
        for number in (0, 1, 12):
            corrected = corrected_name(name, number)
            assert correction_number(corrected) == (name, number)
            assert shown_name(corrected) == shown_name(name)
            assert delivered_period(corrected, week_starts_on=0) == delivered_period(name, week_starts_on=0)
