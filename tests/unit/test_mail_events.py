"""What the mail service says later of an email: often or once, wrapped or not, of an email of ours or not."""

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest

from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.mail_events import MailEvent, MailEventKind, as_seen_from
from signtally.domain.operator_events import EventName, OperatorEvent
from signtally.domain.returned_mail import read_returned_mail
from signtally.domain.schedule_terms import Recipient
from signtally.mail_event_queue import MailEventQueue
from signtally.memory.mailer import MemoryMailer
from signtally.memory.queue import MemoryEventQueue
from signtally.ports.queue import OutgoingMessage
from signtally.stores.mail_rates import MailCount
from signtally.stores.sent_mails import SentMail
from signtally.use_cases.delivering import MailEventsOutcome, handle_mail_events, occurrence_by_hand, record_mail_event
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.sending_by_hand import send_now
from tests.support.digest_portal import DUE, MONTHLY, OCTOBER, DyingMailer, Portal, acme, portal
from tests.support.mail_notices import ANN, BO, notice

ABOUT_ANN = f"acme / Monthly usage / 2026-10 / {ANN}"
SCHEDULE = MONTHLY.model_copy(update={"formats": ("csv",)})  # a PDF would cost a quarter of a second
AT = "2026-11-01T07:00:10.123Z"


def event(kind: str, message_id: str, **said: object) -> dict[str, Any]:
    name = kind[0].lower() + kind[1:]
    parts: dict[str, dict[str, object]] = {
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": ANN, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
        },
        "complaint": {"complainedRecipients": [{"emailAddress": ANN}], "complaintFeedbackType": "abuse"},
        "deliveryDelay": {"delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": ANN, "status": "4.2.2"}]},
        "reject": {"reason": "Bad content"},
    }
    mail = {"messageId": message_id, "timestamp": AT, "destination": [ANN]}
    return {"eventType": kind, "mail": mail, name: {"timestamp": AT, **parts.get(name, {}), **said}}


def full_mailbox(message_id: str) -> dict[str, Any]:
    return event("Bounce", message_id, bounceType="Transient", bounceSubType="MailboxFull")


def wrapped(document: object) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:…", "Message": json.dumps(document)})


class Feed:
    """A portal whose digest has gone out, and the queue on which the mail service writes."""

    def __init__(self, mailer: MemoryMailer | None = None) -> None:
        self.acmes: Portal = portal(mailer)
        clock = self.acmes.clock
        self.queue, self.dead_letters = (
            MemoryEventQueue(clock=clock, sleep=lambda _: None),
            MemoryEventQueue(clock=clock),
        )
        events = MailEventQueue(self.queue, self.dead_letters)
        self.services = dataclasses.replace(self.acmes.services, mail_events=events)
        self.acmes.store(acme(SCHEDULE))

    def say(self, *bodies: object) -> MailEventsOutcome:
        texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
        self.queue.send([OutgoingMessage(text) for text in texts])
        return handle_mail_events(services=self.services)

    def delivery(self, email: str = ANN) -> MailDelivery:
        found = self.services.stores.mail_deliveries.get(OCTOBER, email)
        assert found is not None
        return found

    def suppressed(self) -> dict[str, str]:
        return {email: str(each.reason) for email, each in self.services.stores.suppressions.by_address("acme").items()}


@pytest.fixture
def feed() -> Feed:
    feed = Feed()
    assert run_digests(services=feed.services).sent == 2
    return feed


def test_an_address_without_a_mailbox_is_suppressed_and_its_delivery_says_what_came_back(feed: Feed) -> None:
    outcome = feed.say(event("Bounce", feed.delivery().message_id))
    assert outcome.bounced == {ABOUT_ANN: "smtp; 550 5.1.1 user unknown: General"}
    assert list(outcome.suppressed) == [f"acme / {ANN}"]
    assert (feed.delivery().state, feed.delivery(BO).state) == (MailState.BOUNCED, MailState.SENT)
    assert feed.suppressed() == {ANN: "bounced"}
    feed.acmes.clock.now += dt.timedelta(days=30)
    assert run_digests(services=feed.services).suppressed == {
        ABOUT_ANN.replace("2026-10", "2026-11"): "bounced on 2026-11-01"
    }


def test_operators_are_told_when_too_many_come_back(feed: Feed) -> None:
    told: list[OperatorEvent] = []
    feed.services = dataclasses.replace(feed.services, tell=told.append)
    feed.services.stores.mail_rates.add(MailCount(sent=16, returned=0), now=feed.services.clock())
    feed.say(event("Bounce", feed.delivery().message_id))
    assert told == [], "of 18 emails it says nothing"
    feed.services.stores.mail_rates.add(MailCount(sent=2), now=feed.services.clock())
    feed.say(event("Complaint", feed.delivery(BO).message_id))
    assert [(each.name, each.said[:24]) for each in told] == [(EventName.BOUNCES_HIGH, "of 20 emails since yeste")]


def test_a_complaint_wrapped_by_sns_suppresses_too_and_outweighs_a_bounce(feed: Feed) -> None:
    message_id = feed.delivery().message_id
    outcome = feed.say(wrapped(event("Complaint", message_id)), wrapped(event("Bounce", message_id)))
    assert (len(outcome.complained), outcome.bounced, outcome.ignored) == (1, {}, 1)
    assert (feed.delivery().state, feed.suppressed()) == (MailState.COMPLAINED, {ANN: "complained"})


def test_what_is_only_for_now_is_recorded_and_suppresses_nobody(feed: Feed) -> None:
    message_id = feed.delivery().message_id
    assert list(feed.say(full_mailbox(message_id), event("DeliveryDelay", message_id)).delayed) == [ABOUT_ANN]
    assert (feed.delivery().state, feed.delivery().detail) == (MailState.SENT, "on its way: MailboxFull: 4.2.2")
    assert feed.suppressed() == {}


@pytest.mark.parametrize("address", ["left@elsewhere.example", "ANN@acme.example"])
def test_a_dead_mailbox_behind_a_forwarding_address_suppresses_nobody(feed: Feed, address: str) -> None:
    """A mailing list, say: one member has left, and the others want their report."""
    said = [{"emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}]
    feed.say(event("Bounce", feed.delivery().message_id, bouncedRecipients=said))
    if address.casefold() == ANN:
        assert (feed.delivery().state, feed.suppressed()) == (MailState.BOUNCED, {ANN: "bounced"})
        return
    assert (feed.delivery().state, feed.suppressed()) == (MailState.SENT, {})
    assert feed.delivery().detail.startswith("an address that it is forwarded to has no mailbox: smtp; 550")


def test_a_domain_as_the_dns_has_it_is_the_recipients_own() -> None:
    bounced = MailEvent(MailEventKind.BOUNCED, "m", DUE, "no mailbox", ("ann@XN--FA-HIA.de",))
    assert as_seen_from(bounced, "ann@faß.de") == bounced
    assert as_seen_from(bounced, "ann@fass.de").kind is MailEventKind.DELAYED


def test_a_notice_of_a_mail_server_names_whom_it_did_not_reach() -> None:
    raw = notice(status="5.1.1", envelope_id="m1@signtally.example")
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    for written, addresses in ((ANN, (ANN,)), ("left@elsewhere.example", ("left@elsewhere.example",)), ("", ())):
        event = read_returned_mail(raw.replace(ANN.encode(), written.encode()), now=now)
        assert event is not None
        assert event.addresses == addresses


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_an_instant_beyond_the_calendar_holds_up_nothing_behind_it(feed: Feed, at: str) -> None:
    message_id = feed.delivery().message_id
    outcome = feed.say(event("Bounce", message_id, timestamp=at), event("Bounce", message_id))
    (why,) = outcome.dead_letters.values()
    assert (why.partition(":")[0], len(outcome.bounced)) == ("not-a-mail-event", 1)


def test_a_notice_with_a_date_beyond_the_calendar_counts_from_now() -> None:
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    raw = notice(status="5.1.1", envelope_id="m1@signtally.example")
    dated = raw.replace(b"Sun, 01 Nov 2026 08:00:00 +0100", b"Fri, 31 Dec 9999 23:59:59 -1400")
    event = read_returned_mail(dated, now=now)
    assert event is not None
    assert event.at == now


def test_what_the_service_takes_and_never_sends_is_refused(feed: Feed) -> None:
    assert list(feed.say(event("Reject", feed.delivery().message_id)).refused) == [ABOUT_ANN]
    assert (feed.delivery().state, feed.suppressed()) == (MailState.REFUSED, {})


def test_a_bounce_that_comes_again_does_not_suppress_again_what_was_lifted(feed: Feed) -> None:
    bounce = event("Bounce", feed.delivery().message_id)
    feed.say(bounce)
    feed.services.stores.suppressions.lift("acme", ANN)
    assert feed.say(bounce).ignored == 1
    assert feed.suppressed() == {}


def test_a_bounce_of_an_earlier_email_leaves_the_later_ones_state(feed: Feed) -> None:
    earlier = feed.delivery().message_id
    occurrence = occurrence_by_hand(acme(SCHEDULE), SCHEDULE, period=None, now=feed.acmes.clock.now)
    send_now(occurrence, services=feed.services, requested_by="u_1", recipients=[Recipient(email=ANN)], again=True)
    assert feed.say(event("Bounce", earlier)).ignored == 1
    assert (feed.delivery().state, feed.suppressed()) == (MailState.SENT, {})


def test_a_complaint_about_an_earlier_email_is_heard(feed: Feed) -> None:
    """Its reader wants no more, whichever of the two they called spam."""
    earlier = feed.delivery().message_id
    occurrence = occurrence_by_hand(acme(SCHEDULE), SCHEDULE, period=None, now=feed.acmes.clock.now)
    send_now(occurrence, services=feed.services, requested_by="u_1", recipients=[Recipient(email=ANN)], again=True)
    assert list(feed.say(event("Complaint", earlier)).complained) == [ABOUT_ANN]
    assert (feed.delivery().state, feed.suppressed()) == (MailState.COMPLAINED, {ANN: "complained"})


@pytest.mark.parametrize("kind", ["Send", "Delivery", "Open", "Click"])
def test_what_changes_nothing_is_taken_off_the_queue(feed: Feed, kind: str) -> None:
    greeting = {"Type": "Notification", "Message": "Successfully validated SNS topic for Amazon SES event publishing."}
    outcome = feed.say(event(kind, feed.delivery().message_id), greeting, {"Type": "SubscriptionConfirmation"})
    assert (outcome.ignored, outcome.dead_letters) == (3, {})
    assert feed.say(event("Complaint", feed.delivery().message_id, complaintFeedbackType="not-spam")).ignored == 1
    assert feed.queue.contents() == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("nonsense", "not-json"),
        ("[" * 100_000, "not-json"),
        ("[1]", "not-a-mail-event"),
        ('{"eventType": "Bounce"}', "not-a-mail-event"),
        ('{"eventType": ["Bounce"]}', "not-a-mail-event"),
        ('{"eventType": "Novelty", "mail": {"messageId": "x"}}', "not-a-mail-event"),
        ('{"eventType": "Bounce", "mail": {"messageId": 7}, "bounce": {}}', "not-a-mail-event"),
        ('{"eventType": "Bounce", "mail": [], "bounce": {}}', "not-a-mail-event"),
        (json.dumps(event("Bounce", "m", timestamp="yesterday")), "not-a-mail-event"),
        (json.dumps(event("Bounce", "m", bouncedRecipients=[1])), "not-a-mail-event"),
        ('{"Type": "Notification", "Message": "nonsense"}', "not-json"),
        ('{"Type": "Notification"}', "not-a-mail-event"),
    ],
)
def test_what_nobody_can_read_becomes_a_dead_letter_and_harms_no_neighbour(feed: Feed, body: str, reason: str) -> None:
    outcome = feed.say(body, event("Bounce", feed.delivery().message_id))
    assert len(outcome.bounced) == 1
    (said,) = outcome.dead_letters.values()
    (letter,) = feed.dead_letters.contents()
    assert (said.partition(":")[0], letter.attributes["reason"], letter.body) == (reason, reason, body)
    assert feed.queue.contents() == []


def test_an_event_of_no_email_of_ours_waits_and_is_given_up(feed: Feed) -> None:
    assert feed.say(event("Bounce", "of somebody else")).waiting == 1
    for _ in range(39):
        feed.acmes.clock.now += dt.timedelta(seconds=31)
        outcome = handle_mail_events(services=feed.services)
    (said,) = outcome.dead_letters.values()
    assert said.startswith("unknown-email: no email of ours has the id of somebody else (bounced: smtp; 550")


def test_a_bounce_that_overtakes_the_record_of_its_email_waits_for_it() -> None:
    """The run that sent it has died before it could say so: when its lease is over, the bounce says it."""
    feed = Feed(DyingMailer(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        run_digests(services=feed.services)
    claimed = feed.delivery()
    assert claimed.state is MailState.CLAIMED
    feed.services.stores.sent_mails.remember("m-1", SentMail(OCTOBER, ANN))
    assert feed.say(event("Bounce", "m-1")).waiting == 1
    feed.acmes.clock.now += dt.timedelta(minutes=16)
    assert list(handle_mail_events(services=feed.services).bounced) == [ABOUT_ANN]
    assert feed.delivery().state is MailState.BOUNCED


def test_without_a_queue_of_events_there_is_nothing_to_do() -> None:
    assert handle_mail_events(services=portal().services) == MailEventsOutcome()


def test_a_notification_by_email_is_recorded_or_named(feed: Feed) -> None:
    found = read_returned_mail(notice(status="5.1.1", envelope_id="memory-1+40x"), now=DUE)
    assert found is not None
    assert found.message_id == "<memory-1@x>"
    assert record_mail_event(found, services=feed.services) is None
    known = dataclasses.replace(found, message_id=feed.delivery().message_id)
    recorded = record_mail_event(known, services=feed.services)
    assert recorded is not None
    assert (recorded.state, feed.suppressed()) == (MailState.BOUNCED, {ANN: "bounced"})
