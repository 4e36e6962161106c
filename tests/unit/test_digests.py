"""Scheduled reports and digests over fakes: everything due is made and sent once, whatever fails or runs at once."""

import contextlib
import dataclasses
import datetime as dt
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from email.message import EmailMessage

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.actions import MEASURES
from signtally.domain.deliveries import DeliveryKey
from signtally.domain.schedules import MOST_CAUGHT_UP, due_between, newest_due
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import Recipient, Schedule, TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.memory.webhooks import MemoryWebhooks
from signtally.ports.errors import ServiceUnavailableError
from signtally.ports.mail import MailUncertainError
from signtally.ports.usage_store import TenantSpan
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.deliveries import Deliveries
from signtally.stores.holds import Hold
from signtally.stores.keys import tenant_profile
from signtally.stores.reports import Reports
from signtally.stores.tenants import Tenants
from signtally.use_cases.delivery_run import DeliveriesFailedError
from signtally.use_cases.digest_messages import made_digest
from signtally.use_cases.digesting import run_digests
from signtally.use_cases.scheduling import current_report, record_schedules, run_schedules
from signtally.use_cases.sending_by_hand import occurrence_by_hand
from tests.support.clocks import Clock
from tests.support.examples import examples

DUE = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
MONTHLY = Schedule(
    name="Monthly usage",
    every="month",
    formats=("csv",),
    recipients=(Recipient(email="ann@acme.example"), Recipient(email="bo@acme.example")),
)
OCTOBER = DeliveryKey("acme", "Monthly usage", "2026-10")


class CountingObjectStore(MemoryObjectStore):
    """Counts calls, and can be told to fail from one on."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.fails_at: int | None = None

    def get(self, key: str):  # type: ignore[no-untyped-def] # noqa: ANN201 -- the fake's own type
        self._called()
        return super().get(key)

    def put(self, key: str, body: bytes, *, content_type: str = "application/json") -> str:
        self._called()
        return super().put(key, body, content_type=content_type)

    def put_if_absent(self, key: str, body: bytes, *, content_type: str = "application/json") -> bool:
        self._called()
        return super().put_if_absent(key, body, content_type=content_type)

    def list_objects(self, prefix: str, *, after: str | None = None):  # type: ignore[no-untyped-def] # noqa: ANN201 -- as above
        self._called()
        return super().list_objects(prefix, after=after)

    def _called(self) -> None:
        self.calls += 1
        if self.fails_at is not None and self.calls >= self.fails_at:
            raise ServiceUnavailableError("the bucket has gone; try again")


class DyingMailer(MemoryMailer):
    """Takes the message, and then the process dies, or the connection does."""

    def __init__(self, death: BaseException) -> None:
        super().__init__()
        self.death: BaseException | None = death

    def send(self, message: EmailMessage) -> str:
        taken = super().send(message)
        if self.death is not None:
            death, self.death = self.death, None
            raise death
        return taken


@dataclasses.dataclass(frozen=True)
class Portal:
    """Services over fakes, with their parts at hand."""

    services: Services
    clock: Clock
    mailer: MemoryMailer
    objects: CountingObjectStore

    def store(self, *profiles: TenantProfile) -> None:
        for profile in profiles:
            Tenants(self.objects).put(profile)

    def mails(self) -> Counter[tuple[str, str]]:
        return Counter((str(message["To"]), str(message["Subject"])) for message in self.mailer.sent)

    def addresses(self) -> list[str]:
        return sorted(str(message["To"]) for message in self.mailer.sent)


def portal(mailer: MemoryMailer | None = None) -> Portal:
    clock, mailer, objects = Clock(DUE), mailer or MemoryMailer(), CountingObjectStore()
    services = Services(
        settings=Settings(public_url="https://reports.example/"),
        queue=MemoryEventQueue(),
        dead_letters=MemoryEventQueue(),
        usage_store=MemoryUsageStore(),
        objects=objects,
        mailer=mailer,
        webhooks=MemoryWebhooks(),
        report_queue=MemoryReportQueue(),
        clock=clock,
    )
    services.stores.watermarks.publish_data_through(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    return Portal(services, clock, mailer, objects)


def acme(*schedules: Schedule, tenant_id: str = "acme", timezone: str = "UTC") -> TenantProfile:
    return TenantProfile(tenant_id=tenant_id, timezone=timezone, schedules=schedules or (MONTHLY,))


def usage(sent: int, *, day: dt.date = dt.date(2026, 10, 5)) -> pl.DataFrame:
    row = dict.fromkeys(MEASURES, 0) | {"sent": sent, "tenant_id": "acme", "user_id": "u_1", "day": day}
    return pl.DataFrame([row | {"user_name": "Ann", "user_email": None, "timezone": "UTC"}], schema=DAILY_USAGE)


def test_nothing_is_due_before_its_time() -> None:
    acmes = portal()
    acmes.store(acme(timezone="America/St_Johns"))  # whose clocks went back that very night: seven is 10:30 here
    assert run_digests(services=acmes.services).as_dict()["due"] == 1  # September's, since nothing was ever sent
    assert run_digests(services=acmes.services).due == 0
    acmes.clock.now = DUE + dt.timedelta(hours=3, minutes=29)
    assert run_digests(services=acmes.services).due == 0
    acmes.clock.now = DUE + dt.timedelta(hours=3, minutes=30)
    assert run_digests(services=acmes.services).sent == 2


def test_a_report_is_made_once_and_everybody_gets_one_mail() -> None:
    acmes = portal()
    acmes.store(acme())
    acmes.services.usage_store.put_daily_usage(usage(41), version=1)
    first = run_schedules(services=acmes.services)
    assert {name: found for name, found in first.as_dict().items() if found} == {"due": 1, "made": 1}
    first.require_all_well()
    assert run_schedules(services=acmes.services).due == 0
    outcome = run_digests(services=acmes.services)
    assert (outcome.due, outcome.sent, outcome.reports_made) == (1, 2, 0)
    assert run_digests(services=acmes.services).due == 0
    assert acmes.addresses() == ["ann@acme.example", "bo@acme.example"]
    made = Deliveries(acmes.objects).report(OCTOBER)
    assert made is not None
    assert Reports(acmes.objects).versions("acme", made.report_id) == [1]
    text = acmes.mailer.sent[0].get_body(("plain",))
    assert text is not None
    assert f"https://reports.example/v1/reports/{made.report_id}/files/csv" in text.get_content()
    assert "41" in text.get_content()


def test_digests_work_alone_and_say_what_is_known_now() -> None:
    """Restated after the scheduled report was made: the mail shows, and links, the newer figures."""
    acmes = portal()
    acmes.store(acme())
    acmes.services.usage_store.put_daily_usage(usage(41), version=1)
    run_schedules(services=acmes.services)
    acmes.services.usage_store.put_daily_usage(usage(43), version=2)
    assert run_digests(services=acmes.services).sent == 2
    text = acmes.mailer.sent[0].get_body(("plain",))
    assert text is not None
    assert "43" in text.get_content()
    made = Deliveries(acmes.objects).report(OCTOBER)
    assert made is not None
    assert Reports(acmes.objects).versions("acme", made.report_id) == [1, 2]


def test_a_digest_makes_the_report_that_is_missing() -> None:
    acmes = portal()
    acmes.store(acme())
    assert run_digests(services=acmes.services).reports_made == 1
    assert run_schedules(services=acmes.services).due == 0


def test_without_digest_or_recipients_nothing_is_sent_and_the_files_are_made() -> None:
    acmes = portal()
    silent = MONTHLY.model_copy(update={"digest": False})
    nobody = MONTHLY.model_copy(update={"recipients": (), "name": "Nobody"})
    acmes.store(acme(silent, nobody))
    assert run_digests(services=acmes.services).due == 0
    assert run_schedules(services=acmes.services).made == 2


def test_one_address_written_twice_gets_one_mail() -> None:
    acmes = portal()
    twice = (Recipient(email="Ann@acme.example"), Recipient(email="ann@ACME.example"))
    acmes.store(acme(MONTHLY.model_copy(update={"recipients": twice})))
    assert run_digests(services=acmes.services).sent == 1


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


def test_a_refused_address_is_told_once_and_keeps_nobody_waiting() -> None:
    acmes = portal(MemoryMailer(refused=frozenset({"ann@acme.example"})))
    acmes.store(acme())
    outcome = run_digests(services=acmes.services)
    assert acmes.addresses() == ["bo@acme.example"]
    assert list(outcome.refused) == ["acme / Monthly usage / 2026-10 / ann@acme.example"]
    with pytest.raises(DeliveriesFailedError, match="digests: 1 refused"):
        outcome.require_all_well()
    acmes.mailer.refused = frozenset()
    assert not any(run_digests(services=acmes.services).as_dict().values())


def test_one_tenants_failure_stops_nobody_else() -> None:
    acmes = portal()
    daily = Schedule(name="Daily", every="day", formats=("csv",), recipients=(Recipient(email="di@b.example"),))
    acmes.store(acme(), acme(daily, tenant_id="b"), acme(tenant_id="c"))

    def breaks(first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        if "b" in tenant_ids:
            raise ZeroDivisionError("a row that nobody expected")
        return usage(1).clear() if last < first else usage(1)

    broken = dataclasses.replace(acmes.services, usage_store=Breaking(breaks))
    outcome = run_digests(services=broken)
    assert outcome.failures == {"b / Daily / 2026-10-31": "ZeroDivisionError: a row that nobody expected"}
    assert outcome.sent == 4
    assert run_digests(services=acmes.services).sent == 1


class Breaking(MemoryUsageStore):
    def __init__(self, reads: Callable[[dt.date, dt.date, Sequence[str]], pl.DataFrame]) -> None:
        super().__init__()
        self._reads = reads

    def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        return self._reads(first, last, tenant_ids)


def test_a_store_that_is_down_ends_the_run_soon() -> None:
    acmes = portal()
    acmes.store(*(acme(tenant_id=f"t{number:03}") for number in range(50)))
    reads = []

    def down(first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
        reads.append((first, last, tenant_ids))
        raise ServiceUnavailableError("Timestream cannot be reached")

    outcome = run_schedules(services=dataclasses.replace(acmes.services, usage_store=Breaking(down)))
    assert set(outcome.pending.values()) == {"Timestream cannot be reached"}
    assert (len(outcome.pending), len(reads)) == (5, 1 + 5)  # once for all of them together, then each alone
    assert run_schedules(services=acmes.services).made == 50


@pytest.mark.parametrize("death", [KeyboardInterrupt(), MailUncertainError("no answer"), RuntimeError("a bug")])
def test_what_may_have_been_sent_is_not_sent_again(death: BaseException) -> None:
    """Ann's mail was taken when everything broke: she is reported as in doubt, once, and Bo gets his."""
    acmes = portal(DyingMailer(death))
    acmes.store(acme())
    doubts = []
    for hour in range(4):
        acmes.clock.now = DUE + dt.timedelta(hours=hour)
        try:
            doubts += list(run_digests(services=acmes.services).in_doubt)
        except KeyboardInterrupt:
            continue
    assert acmes.addresses() == ["ann@acme.example", "bo@acme.example"]
    assert doubts == ["acme / Monthly usage / 2026-10 / ann@acme.example"]


def test_a_run_that_dies_while_making_leaves_the_report_to_a_later_one() -> None:
    acmes = portal()
    acmes.store(acme())
    assert Deliveries(acmes.objects).claim_report(OCTOBER, now=DUE, lease=dt.timedelta(minutes=15))
    acmes.clock.now = DUE + dt.timedelta(minutes=14)
    assert run_schedules(services=acmes.services).waiting == 1
    assert run_digests(services=acmes.services).waiting == 1
    acmes.clock.now = DUE + dt.timedelta(minutes=15)
    assert run_digests(services=acmes.services).sent == 2


def test_any_number_of_runs_at_once_send_one_mail_each() -> None:
    acmes = portal()
    daily = MONTHLY.model_copy(update={"every": "day", "name": "Daily"})
    acmes.store(*(acme(MONTHLY, daily, tenant_id=f"t{number}") for number in range(6)))
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        run_schedules(services=acmes.services)
        run_digests(services=acmes.services)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_digests(services=acmes.services)
    assert len(acmes.mailer.sent) == 24
    assert len({(mail["Message-ID"], mail["To"]) for mail in acmes.mailer.sent}) == 24


def test_what_is_done_costs_no_requests_however_many_tenants_there_are() -> None:
    acmes = portal()
    profiles = [acme(tenant_id=f"t{number}") for number in range(30)]
    acmes.store(*profiles)
    for run in (run_schedules, run_digests):
        run(services=acmes.services)
        acmes.objects.calls = 0
        assert run(services=acmes.services).due == 0
        # Catalogue, listings of profiles, deferred emails and corrections, what is done and was looked at.
        assert acmes.objects.calls <= 6


def test_now_pretends_only_where_it_should() -> None:
    """A report as of another day; but who is at work is known by the clock on the wall."""
    acmes = portal()
    acmes.store(acme())
    assert run_schedules(services=acmes.services, as_of=dt.datetime(2027, 1, 1, 7, tzinfo=dt.UTC)).made == 1
    assert Deliveries(acmes.objects).periods("acme", "Monthly usage").reported == {"2026-12"}
    assert run_digests(services=acmes.services).sent == 2
    assert Deliveries(acmes.objects).periods("acme", "Monthly usage").closed == {"2026-10"}


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


def test_an_invalid_name_costs_a_tenant_neither_its_zone_nor_its_digests() -> None:
    acmes = portal()
    broken = acme(timezone="Asia/Tokyo").model_dump(mode="json") | {"name": "x" * 201, "locale": 5}
    acmes.objects.put(tenant_profile("acme"), json.dumps(broken).encode())
    assert run_digests(services=acmes.services).sent == 2
    body = acmes.mailer.sent[0].get_body(("plain",))
    assert body is not None
    assert "Asia/Tokyo" in body.get_content()
    assert "profile" not in body.get_content()


class CountingUsageStore(MemoryUsageStore):
    """Counts how often the documents of a period are read, which every report does once."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def documents(self, span: TenantSpan) -> pl.DataFrame:
        self.reads += 1
        return super().documents(span)


@pytest.mark.parametrize("is_made", [False, True])
def test_file_and_mail_are_made_from_figures_that_were_read_once(*, is_made: bool) -> None:
    acmes = portal()
    store = CountingUsageStore()
    store.put_daily_usage(usage(41), version=1)
    services = dataclasses.replace(acmes.services, usage_store=store)
    acmes.store(acme())
    october = occurrence_by_hand(acme(), MONTHLY, period=None, now=DUE)
    if is_made:
        current_report(october, services=services)
    store.reads = 0
    digest = made_digest(october, services=services)
    assert store.reads == 1
    manifest = current_report(october, services=services)
    assert (digest.snapshot.fingerprint, digest.snapshot.data_through) == (manifest.fingerprint, manifest.data_through)


def test_what_is_done_is_forgotten_with_its_schedule() -> None:
    """Also where runs share the work, and one at the end remembers what was done."""
    acmes = portal()
    acmes.store(acme(), acme(tenant_id="gone"))
    outcome = run_schedules(services=acmes.services, tenant_ids=["acme", "gone"])
    record_schedules(outcome.done, services=acmes.services)
    assert b"gone" in acmes.objects.get("state/deliveries.json").body
    acmes.objects.delete([tenant_profile("gone")])
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    later = run_schedules(services=acmes.services, tenant_ids=["acme"])
    record_schedules(later.done, services=acmes.services)
    assert b"gone" not in acmes.objects.get("state/deliveries.json").body
    assert b"2026-11" in acmes.objects.get("state/deliveries.json").body
