"""A schedule's files as attachments: whole, below the limit, the same as the links; the rest is linked alone."""

import dataclasses
import hashlib
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.policy import SMTP

from signtally.domain.reports import ReportFile
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schedules import occurrence_of
from signtally.use_cases.delivering import digest_messages, occurrence_by_hand
from signtally.use_cases.delivering.attaching import ATTACHMENT_LIMIT_BYTES, plan_attachments
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.scheduling import current_report
from signtally.use_cases.delivering.sending_by_hand import preview
from tests.support.digest_portal import DUE, MONTHLY, Portal, acme, portal, usage

ATTACHED = MONTHLY.model_copy(update={"attach": True, "formats": ("csv", "json")})


def attaching(schedule: Schedule = ATTACHED) -> Portal:
    acmes = portal()
    acmes.store(acme(schedule))
    acmes.services.usage_store.put_daily_usage(usage(41), version=1)
    return acmes


def as_received(message: EmailMessage) -> EmailMessage:
    return message_from_bytes(message.as_bytes(policy=SMTP), policy=policy.default)


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def test_everybody_gets_the_files_of_the_version_that_is_linked() -> None:
    acmes = attaching()
    assert run_digests(services=acmes.services).sent == 2
    october = occurrence_by_hand(acme(ATTACHED), ATTACHED, period=None, now=DUE)
    manifest, _ = current_report(october, services=acmes.services)
    for sent in acmes.mailer.sent:
        received = as_received(sent)
        assert received.get_content_type() == "multipart/mixed"
        found = [(part.get_filename(), part.get_content_type()) for part in received.iter_attachments()]
        assert found == [("acme usage 2026-10.csv", "text/csv"), ("acme usage 2026-10.json", "application/json")]
        bodies = [part.get_payload(decode=True) for part in received.iter_attachments()]
        assert [hashlib.sha256(body).hexdigest() for body in bodies if isinstance(body, bytes)] == [
            file.sha256 for file in manifest.files
        ]
        assert "/files/json" in plain(received)
        assert "41" in plain(received)
        assert "attach" not in plain(received)


def test_without_the_choice_nothing_is_attached() -> None:
    acmes = attaching(MONTHLY)
    run_digests(services=acmes.services)
    assert not [*acmes.mailer.sent[0].iter_attachments()]


def test_files_stay_below_the_limit_together_and_the_mail_names_those_that_are_linked_alone() -> None:
    acmes = attaching()
    october = occurrence_by_hand(acme(ATTACHED), ATTACHED, period=None, now=DUE)
    manifest, _ = current_report(october, services=acmes.services)

    def planned(*sizes: int) -> tuple[list[int], int]:
        files = tuple(ReportFile("csv", f"k{number}", "f", size, "") for number, size in enumerate(sizes))
        plan = plan_attachments(ATTACHED, dataclasses.replace(manifest, files=files))
        return [file.size_bytes for file in plan.attached], len(plan.too_large)

    limit = ATTACHMENT_LIMIT_BYTES
    assert planned(limit) == ([], 1)
    assert planned(limit - 1, 1) == ([limit - 1], 1)
    assert planned(limit - 2, limit, 1) == ([limit - 2, 1], 1)
    digest = digest_messages.made_digest(october, services=acmes.services)
    too_large = dataclasses.replace(digest.context, too_large=("xlsx", "zip"))
    message = dataclasses.replace(digest, context=too_large).preview(ATTACHED.recipients[0])
    assert "Too large to attach: Excel, ZIP. Please use the links." in plain(message)


def test_a_mail_that_cannot_wait_for_files_attaches_those_that_are_there_and_says_so_otherwise() -> None:
    acmes = attaching()
    october = occurrence_of(acme(ATTACHED), ATTACHED, occurrence_by_hand(acme(), MONTHLY, period=None, now=DUE).period)
    early = preview(october, services=acmes.services)
    assert not [*early.iter_attachments()]
    assert "The files were not ready when this email was sent. Please use the links." in plain(early)
    current_report(october, services=acmes.services)
    assert len([*preview(october, services=acmes.services).iter_attachments()]) == 2
    acmes.services.usage_store.put_daily_usage(usage(43), version=2)
    assert not [*preview(october, services=acmes.services).iter_attachments()]
