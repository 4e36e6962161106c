"""Corrected digests of recipients who did not read the same: each is corrected from what it read, if that changed."""

import datetime as dt
from email.message import EmailMessage

from signtally.domain.periods import parse_period
from signtally.memory.mailer import MemoryMailer
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.sending_by_hand import occurrence_by_hand, send_now
from tests.support.digest_portal import MONTHLY, Portal, acme, portal, usage
from tests.support.restated_digests import CORRECTED, HOUR, restate

ANN, BO = "ann@acme.example", "bo@acme.example"


class TiringMailer(MemoryMailer):
    """Takes one message, and is down then."""

    def send(self, message: EmailMessage) -> str:
        taken = super().send(message)
        self.down = True
        return taken


def subjects(acmes: Portal, email: str) -> list[str]:
    """What comes before and after the period, in the subjects of one recipient's emails."""
    found = (str(each["Subject"]) for each in acmes.mailer.sent if str(each["To"]) == email)
    return [each.replace("acme: usage for October 2026", "October").replace(" — ", ", ") for each in found]


def october(mailer: MemoryMailer, *, full: frozenset[str] = frozenset()) -> Portal:
    acmes = portal(mailer)
    acmes.store(acme(CORRECTED))
    acmes.services.usage_store.put_daily_usage(usage(45), version=1)
    acmes.mailer.full = full
    run_digests(services=acmes.services)
    acmes.mailer.full = frozenset()
    return acmes


def test_whoever_got_it_late_with_the_new_figures_is_not_corrected() -> None:
    acmes = october(MemoryMailer(), full=frozenset({BO}))
    restate(acmes, 50)
    for _ in range(8):
        run_digests(services=acmes.services)
        acmes.clock.now += HOUR
    assert subjects(acmes, ANN) == ["October, 45 documents sent", "Corrected, October, sent 45 → 50"]
    assert subjects(acmes, BO) == ["October, 50 documents sent"]


def test_each_is_corrected_from_what_it_read_also_when_that_is_late() -> None:
    acmes = october(MemoryMailer(), full=frozenset({BO}))
    restate(acmes, 50)
    run_digests(services=acmes.services)
    acmes.mailer.full = frozenset({ANN})
    restate(acmes, 70, version=3)
    run_digests(services=acmes.services)
    acmes.mailer.full = frozenset()
    restate(acmes, 90, version=4)
    for _ in range(8):
        run_digests(services=acmes.services)
        acmes.clock.now += HOUR
    assert subjects(acmes, BO) == [
        "October, 50 documents sent",
        "Corrected, October, sent 50 → 70",
        "Corrected, October, sent 70 → 90",
    ]
    assert subjects(acmes, ANN)[-1] == "Corrected, October, sent 50 → 90"


def test_whoever_got_it_before_its_run_broke_off_is_corrected_though_the_digest_is_done_with_the_new_figures() -> None:
    acmes = october(TiringMailer())
    restate(acmes, 50)
    acmes.mailer.down = False
    for _ in range(8):
        run_digests(services=acmes.services)
        acmes.mailer.down = False
        acmes.clock.now += HOUR
    assert subjects(acmes, ANN) == ["October, 45 documents sent", "Corrected, October, sent 45 → 50"]
    assert subjects(acmes, BO) == ["October, 50 documents sent"]


def test_whoever_asked_for_the_new_figures_is_not_corrected() -> None:
    acmes = october(MemoryMailer())
    restate(acmes, 50, after=dt.timedelta(minutes=1))
    october_again = occurrence_by_hand(acme(CORRECTED), CORRECTED, period=parse_period("2026-10"), now=acmes.clock.now)
    ann = MONTHLY.recipients[:1]
    send_now(october_again, services=acmes.services, requested_by="u_1", recipients=ann, again=True, makes_report=True)
    run_digests(services=acmes.services)
    assert subjects(acmes, ANN) == ["October, 45 documents sent", "October, 50 documents sent"]
    assert subjects(acmes, BO) == ["October, 45 documents sent", "Corrected, October, sent 45 → 50"]


def test_whom_a_correction_does_not_reach_gets_no_row_of_them() -> None:
    acmes = october(MemoryMailer())
    restate(acmes, 50)
    acmes.mailer.refused = frozenset({BO})
    for _ in range(30):
        run_digests(services=acmes.services)
        acmes.clock.now += dt.timedelta(minutes=15)
    known = acmes.services.stores.deliveries.periods("acme", MONTHLY.name)
    assert known.closed == {"2026-10", "2026-10^1"}
