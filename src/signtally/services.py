"""The ports and stores that a use case is handed, in one value."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from signtally.domain.operator_events import Tell, tell_nobody
from signtally.domain.schedule_limits import ScheduleLimits
from signtally.mail_event_queue import MailEventQueue
from signtally.ports.mail import Mailer
from signtally.ports.members import MemberSource
from signtally.ports.objects import ObjectStore
from signtally.ports.queue import EventQueue
from signtally.ports.usage_store import UsageStore
from signtally.ports.webhooks import NoWebhooks, WebhookPoster
from signtally.render.files import Renderer, render
from signtally.report_queue import ReportQueue
from signtally.settings import Settings
from signtally.stores.all_stores import Stores

Clock = Callable[[], dt.datetime]


def system_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Built by `signtally.wiring` from the settings, by tests from fakes."""

    settings: Settings
    queue: EventQueue
    dead_letters: EventQueue
    usage_store: UsageStore
    objects: ObjectStore
    mailer: Mailer
    webhooks: WebhookPoster = dataclasses.field(default_factory=NoWebhooks)
    report_queue: ReportQueue
    members: MemberSource | None = None  # None: nobody but a profile knows who is a member
    mail_events: MailEventQueue | None = None  # None: the mail service tells nothing later
    renderer: Renderer = render  # in this process, without limits, unless wiring says otherwise
    clock: Clock = system_clock
    tell: Tell = tell_nobody  # what operators are to know of
    stores: Stores = dataclasses.field(init=False)  # over *objects* and *clock*

    def __post_init__(self) -> None:
        object.__setattr__(self, "stores", Stores(self.objects, clock=self.clock, tell=self.tell))

    @property
    def schedule_limits(self) -> ScheduleLimits:
        settings = self.settings
        return ScheduleLimits(
            schedules=settings.schedule_limit,
            recipients=settings.recipient_limit,
            domains=settings.recipient_domains,
            webhook_hosts=settings.webhook_hosts,
            loopback_webhooks=settings.webhook_loopback,
        )

    def at(self, instant: dt.datetime | None) -> "Services":
        """The same services with their clock stopped at *instant*; themselves if it is None."""
        return self if instant is None else dataclasses.replace(self, clock=lambda: instant)
