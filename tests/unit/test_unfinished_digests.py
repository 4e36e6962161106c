"""Digests that wait, or whose sending broke off, while somebody changes their schedule or sends by hand."""

import contextlib
import datetime as dt

import pytest

from signtally.domain.deliveries import DeliveryKey
from signtally.domain.periods import parse_period
from signtally.domain.schedule_terms import Recipient
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.scheduling import run_schedules
from signtally.use_cases.delivering.sending_by_hand import occurrence_by_hand, send_now
from tests.support.digest_portal import DUE, MONTHLY, DyingMailer, Portal, acme, portal, states, usage

SEPTEMBER = DeliveryKey("acme", "Monthly usage", "2026-09")
RESUMED = dt.datetime(2026, 10, 10, 12, tzinfo=dt.UTC)
ON_THE_20TH = MONTHLY.model_copy(update={"on": 20, "starts_at": RESUMED})
ON_THE_5TH = ON_THE_20TH.model_copy(update={"on": 5})


def runs_on_the_20th(acmes: Portal) -> None:
    """September's digest is due after the schedule went on; by the 5th it would have been due before."""
    acmes.clock.now = dt.datetime(2026, 10, 20, 7, tzinfo=dt.UTC)
    acmes.store(acme(ON_THE_20TH))
    run_digests(services=acmes.services)


def is_sent_on_the_5th(acmes: Portal) -> None:
    acmes.store(acme(ON_THE_5TH))
    acmes.clock.now = dt.datetime(2026, 11, 5, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).missed == 0
    assert run_digests(services=acmes.services).due == 0


def test_what_waits_is_sent_though_its_schedule_moves_to_an_earlier_day() -> None:
    acmes = portal()
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-09-30T20:00:00Z"}')
    runs_on_the_20th(acmes)
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    is_sent_on_the_5th(acmes)
    assert {*states(acmes, SEPTEMBER).values()} == {"sent"}


def test_what_broke_off_is_sent_to_the_others_though_its_schedule_moves_to_an_earlier_day() -> None:
    acmes = portal(DyingMailer(KeyboardInterrupt()))
    with contextlib.suppress(KeyboardInterrupt):
        runs_on_the_20th(acmes)
    is_sent_on_the_5th(acmes)
    assert states(acmes, SEPTEMBER) == {"ann@acme.example": "in_doubt", "bo@acme.example": "sent"}


def test_days_between_two_calendars_that_wait_are_sent_though_they_end_before_the_start() -> None:
    """Quarterly until June was sent, then resumed as a monthly one on 2 October, whose first is sent on the 5th."""
    acmes = portal()
    acmes.clock.now = dt.datetime(2026, 7, 1, 7, tzinfo=dt.UTC)
    acmes.store(acme(MONTHLY.model_copy(update={"every": "quarter", "on": 20})))
    acmes.clock.now = dt.datetime(2026, 7, 20, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).sent == 2
    started = dt.datetime(2026, 10, 2, 7, tzinfo=dt.UTC)
    acmes.store(acme(MONTHLY.model_copy(update={"on": 5, "starts_at": started})))
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-08-30T20:00:00Z"}')
    acmes.clock.now = dt.datetime(2026, 10, 5, 7, tzinfo=dt.UTC)
    assert [*run_digests(services=acmes.services).incomplete] == ["acme / Monthly usage / 2026-07-01_2026-08-31"]
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, outcome.missed) == (4, 0)


def test_a_mail_by_hand_sends_nothing_to_anybody_else() -> None:
    """The report of the period was made, when its schedule sent no digests yet."""
    acmes = portal()
    acmes.clock.now = dt.datetime(2026, 10, 1, 7, tzinfo=dt.UTC)
    acmes.store(acme(MONTHLY.model_copy(update={"digest": False})))
    run_schedules(services=acmes.services)
    acmes.clock.now = DUE
    acmes.store(acme())
    assert run_digests(services=acmes.services).sent == 2
    september = occurrence_by_hand(acme(), MONTHLY, period=parse_period("2026-09"), now=acmes.clock.now)
    cy = Recipient(email="cy@acme.example")
    send_now(september, services=acmes.services, requested_by="u_1", recipients=[cy], makes_report=True)
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    run_digests(services=acmes.services)
    assert states(acmes, SEPTEMBER) == {"cy@acme.example": "sent"}


def runs_at(acmes: Portal, day: dt.date) -> None:
    acmes.clock.now = dt.datetime(day.year, day.month, day.day, 7, tzinfo=dt.UTC)
    run_schedules(services=acmes.services)
    run_digests(services=acmes.services)


def loses_its_mail_service(acmes: Portal, **terms: object) -> None:
    """A daily schedule, whose digest of 29 October is sent; that of the 30th is not, and the 31st has fallen due."""
    acmes.store(acme(MONTHLY.model_copy(update={"every": "day", **terms})))
    runs_at(acmes, dt.date(2026, 10, 30))
    acmes.mailer.down = True
    runs_at(acmes, dt.date(2026, 10, 31))
    acmes.clock.now = DUE


@pytest.mark.parametrize(
    ("missed", "sent", "passed"), [("all", 4, {"2026-10-31"}), ("latest", 2, {"2026-10-30", "2026-10-31"})]
)
def test_what_a_mail_outage_left_is_found_though_a_later_report_was_passed_over(
    missed: str, sent: int, passed: set[str]
) -> None:
    """Nothing happened on the 31st: the run that makes reports passes it over before mail can be sent again."""
    acmes = portal()
    for day, version in ((29, 1), (30, 2)):
        acmes.services.usage_store.put_daily_usage(usage(3, day=dt.date(2026, 10, day)), version=version)
    loses_its_mail_service(acmes, missed=missed, skip_if_empty=True)
    assert run_schedules(services=acmes.services).empty == 1
    acmes.mailer.down = False
    run_digests(services=acmes.services)
    known = acmes.services.stores.deliveries.periods("acme", MONTHLY.name)
    assert (len(acmes.mailer.sent), {*known.passed}) == (sent, passed)
    assert run_digests(services=acmes.services).due == 0


def test_what_a_mail_outage_left_is_sent_before_what_waits_for_its_figures() -> None:
    """The run that makes reports finds first that the 31st has to wait."""
    acmes = portal()
    loses_its_mail_service(acmes, missed="all")
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T20:00:00Z"}')
    assert len(run_schedules(services=acmes.services).incomplete) == 1
    acmes.mailer.down = False
    assert run_digests(services=acmes.services).sent == 2
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    assert run_digests(services=acmes.services).sent == 2
    assert acmes.services.stores.deliveries.periods("acme", MONTHLY.name).closed == {
        f"2026-10-{day}" for day in (29, 30, 31)
    }


def test_what_a_mail_outage_left_is_told_once_though_its_schedule_has_another_calendar_since() -> None:
    """Weekly from Monday, then from Thursday, then monthly: the rest of October waits for its figures meanwhile."""
    acmes = portal()
    weekly = MONTHLY.model_copy(update={"every": "week"})
    acmes.store(acme(weekly))
    runs_at(acmes, dt.date(2026, 10, 26))
    acmes.mailer.down = True
    acmes.store(acme(weekly).model_copy(update={"week_starts_on": "thursday"}))
    runs_at(acmes, dt.date(2026, 10, 29))
    acmes.store(acme())
    acmes.objects.put("state/data-through.json", b'{"instant": "2026-10-31T20:00:00Z"}')
    runs_at(acmes, DUE.date())
    acmes.mailer.down = False
    acmes.services.stores.watermarks.publish_data_through(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    run_digests(services=acmes.services)
    known = acmes.services.stores.deliveries.periods("acme", MONTHLY.name)
    assert known.closed == {"2026-W43~2026-10-19", "2026-10-26_2026-10-28", "2026-10-29_2026-10-31"}


def test_what_was_made_before_a_pause_and_never_sent_stands_as_missed() -> None:
    acmes = portal()
    loses_its_mail_service(acmes, missed="all")
    resumed = {"every": "day", "missed": "all", "starts_at": dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)}
    acmes.store(acme(MONTHLY.model_copy(update=resumed)))
    acmes.mailer.down = False
    runs_at(acmes, dt.date(2026, 11, 4))
    known = acmes.services.stores.deliveries.periods("acme", MONTHLY.name)
    assert known.closed == {"2026-10-29", "2026-11-03"}
    assert known.passed == {"2026-10-30"}
