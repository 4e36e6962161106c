"""The ledger of deliveries over both buckets: work is taken by one, and what is done stays done."""

import datetime as dt
import json
import os
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

from signtally.domain.actions import Counts
from signtally.domain.corrections import Told
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.reports import ReportKey
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.ports.objects import ObjectStore
from signtally.services import Services
from signtally.stores.deliveries import Deliveries, DoneOccurrences, PassedOver
from signtally.stores.keys import occurrence_deliveries
from signtally.stores.link_key import LinkKey
from signtally.stores.mail_deliveries import MailDeliveries
from signtally.stores.suppressions import Suppression, SuppressionReason, Suppressions
from signtally.use_cases.delivering.digesting import run_digests

NOW = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
LEASE = dt.timedelta(minutes=15)
OCTOBER = DeliveryKey("o'neill/köln", "Monthly usage", "2026-10")
ANN = "ann@acme.example"
REPORT = ReportKey("o'neill/köln", "2026-10-0123456789ab", 1)


def test_a_report_is_taken_by_one_and_made_once(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    assert ledger.report(OCTOBER) is None
    assert ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    assert not ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    ledger.record_report(OCTOBER, REPORT)
    assert ledger.report(OCTOBER) == REPORT
    assert not ledger.claim_report(OCTOBER, now=NOW + 2 * LEASE, lease=LEASE)
    known = ledger.periods("o'neill/köln", "Monthly usage")
    assert (set(known.reported), set(known.closed)) == ({"2026-10"}, set())


def test_a_schedule_may_be_named_in_any_script(objects: ObjectStore) -> None:
    """As long as a name can be: the ledger's listings tell it whole."""
    names = [name.ljust(64, "市") for name in ("東京 & 大阪", "Vorstand München", "الرياض", "Board.v2")]
    for name in names:
        key = DeliveryKey("acme", name, "2026-10")
        Deliveries(objects).record_report(key, REPORT)
        assert MailDeliveries(objects).claim(key, ANN, now=NOW) is None
        assert Deliveries(objects).periods("acme", name).reported == {"2026-10"}
    assert sorted(Deliveries(objects).schedules("acme")) == sorted(names)
    assert {key.schedule for key, _ in MailDeliveries(objects).to("acme", [ANN])} == {*names}


def test_a_report_that_was_released_or_forgotten_is_taken_again(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    assert ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    ledger.release_report(OCTOBER)
    assert ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
    assert not ledger.claim_report(OCTOBER, now=NOW + LEASE - dt.timedelta(seconds=1), lease=LEASE)
    assert ledger.claim_report(OCTOBER, now=NOW + LEASE, lease=LEASE)
    assert not ledger.claim_report(OCTOBER, now=NOW + LEASE, lease=LEASE)


def test_a_mail_is_taken_by_one_and_its_outcome_stays(objects: ObjectStore) -> None:
    ledger = MailDeliveries(objects)
    assert ledger.claim(OCTOBER, ANN, now=NOW) is None
    assert ledger.claim(OCTOBER, ANN.upper(), now=NOW) == MailDelivery(ANN, MailState.CLAIMED, NOW)
    ledger.release(OCTOBER, ANN)
    assert ledger.claim(OCTOBER, ANN, now=NOW) is None
    sent = MailDelivery(ANN, MailState.SENT, NOW, "0100")
    ledger.record(OCTOBER, sent)
    assert ledger.claim(OCTOBER, ANN, now=NOW) == sent
    assert [delivery for _, delivery in ledger.of(OCTOBER)] == [sent]


def test_a_deferred_mail_is_due_at_its_minute_and_taken_again_by_one(objects: ObjectStore) -> None:
    ledger, later = MailDeliveries(objects), NOW + dt.timedelta(minutes=15)
    ledger.claim(OCTOBER, ANN, now=NOW)
    ledger.record(OCTOBER, MailDelivery(ANN, MailState.DEFERRED, NOW, "452", next_try_at=later))
    assert list(ledger.deferred_until(later - dt.timedelta(minutes=1))) == []
    (due,) = ledger.deferred_until(later)
    assert (due.key, due.email) == (OCTOBER, ANN)
    start = threading.Barrier(4)

    def take(_: int) -> MailDelivery | None:
        start.wait()
        return ledger.claim_again(OCTOBER, ANN, now=later, states=(MailState.DEFERRED,), by_hand=False)

    with ThreadPoolExecutor(4) as threads:
        assert len([taken for taken in threads.map(take, range(4)) if taken]) == 1
    ledger.forget_reminder(due)
    assert list(ledger.deferred_until(later)) == []


def test_addresses_are_suppressed_by_tenant_until_that_is_lifted(objects: ObjectStore) -> None:
    suppressions = Suppressions(objects)
    first = Suppression(ANN, SuppressionReason.UNSUBSCRIBED, NOW)
    suppressions.add("acme", first)
    suppressions.add("acme", Suppression(ANN.upper(), SuppressionReason.BOUNCED, NOW))
    suppressions.add("acme", Suppression("bo@acme.example", SuppressionReason.COMPLAINED, NOW))
    found = list(suppressions.all("acme"))
    assert [each.email for _, each in found] == [ANN, "bo@acme.example"]
    assert [each.email for _, each in suppressions.all("acme", after=found[0][0])] == ["bo@acme.example"]
    assert suppressions.by_address("acme")[ANN] == first
    assert suppressions.by_address("globex") == {}
    assert suppressions.lift("acme", ANN.upper())
    assert not suppressions.lift("acme", ANN)


def test_an_address_is_not_suppressed_for_one_that_only_looks_like_it(objects: ObjectStore) -> None:
    suppressions = Suppressions(objects)
    suppressions.add("acme", Suppression("ann@faß.de", SuppressionReason.UNSUBSCRIBED, NOW))
    assert [*suppressions.by_address("acme")] == ["ann@faß.de"]
    assert not suppressions.lift("acme", "ann@fass.de")
    assert suppressions.lift("acme", "Ann@faß.de")


def test_what_an_earlier_release_suppressed_under_a_name_alike_can_be_lifted(objects: ObjectStore) -> None:
    suppressions = Suppressions(objects)
    suppressions.add("acme", Suppression("ann@fass.de", SuppressionReason.UNSUBSCRIBED, NOW))
    (stored,) = objects.list_objects("suppressions/")
    earlier = objects.get(stored.key).body.replace(b"fass", "faß".encode())
    objects.put(stored.key, earlier, content_type="application/json")
    assert [*suppressions.by_address("acme")] == ["ann@faß.de"]
    assert not suppressions.lift("acme", "ann@fass.de")
    assert suppressions.lift("acme", "ann@faß.de")


def test_the_secret_of_links_is_one_for_all(objects: ObjectStore) -> None:
    assert LinkKey(objects).get() == LinkKey(objects).get()
    assert len(LinkKey(objects).get()) == 32


def test_of_many_at_once_one_gets_the_work(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    start = threading.Barrier(8)

    def take(_: int) -> tuple[bool, bool]:
        start.wait()
        report = ledger.claim_report(OCTOBER, now=NOW, lease=LEASE)
        return report, MailDeliveries(objects).claim(OCTOBER, ANN, now=NOW) is None

    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(take, range(8)))
    assert sum(report for report, _ in taken) == 1
    assert sum(mail for _, mail in taken) == 1


def test_a_closed_digest_stays_closed(objects: ObjectStore) -> None:
    ledger = Deliveries(objects)
    assert ledger.told(OCTOBER) is None
    for told in (Told(Counts(sent=45), NOW, is_complete=False), Told(Counts(sent=50), NOW)):
        ledger.close_digest(OCTOBER, told=told)
    assert ledger.told(OCTOBER) == Told(Counts(sent=45), NOW, is_complete=False)
    objects.put(
        f"{occurrence_deliveries(OCTOBER)}digest.json", b'{"closed_at": "2026-11-01T07:00:00Z"}'
    )  # an older one
    assert ledger.told(OCTOBER) is None
    known = ledger.periods("o'neill/köln", "Monthly usage")
    assert set(known.closed) == {"2026-10"}
    assert not known.reported | known.passed | known.waiting
    assert ledger.periods("o'neill", "Monthly usage").closed == set()
    assert ledger.schedules("o'neill/köln") == ["Monthly usage"]
    assert ledger.period_names("o'neill/köln", "Monthly usage") == ["2026-10"]


def test_what_waits_and_what_is_passed_over_is_on_record(objects: ObjectStore) -> None:
    ledger, september = Deliveries(objects), DeliveryKey("acme", "Weekly", "2026-W40~2026-09-28")
    ledger.note_waiting(september, now=NOW, reason="data through: nothing yet")
    ledger.pass_over(DeliveryKey("acme", "Weekly", "2026-W39~2026-09-21"), now=NOW, why=PassedOver.MISSED)
    known = ledger.periods("acme", "Weekly")
    assert set(known.waiting) == {"2026-W40~2026-09-28"}
    assert set(known.passed) == {"2026-W39~2026-09-21"}


def test_what_is_done_is_remembered_for_schedules_that_still_exist(objects: ObjectStore) -> None:
    gone = DeliveryKey("gone", "Weekly", "2026-W44")
    done = DoneOccurrences(objects, what="reports")
    done.add(OCTOBER, calendar="month UTC")
    done.add(gone, calendar="week UTC")
    done.save([("o'neill/köln", "Monthly usage")])
    again = DoneOccurrences(objects, what="reports")
    assert OCTOBER in again
    assert again.calendar(DeliveryKey("o'neill/köln", "Monthly usage", "2026-11")) == "month UTC"
    assert gone not in again
    assert DeliveryKey("o'neill/köln", "Monthly usage", "2026-11") not in again
    assert OCTOBER not in DoneOccurrences(objects, what="digests")
    objects.put("state/deliveries.json", b'{"half": ')  # what cannot be read counts as lost, and is written anew
    spoilt = DoneOccurrences(objects, what="reports")
    assert OCTOBER not in spoilt
    spoilt.add(OCTOBER, calendar="month UTC")
    spoilt.save([("o'neill/köln", "Monthly usage")])
    assert OCTOBER in DoneOccurrences(objects, what="reports")


def test_runs_at_once_on_real_services_send_one_mail_each(real_services: Services) -> None:
    domain = f"{uuid.uuid4().hex}.example"
    recipients = tuple(Recipient(email=f"{name}@{domain}") for name in ("ann", "bo"))
    schedule = Schedule(name="Daily", every="day", formats=("csv",), recipients=recipients)
    for number in range(3):
        profile = TenantProfile(tenant_id=f"{domain}-{number}", schedules=(schedule,))
        real_services.stores.tenants.put(profile)
    real_services.stores.watermarks.publish_data_through(dt.datetime.now(dt.UTC))
    with ThreadPoolExecutor(3) as threads:
        outcomes = list(threads.map(lambda _: run_digests(services=real_services), range(3)))
    outcomes.append(run_digests(services=real_services))
    assert sum(outcome.sent for outcome in outcomes) == 6
    with urlopen(f"{os.environ['AWS_ENDPOINT_URL_SES']}/_ministack/ses/messages") as answer:  # noqa: S310 -- on this machine
        mails = [mail for mails in json.load(answer)["messages"].values() for mail in mails]
    received = Counter(address for mail in mails for address in mail["To"] if address.endswith(domain))
    assert received == {f"ann@{domain}": 3, f"bo@{domain}": 3}
