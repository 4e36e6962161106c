"""What became of the emails of schedules, the newest period first: a page at a time."""

import dataclasses
import re
from collections.abc import Iterator

from signtally.domain.deliveries import DeliveryKey, MailDelivery
from signtally.domain.given_names import name_key
from signtally.domain.periods import MONDAY
from signtally.domain.schedules import delivered_period, shown_name
from signtally.services import Services
from signtally.stores.deliveries import PassedRecord
from signtally.use_cases.delivering.sending_by_hand import NoScheduleError

# A position: the period's name in the ledger, and the position of the recipient in it.
POSITION = re.compile(r"[^/]+/[^/]+")


@dataclasses.dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One recipient's email of one occurrence; *position* is where the next page goes on."""

    key: DeliveryKey
    delivery: MailDelivery
    position: str

    @property
    def period(self) -> str:
        return shown_name(self.key.period)


def recorded_schedule(tenant_id: str, name: str, *, services: Services) -> str:
    """The name of a schedule in the ledger, which also has those that are deleted since. Raises NoScheduleError."""
    known = [schedule.name for schedule in services.stores.tenants.get(tenant_id).schedules]
    known += [each for each in services.stores.deliveries.schedules(tenant_id) if each not in known]
    if name in known:
        return name
    found = next((each for each in known if name_key(each) == name_key(name)), None)
    if found is None:
        raise NoScheduleError.of(tenant_id, name, known=known)
    return found


def deliveries_of(
    tenant_id: str, schedule: str, *, services: Services, after: str | None = None
) -> Iterator[DeliveryRow]:
    """Every delivery of a schedule behind the position *after*; what is being sent is left out."""
    now = services.clock()
    last_period, _, last_email = (after or "/").partition("/")
    names = sorted(services.stores.deliveries.period_names(tenant_id, schedule), key=_age)
    if last_period:
        names = [name for name in names if _age(name) >= _age(last_period)]
    for name in names:
        key = DeliveryKey(tenant_id, schedule, name)
        behind = last_email if name == last_period else ""
        for position, delivery in services.stores.mail_deliveries.of(key, after=behind):
            if not delivery.is_under_way(now):
                yield DeliveryRow(key, delivery.without_dead_claim(now), f"{name}/{position}")


@dataclasses.dataclass(frozen=True, slots=True)
class PassedOccurrence:
    """An occurrence for which nothing was made or sent, or several on one record."""

    key: DeliveryKey
    record: PassedRecord

    @property
    def period(self) -> str:
        return shown_name(self.key.period)


def passed_over(tenant_id: str, schedule: str, *, services: Services, most: int) -> list[PassedOccurrence]:
    """The newest occurrences of a schedule that were passed over, at *most* so many; the newest period first."""
    ledger = services.stores.deliveries
    names = sorted(ledger.periods(tenant_id, schedule).passed, key=_age)[:most]
    found = [DeliveryKey(tenant_id, schedule, name) for name in names]
    return [PassedOccurrence(key, record) for key in found if (record := ledger.passed(key)) is not None]


def all_deliveries(*, services: Services, tenant_id: str | None = None) -> Iterator[DeliveryRow]:
    """Every delivery of a tenant, or of all of them, schedule by schedule."""
    ledger = services.stores.deliveries
    for each in ledger.tenants() if tenant_id is None else [tenant_id]:
        for schedule in ledger.schedules(each):
            yield from deliveries_of(each, schedule, services=services)


def all_passed_over(*, services: Services, tenant_id: str | None = None, most: int) -> Iterator[PassedOccurrence]:
    """The same of every schedule of a tenant, or of all of them; at *most* so many of each."""
    ledger = services.stores.deliveries
    for each in ledger.tenants() if tenant_id is None else [tenant_id]:
        for schedule in ledger.schedules(each):
            yield from passed_over(each, schedule, services=services, most=most)


def _age(key_name: str) -> tuple[int, str]:
    """Sorts the newest period first; what is no period of ours comes last."""
    period = delivered_period(key_name, week_starts_on=MONDAY)
    return (-period.last.toordinal() if period else 1, key_name)
