"""Services over fakes with a schedule or two: what tests of digests begin with."""

import dataclasses
import datetime as dt
from collections import Counter
from email.message import EmailMessage

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.deliveries import DeliveryKey
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.memory.webhooks import MemoryWebhooks
from signtally.ports.errors import ServiceUnavailableError
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.tenants import Tenants
from tests.support.clocks import Clock

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

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
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
    clock, mailer = Clock(DUE), mailer or MemoryMailer()
    objects = CountingObjectStore(clock)
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


QUARTER_OF_AN_HOUR = dt.timedelta(minutes=15)


def states(acmes: Portal, key: DeliveryKey = OCTOBER) -> dict[str, str]:
    return {each.email: str(each.state) for _, each in acmes.services.stores.mail_deliveries.of(key)}


def addressed_to(email: str, **changes: object) -> Schedule:
    return MONTHLY.model_copy(update={"recipients": (Recipient(email=email),), **changes})


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text
