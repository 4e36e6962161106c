"""Schedules on a compressed clock: days pass in seconds, by SMTP and SES in turn, and both services fail."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator

from signtally.domain.corrections import correction_number
from signtally.domain.deliveries import DeliveryKey, MailState
from signtally.domain.periods import Period
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schedules import delivered_period
from signtally.domain.tenants import TenantProfile
from signtally.local.local_aws import LocalAws
from signtally.loopback import LOOPBACK
from signtally.services import Services
from tests.faults.scripted_smtp import MoodyServer
from tests.soak.portal import Portal
from tests.support.clocks import Clock
from tests.support.forked_digests import ForkedDigests
from tests.support.microbursts import Burst, burst_before

_RUNS_A_DAY = 4
_LAST_DAYS, _LAST_RUNS = 2, 12
_HISTORY_DAYS = 40  # before the clock begins
_DEATHS = {"DATA": 0.04, "taken": 0.08}  # chance that a run is killed at this step of sending an email
_Mail = tuple[str, str]  # recipient, text


def _schedule(name: str, every: str, *addresses: str) -> Schedule:
    recipients = [{"email": address} for address in addresses]
    terms = {"name": name, "every": every, "formats": ["csv"], "missed": "all", "recipients": recipients}
    return Schedule.model_validate(terms)


TENANTS = (
    TenantProfile(
        tenant_id="digest-auckland",
        timezone="Pacific/Auckland",
        schedules=(_schedule("Daily", "day", "ann@auckland.example", "bo@auckland.example"),),
    ),
    TenantProfile(
        tenant_id="digest-kathmandu",
        timezone="Asia/Kathmandu",
        schedules=(
            _schedule("Daily", "day", "cy@kathmandu.example"),
            _schedule("Weekly", "week", "cy@kathmandu.example", "di@kathmandu.example"),
        ),
    ),
)


def sent_on(day: dt.date) -> int:
    """What each tenant sent on a day: sums of it tell one period from another, mostly."""
    return day.toordinal() * 7919 % 17 + 1


@dataclasses.dataclass
class DigestTime:
    """*days* pass; `ses_rests` is held while the local SES, which forgets its emails, is started again."""

    services: Services
    local: LocalAws
    smtp: MoodyServer
    burst: Burst
    by_smtp: ForkedDigests
    by_ses: ForkedDigests
    clock: Clock
    days: int
    chance: random.Random
    ses_rests: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    _kept: list[_Mail] = dataclasses.field(default_factory=list)  # of a local SES that was started again

    @property
    def runs(self) -> str:
        killed = self.by_smtp.killed + self.by_ses.killed
        return f"{self.by_smtp.ended + self.by_ses.ended} digest runs, {killed} of them killed"

    def live(self, stop: threading.Event, *, seconds: float) -> None:
        """Let all days but the last pass within *seconds*, or until *stop*."""
        self.burst.blow()
        begin, steps = self.clock.now, self.days * _RUNS_A_DAY
        for step in range(steps):
            self.clock.now = begin + dt.timedelta(hours=24 / _RUNS_A_DAY * step + self.chance.uniform(0, 3))
            self.smtp.is_away = self.chance.random() < 0.08
            if step % 2:
                self.by_smtp.at(self.clock.now, at_once=1 + (self.chance.random() < 0.3))
            else:
                with self.ses_rests:
                    self.by_ses.at(self.clock.now, at_once=1)
            if stop.wait(seconds / steps):
                return

    def finish(self) -> None:
        """The last days, up to now, in which nothing goes wrong any more."""
        self.burst.calm()
        self.smtp.is_away = self.smtp.is_moody = False
        self.smtp.nervous = lambda _: None
        begin, end = self.clock.now, self.services.clock()
        for step in range(1, _LAST_RUNS + 1):
            self.clock.now = begin + (end - begin) * step / _LAST_RUNS
            (self.by_ses if step % 2 else self.by_smtp).at(self.clock.now, at_once=1)

    def keep_mails(self) -> None:
        """Before the local SES ends: it keeps no emails."""
        self._kept += _mails(self.local)

    def nervous(self, step: str) -> None:
        """Perhaps kill a run."""
        if self.chance.random() < _DEATHS.get(step, 0.01):
            self.by_smtp.kill_one()

    def expect_each_once(self) -> int:
        """Each recipient of each period got one email with its figures, or is on record in doubt; how many got one."""
        smtp = [(each.recipient, each.text) for each in self.smtp.arrivals]
        came = [*smtp, *self._kept, *_mails(self.local)]
        return sum(self._expect(tenant, terms, came) for tenant in TENANTS for terms in tenant.schedules)

    def _expect(self, tenant: TenantProfile, terms: Schedule, came: list[_Mail]) -> int:
        ledger = self.services.stores.deliveries.periods(tenant.tenant_id, terms.name)
        assert not ledger.waiting - ledger.closed, "something waits though all is complete"
        names = sorted(name for name in ledger.closed if not correction_number(name)[1])
        periods = sorted(map(_whole, names), key=lambda period: period.first)
        assert len(periods) >= self.days // (7 if terms.every == "week" else 1), terms.name
        for earlier, later in itertools.pairwise(periods):
            assert later.first == earlier.last + dt.timedelta(days=1), f"{terms.name}: {later} follows {earlier}"
        return sum(
            self._expect_occurrence(DeliveryKey(tenant.tenant_id, terms.name, name), terms.recipients, came)
            for name in names
        )

    def _expect_occurrence(self, key: DeliveryKey, recipients: tuple[Recipient, ...], came: list[_Mail]) -> int:
        report = self.services.stores.deliveries.report(key)
        assert report is not None, key
        texts = [mail for mail in came if f"/v1/reports/{report.report_id}/" in mail[1]]
        copies = Counter(recipient for recipient, _ in texts)
        entries = {each.email: each for _, each in self.services.stores.mail_deliveries.of(key)}
        assert set(entries) == {each.email for each in recipients}, key
        for email, entry in entries.items():
            about = f"{key} {entry}: {copies[email]} copies"
            assert entry.state in {MailState.SENT, MailState.IN_DOUBT}, about
            assert copies[email] == 1 if entry.state is MailState.SENT else copies[email] <= 1, about
        total = _total(_whole(key.period))
        assert all(f"{total:,}" in text for _, text in texts), f"{key}: {total} were sent"
        return sum(copies.values())


@contextlib.contextmanager
def digest_time(
    services: Services, local: LocalAws, *, days: int, chance: random.Random, portal: Portal
) -> Iterator[DigestTime]:
    """The clock begins so many days ago, with *settling* days between its last day and now."""
    now = services.clock().replace(microsecond=0)
    clock = Clock(now - dt.timedelta(days=days + _LAST_DAYS))
    portal.move_in(*TENANTS)
    first = clock.now.date() - dt.timedelta(days=_HISTORY_DAYS)
    past = [first + dt.timedelta(days=number) for number in range((now.date() - first).days)]
    for tenant in TENANTS:
        portal.history(tenant.tenant_id, sent_on=[(day, sent_on(day)) for day in past])
    with (
        MoodyServer(chance=chance, clock=clock, full=frozenset()) as smtp,
        burst_before(local.port, chance.randrange(10**6)) as burst,
        _forked({"SIGNTALLY_MAIL": f"smtp://{LOOPBACK}:{smtp.port}"}, chance) as by_smtp,
        _forked({"AWS_ENDPOINT_URL_SESV2": burst.url, "AWS_ENDPOINT_URL_SES": burst.url}, chance) as by_ses,
    ):
        thread = threading.Thread(target=smtp.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        time = DigestTime(services, local, smtp, burst, by_smtp, by_ses, clock, days, chance)
        smtp.nervous = time.nervous
        yield time
        smtp.shutdown()
        thread.join()


@contextlib.contextmanager
def _forked(environment: dict[str, str], chance: random.Random) -> Iterator[ForkedDigests]:
    runs = ForkedDigests(os.environ | environment, chance=chance)
    try:
        yield runs
    finally:
        runs.close()


def _mails(local: LocalAws) -> list[_Mail]:
    return [(recipient, mail["BodyText"]) for mail in local.mails() for recipient in mail["To"]]


def _whole(name: str) -> Period:
    period = delivered_period(name, week_starts_on=0)
    assert period is not None, name
    return period


def _total(period: Period) -> int:
    return sum(sent_on(period.first + dt.timedelta(days=day)) for day in range((period.last - period.first).days + 1))
