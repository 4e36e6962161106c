"""What the mail service says in an email, in any order, and in what nobody can read."""

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.mail_events import (
    BadMailEventError,
    MailEvent,
    MailEventKind,
    after_event,
    read_mail_event,
)
from signtally.domain.returned_mail import read_returned_mail
from tests.support.digest_portal import DUE
from tests.support.examples import examples
from tests.support.mail_notices import ANN, notice

SAID = st.builds(
    MailEvent,
    st.sampled_from(MailEventKind),
    st.sampled_from(["m-1", "m-2"]),
    st.just(DUE),
    st.sampled_from(["550", "452"]),
)


@settings(max_examples=examples(100), deadline=None)
@given(said=st.lists(SAID, max_size=6), again=st.data())
def test_the_weightiest_word_stands_however_often_and_in_whatever_order_it_is_said(
    said: list[MailEvent], again: st.DataObject
) -> None:
    sent = MailDelivery(ANN, MailState.SENT, DUE, "m-1", message_id="m-1")

    def state(events: list[MailEvent]) -> MailState:
        delivery = sent
        for each in events:
            delivery = after_event(delivery, each)
            assert after_event(delivery, each) == delivery
        return delivery.state

    complaint = MailEventKind.COMPLAINED  # counts whichever email it is about
    ours = {each.kind for each in said if each.message_id == "m-1" or each.kind is complaint}
    if MailEventKind.COMPLAINED in ours:
        repeated = [*said, *again.draw(st.lists(st.sampled_from(said), max_size=6))]
        assert state(again.draw(st.permutations(repeated))) is MailState.COMPLAINED
    elif ours <= {MailEventKind.DELAYED}:
        assert state(said) is MailState.SENT
    else:
        assert state(said) in {MailState.BOUNCED, MailState.REFUSED}


@pytest.mark.parametrize(
    ("status", "action", "kind"),
    [
        ("5.1.1", "failed", MailEventKind.BOUNCED),
        ("5.2.1", "failed", MailEventKind.BOUNCED),
        ("5.2.2", "failed", MailEventKind.REFUSED),
        ("5.7.1", "failed", MailEventKind.REFUSED),
        ("4.2.2", "failed", MailEventKind.DELAYED),
        ("4.4.1", "delayed", MailEventKind.DELAYED),
        ("2.0.0", "delivered", None),
    ],
)
def test_a_notification_by_email_names_its_email_by_returned_headers(
    status: str, action: str, kind: MailEventKind | None
) -> None:
    found = read_returned_mail(notice(status=status, action=action, headers="Message-ID: <m-1@x>\n"), now=DUE)
    assert (found.kind if found else None) is kind
    if found is not None:
        assert found.message_id == "<m-1@x>"
        assert found.at == dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)


def test_a_complaint_by_email_is_one() -> None:
    """A feedback report (RFC 5965) with the email that it is about."""
    found = read_returned_mail(complaint("abuse"), now=DUE)
    assert found is not None
    assert (found.kind, found.message_id, found.at) == (MailEventKind.COMPLAINED, "<m-1@x>", DUE)
    assert read_returned_mail(complaint("not-spam"), now=DUE) is None


def complaint(kind: str) -> bytes:
    return (
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is a complaint.\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: SomeMail/1.0\n\n"
        "--b\nContent-Type: message/rfc822\n\nMessage-ID: <m-1@x>\nSubject: Usage\n\n41\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"", "not-a-notification"), (b"Subject: Out of office\n\nback on Monday", "not-a-notification")],
)
def test_other_mail_is_no_notification(raw: bytes, reason: str) -> None:
    with pytest.raises(BadMailEventError) as caught:
        read_returned_mail(raw, now=DUE)
    assert caught.value.reason == reason
    with pytest.raises(BadMailEventError, match="which one came back"):
        read_returned_mail(notice(status="5.1.1"), now=DUE)


FIELDS = ("eventType", "Type", "Message", "mail", "messageId", "bounce", "Bounce", "Notification", "", None)
JSON = st.recursive(
    st.sampled_from(FIELDS), lambda each: st.dictionaries(st.sampled_from(FIELDS[:6]), each), max_leaves=5
)


@settings(max_examples=examples(30), deadline=None)
@given(body=st.text(max_size=5) | JSON.map(json.dumps))
def test_nothing_that_lies_on_the_queue_breaks_the_reader(body: str) -> None:
    try:
        found = read_mail_event(body)
    except BadMailEventError:
        return
    assert found is None
