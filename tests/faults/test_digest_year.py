"""Digests through a simulated time by real processes, killed at random: to everybody once, complete, or on record why.

Nine days in `make test`, a year in `make soak`; `DIGEST_DAYS` and `FAULT_SEED` choose others.
"""

import dataclasses
import datetime as dt
import itertools
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from signtally.domain.actions import MEASURES
from signtally.domain.corrections import corrected_name, correction_number
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.periods import Period, end_of_day
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schedules import delivered_period
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.services import Services
from tests.faults.scripted_smtp import Arrival, MoodyServer
from tests.support.clocks import Clock
from tests.support.commands import names_of
from tests.support.examples import sized
from tests.support.forked_digests import ForkedDigests

DAYS = int(os.environ.get("DIGEST_DAYS") or sized(9, soak=365))
RUNS_A_DAY = 5
FULL = frozenset(f"full{number}@aaa.example" for number in range(5))
ZONES = ("America/St_Johns", "Asia/Kathmandu", "UTC", "Pacific/Auckland", "America/Los_Angeles")
_FIRST_ZONE = ZoneInfo("Pacific/Auckland")  # where days end first
ENDINGS = {MailState.SENT, MailState.GAVE_UP, MailState.IN_DOUBT}
_A_DAY = dt.timedelta(days=1, hours=4)


def schedule(name: str, every: str, *addresses: str, **terms: object) -> Schedule:
    recipients = tuple(Recipient(email=address) for address in addresses)
    known = {"name": name, "every": every, "formats": ("csv",), "missed": "all", "recipients": recipients}
    return Schedule.model_validate({**known, **terms})


TENANTS = (
    TenantProfile(tenant_id="aaa", schedules=(schedule("Weekly", "week", *sorted(FULL)),)),
    TenantProfile(
        tenant_id="acme",
        timezone="America/St_Johns",
        schedules=(
            schedule("Daily", "day", "ann@acme.example", "bo@acme.example"),
            schedule("Weekly", "week", "cy@acme.example", on="friday"),
        ),
    ),
    TenantProfile(
        tenant_id="omni",
        timezone="Pacific/Auckland",  # where days end first: a stalled ingest is late for it soonest
        schedules=(schedule("Daily", "day", "di@omni.example", "ed@omni.example", incomplete="send"),),
    ),
    TenantProfile(
        tenant_id="zeta",
        timezone="Asia/Kathmandu",
        schedules=(
            schedule("Weekly", "week", "zoe@zeta.example"),
            schedule("Monthly", "month", "zoe@zeta.example", "yu@zeta.example"),
        ),
    ),
)


def sent_on(day: dt.date) -> int:
    """What each tenant sent on a day: sums of it tell one period from another."""
    return day.toordinal() * 7919 % 991 + 1


@dataclasses.dataclass
class Year:
    """The simulated time, and what happens in it."""

    services: Services
    server: MoodyServer
    runs: ForkedDigests
    clock: Clock
    chance: random.Random
    incomplete: int = 0  # emails that said of themselves that they were
    complete_at: list[tuple[dt.datetime, dt.datetime]] = dataclasses.field(default_factory=list)  # since, data through

    def live(self) -> None:
        """Every day some runs, some killed, some overlapping; a mail server and an ingest that stand still at times."""
        begin, stalled_until = self.clock.now, self.clock.now
        for step in range(DAYS * RUNS_A_DAY):
            self.clock.now = begin + dt.timedelta(hours=24 / RUNS_A_DAY * step + self.chance.uniform(0, 4))
            if step % (14 * RUNS_A_DAY) == 5 * RUNS_A_DAY:
                stalled_until = self.clock.now + dt.timedelta(days=2)
            if step % (8 * RUNS_A_DAY) == 4 * RUNS_A_DAY:
                self.change_calendars()
            if self.clock.now >= stalled_until:
                self.publish()
            self.server.is_away = self.chance.random() < 0.08
            self.runs.at(self.clock.now, at_once=2 if self.chance.random() < 0.3 else 1)

    def finish(self) -> None:
        """Two days in which nothing goes wrong any more."""
        self.server.is_away = self.server.is_moody = False
        self.server.nervous = lambda _: None
        for _ in range(16):
            self.clock.now += dt.timedelta(hours=3, minutes=1)
            self.publish()
            self.runs.at(self.clock.now, at_once=1)

    def publish(self) -> None:
        self.services.stores.watermarks.publish_data_through(self.clock.now)
        self.complete_at.append((self.clock.now, self.clock.now))

    def change_calendars(self) -> None:
        """Zones and first weekdays, of which any choice is one that a tenant could make."""

        def changed(profile: TenantProfile) -> TenantProfile:
            day = self.chance.choice(["monday", "thursday", "friday", "sunday"])
            change = {"timezone": self.chance.choice(ZONES), "week_starts_on": day}
            return profile.model_copy(update=change)

        self.services.stores.tenants.edit("acme", changed)
        self.services.stores.tenants.edit("zeta", changed)

    def nervous(self, step: str) -> None:
        """Perhaps kill a run; the more likely, the more a death there would matter."""
        if self.chance.random() < {"DATA": 0.06, "taken": 0.12, "never": 1}.get(step, 0.02):
            self.runs.kill_one()

    def data_through(self, at: dt.datetime) -> dt.datetime:
        return max(through for since, through in self.complete_at if since <= at)


@pytest.fixture
def year(real_services: Services, seed: int) -> Iterator[Year]:
    chance = random.Random(seed)  # noqa: S311 -- repeatable
    clock = Clock(real_services.clock().replace(microsecond=0) - dt.timedelta(days=DAYS + 40))
    store_figures(real_services, since=clock.now.date() - dt.timedelta(days=70))
    with MoodyServer(chance=chance, clock=clock, full=FULL) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        environment = os.environ | names_of(real_services.settings)
        runs = ForkedDigests(environment | {"SIGNTALLY_MAIL": f"smtp://127.0.0.1:{server.port}"}, chance=chance)
        year = Year(real_services, server, runs, clock, chance)
        server.nervous = year.nervous
        yield year
        runs.close()
        server.shutdown()
        thread.join()


def store_figures(services: Services, *, since: dt.date) -> None:
    for tenant in TENANTS:
        services.stores.tenants.put(tenant)
    days = [since + dt.timedelta(days=number) for number in range(DAYS + 100)]
    one = dict.fromkeys(MEASURES, 0) | {"user_id": "u_1", "user_name": "Ann", "user_email": None, "timezone": "UTC"}
    rows = [
        one | {"tenant_id": tenant.tenant_id, "day": day, "sent": sent_on(day)} for tenant in TENANTS for day in days
    ]
    services.usage_store.put_daily_usage(pl.DataFrame(rows, schema=DAILY_USAGE), version=1)


@pytest.mark.timeout(120 + DAYS * 30)
def test_each_recipient_of_each_period_gets_one_complete_digest_or_stands_in_the_ledger(year: Year) -> None:
    year.publish()
    year.live()
    year.finish()
    for tenant in year.services.stores.tenants.all().values():
        for each in tenant.schedules:
            check_schedule(year, tenant, each)
    assert not [*year.services.stores.corrections.reminders()]
    assert year.runs.killed
    assert {"full", "greylisted"} <= year.server.moods.keys()
    assert year.incomplete
    sys.stdout.write(
        f"{year.runs.ended} runs, {year.runs.killed} killed, {len(year.server.arrivals)} mails, "
        f"{year.incomplete} of them incomplete, {year.server.moods}\n"
    )


def check_schedule(year: Year, tenant: TenantProfile, terms: Schedule) -> None:
    ledger = year.services.stores.deliveries.periods(tenant.tenant_id, terms.name)
    digests = (name for name in ledger.closed if not correction_number(name)[1])
    names = sorted(digests, key=lambda name: whole(name).first)
    periods = [whole(name) for name in names]
    assert not ledger.waiting - ledger.closed, "something waits though all is complete"
    for earlier, later in itertools.pairwise(periods):
        assert later.first == earlier.last + dt.timedelta(days=1), f"{terms.name}: {earlier} is followed by {later}"
    for name, period in zip(names, periods, strict=True):
        check_occurrence(year, DeliveryKey(tenant.tenant_id, terms.name, name), period, terms)


def check_occurrence(year: Year, key: DeliveryKey, period: Period, terms: Schedule) -> None:
    """Everybody's entry has an ending, and the mails that arrived are those of the ledger."""
    entries = {each.email: each for _, each in year.services.stores.mail_deliveries.of(key)}
    assert set(entries) == {each.email for each in terms.recipients}, key
    report = year.services.stores.deliveries.report(key)
    assert report is not None
    came = [each for each in year.server.arrivals if f"/v1/reports/{report.report_id}/" in each.text]
    copies = Counter(each.recipient for each in came if each.recipient in entries and not is_corrected(each))
    for email, entry in entries.items():
        check_entry(entry, copies[email], key, until=year.clock.now)
    check_corrections(year, key, entries, came)
    for arrival in came:
        check_mail(year, arrival, period)


def check_corrections(year: Year, key: DeliveryKey, entries: dict[str, MailDelivery], came: Iterable[Arrival]) -> None:
    """Whoever was told incomplete figures, and nobody else, was told the complete ones afterwards."""
    corrected = dataclasses.replace(key, period=corrected_name(key.period, 1))
    found = {each.email: each for _, each in year.services.stores.mail_deliveries.of(corrected)}
    incomplete = {email for email, entry in entries.items() if entry.told_complete is False}
    assert {email for email in incomplete if entries[email].state is MailState.SENT} == set(found), key
    copies = Counter(each.recipient for each in came if is_corrected(each))
    for email, entry in found.items():
        check_entry(entry, copies[email], corrected, until=year.clock.now)
    for arrival in came:
        if is_incomplete(arrival):
            entry = entries[arrival.recipient]
            assert arrival.recipient in incomplete or entry.state is MailState.IN_DOUBT, key  # its run died
            year.incomplete += 1


def is_corrected(arrival: Arrival) -> bool:
    return str(arrival.message["Subject"]).startswith("Now complete")


def is_incomplete(arrival: Arrival) -> bool:
    return str(arrival.message["Subject"]).startswith("Incomplete")


def check_entry(entry: MailDelivery, copies: int, key: DeliveryKey, *, until: dt.datetime) -> None:
    about = f"{key} {entry}: {copies} copies"
    if entry.state is MailState.DEFERRED and until - (entry.first_tried_at or entry.at) < _A_DAY:
        return  # it is still being tried
    assert entry.state in ENDINGS, about
    assert entry.detail, about
    if entry.email in FULL:
        assert entry.state in {MailState.GAVE_UP, MailState.IN_DOUBT}, about
        assert not copies, about
    elif entry.state is MailState.SENT:
        assert copies == 1, about
    else:  # it may have gone out: nobody knows, and so it is not sent again
        assert copies <= 1, about


def check_mail(year: Year, arrival: Arrival, period: Period) -> None:
    """With the period's figures, and not before they were complete, in whichever zone the tenant was then."""
    total = sum(sent_on(period.first + dt.timedelta(days=day)) for day in range((period.last - period.first).days + 1))
    assert f"{total:,}" in arrival.text, f"{period} to {arrival.recipient} without {total:,}: {arrival.text}"
    was_complete = year.data_through(arrival.at) >= end_of_day(period.last, _FIRST_ZONE)
    assert was_complete or is_incomplete(arrival), f"{period} was not complete"


def whole(name: str) -> Period:
    period = delivered_period(name, week_starts_on=0)
    assert period is not None, name
    return period
