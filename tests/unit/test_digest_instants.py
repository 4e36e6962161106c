"""An email, the files that it has and links, and what is posted say one instant, whatever became known between them."""

import datetime as dt
import json

import pytest

from signtally.domain.destinations import Destination, new_secret
from signtally.domain.schedule_terms import Recipient
from signtally.memory.mailer import MemoryMailer
from signtally.memory.webhooks import MemoryWebhooks
from signtally.ports.webhooks import WebhookMessage
from signtally.use_cases.delivering import occurrence_by_hand
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.scheduling import current_report, run_schedules
from signtally.use_cases.delivering.sending_by_hand import send_now
from tests.support.digest_portal import MONTHLY, Portal, acme, plain, portal, usage

CRM = Destination(name="crm", kind="webhook", url="https://crm.example/hook", secret=new_secret())
ANN, BO = Recipient(email="ann@acme.example"), Recipient(email="bo@acme.example")
AT_MIDNIGHT = MONTHLY.model_copy(
    update={"at": "00:00", "formats": ("csv", "json"), "attach": True, "recipients": (ANN, BO), "destinations": (CRM,)}
)


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2026, 11, 1, hour, minute, tzinfo=dt.UTC)


def counted_through(acmes: Portal, instant: dt.datetime) -> None:
    acmes.clock.now = instant + dt.timedelta(minutes=1)
    acmes.services.stores.watermarks.publish_data_through(instant)


def said(acmes: Portal) -> set[str]:
    """The instants that emails, their attachments and the newest stored files say, as HH:MM."""
    found = set()
    for message in acmes.mailer.sent:
        found.add(plain(message).partition("Data through 1 Nov 2026, ")[2][:5])
        table, report = (part.get_content() for part in message.iter_attachments())
        found.add(table.splitlines()[1].partition("2026-11-01 ")[2][:5])
        found.add(json.loads(report)["data_through"][11:16])
    occurrence = occurrence_by_hand(acme(AT_MIDNIGHT), AT_MIDNIGHT, period=None, now=acmes.clock.now)
    through = current_report(occurrence, services=acmes.services)[0].data_through
    return (
        found
        | {f"{through:%H:%M}"}
        | {json.loads(each.body)["data"]["data_through"][11:16] for each in webhooks(acmes)}
    )


def webhooks(acmes: Portal) -> list[WebhookMessage]:
    assert isinstance(acmes.services.webhooks, MemoryWebhooks)
    return acmes.services.webhooks.posted


@pytest.fixture
def acmes() -> Portal:
    made = portal(MemoryMailer(full=frozenset({BO.email})))
    made.store(acme(AT_MIDNIGHT))
    made.services.usage_store.put_daily_usage(usage(5), version=1)
    made.objects.put("state/data-through.json", b'{"instant": "2026-11-01T00:00:00Z"}')
    made.clock.now = at(0, 0)
    return made


def test_what_is_sent_after_its_files_were_made_says_their_instant(acmes: Portal) -> None:
    """Also who was deferred and gets it hours later."""
    assert run_schedules(services=acmes.services).made == 1
    counted_through(acmes, at(0, 4))
    assert run_digests(services=acmes.services).sent == 2
    acmes.mailer.full = frozenset()
    counted_through(acmes, at(3, 0))
    assert run_digests(services=acmes.services).sent == 1
    assert (len(acmes.mailer.sent), len(webhooks(acmes)), said(acmes)) == (2, 1, {"00:00"})


def test_what_was_restated_since_its_files_were_made_says_the_instant_of_new_ones(acmes: Portal) -> None:
    assert run_schedules(services=acmes.services).made == 1
    acmes.services.usage_store.put_daily_usage(usage(6), version=2)
    counted_through(acmes, at(0, 4))
    assert run_digests(services=acmes.services).sent == 2
    assert "6 documents sent" in plain(acmes.mailer.sent[0])
    assert said(acmes) == {"00:04"}


def test_by_hand_too(acmes: Portal) -> None:
    assert run_schedules(services=acmes.services).made == 1
    counted_through(acmes, at(0, 4))
    occurrence = occurrence_by_hand(acme(AT_MIDNIGHT), AT_MIDNIGHT, period=None, now=acmes.clock.now)
    send_now(occurrence, services=acmes.services, requested_by="u_1", makes_report=True)
    assert said(acmes) == {"00:00"}
