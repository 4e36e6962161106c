"""Commands for digest emails by hand, and for what became of emails."""

import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import ID
from signtally.cli.schedules import digests
from signtally.domain.corrections import correction_number
from signtally.domain.deliveries import MailDelivery, MailState
from signtally.domain.destinations import Destination
from signtally.domain.mail_addresses import valid_address
from signtally.domain.schedule_terms import Recipient, Schedule, destination_labelled
from signtally.domain.schedules import shown_name
from signtally.render.email_picture import standing_alone
from signtally.saved_files import save
from signtally.use_cases.delivering import (
    PassedOccurrence,
    all_deliveries,
    all_passed_over,
    condition_outcome,
    deliveries_of,
    named_occurrence,
    passed_over,
    recorded_schedule,
    require_all_well,
    sending_by_hand,
)

__all__ = ["deliveries", "digests"]
_MOST_PASSED_OVER = 100


def _choice(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name an occurrence and a recipient."""
    for option in (
        click.option("--recipient", help="Only this address, or this destination, such as slack:board."),
        click.option("--period", help="A whole period that is over; the last one, unless given."),
        click.option("--schedule", required=True, help="The schedule's name."),
        click.option("--tenant", "tenant_id", type=ID, required=True, help="The tenant's id."),
    ):
        command = option(command)
    return command


@digests.command()
@_choice
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Save the .eml file here.")
@json_option
def preview(  # noqa: PLR0913 -- one an option
    *, tenant_id: str, schedule: str, period: str | None, recipient: str | None, output: Path | None, as_json: bool
) -> None:
    """Show an email, or a post to a destination. Nothing is sent or stored."""
    services = wiring.services()
    occurrence = named_occurrence(tenant_id, schedule, period=period, services=services)
    reader, destination = _chosen(recipient, occurrence.schedule)
    if destination is not None:
        body = json.loads(sending_by_hand.preview_post(occurrence, destination, services=services))
        shown_body = json.dumps(body, indent=2, ensure_ascii=False).splitlines()
        print_result({"period": occurrence.name, "body": body}, as_json=as_json, lines=lambda: shown_body)
        return
    message = sending_by_hand.preview(occurrence, services=services, recipient=reader)
    text = message.get_body(("plain",))
    outcome = condition_outcome(occurrence, services=services)
    path = None
    if output is not None:
        path = output / f"{occurrence.schedule.name} {occurrence.name}.eml"
        save(path, message.as_bytes())
    shown = {
        "period": occurrence.name,
        "subject": str(message["Subject"]),
        "text": text.get_content() if text is not None else "",
        "html": standing_alone(message),
        "attachments": [part.get_filename() for part in message.iter_attachments()],
        "condition": None if outcome is None else dataclasses.asdict(outcome),
        "path": None if path is None else str(path),
    }
    judged = [] if outcome is None else [f"condition {'holds' if outcome.holds else 'does not hold'}: {outcome.detail}"]
    lines = [str(shown["subject"]), *judged, "", *str(path or shown["text"]).splitlines()]
    print_result(shown, as_json=as_json, lines=lambda: lines)


@digests.command(name="send-now")
@_choice
@json_option
def send_now(*, tenant_id: str, schedule: str, period: str | None, recipient: str | None, as_json: bool) -> None:
    """Email an occurrence now to whoever has not got it yet. It need not be due.

    Also to whom it was refused, deferred or given up, or whose suppression was lifted since; not to whoever may have
    got it (in doubt).
    """
    _send(tenant_id, schedule, period=period, recipient=recipient, again=False, as_json=as_json)


@digests.command()
@_choice
@json_option
def resend(*, tenant_id: str, schedule: str, period: str | None, recipient: str | None, as_json: bool) -> None:
    """Email an occurrence once more, also to who has got it."""
    _send(tenant_id, schedule, period=period, recipient=recipient, again=True, as_json=as_json)


@click.group()
def deliveries() -> None:
    """What became of emails."""


@deliveries.command(name="list")
@click.option("--tenant", "tenant_id", type=ID, help="Of one tenant only.")
@click.option("--schedule", help="Of one schedule only; needs --tenant.")
@click.option("--state", type=click.Choice([*map(str, MailState)]), help="In this state only.")
@json_option
def list_deliveries(*, tenant_id: str | None, schedule: str | None, state: str | None, as_json: bool) -> None:
    """List what became of each recipient's emails. The newest period of each schedule comes first.

    Unless only a state is asked for, also the newest periods of each schedule for which nothing was sent, and why.
    """
    if schedule is not None and tenant_id is None:
        raise click.UsageError("--schedule needs --tenant")
    services = wiring.services()
    if tenant_id is not None and schedule is not None:
        name = recorded_schedule(tenant_id, schedule, services=services)
        found = deliveries_of(tenant_id, name, services=services)
        passed: Iterable[PassedOccurrence] = passed_over(tenant_id, name, services=services, most=_MOST_PASSED_OVER)
    else:
        found = all_deliveries(services=services, tenant_id=tenant_id)
        passed = all_passed_over(services=services, tenant_id=tenant_id, most=_MOST_PASSED_OVER)
    rows = [
        {
            "tenant_id": row.key.tenant_id,
            "schedule": row.key.schedule,
            **_row(row.delivery, period=row.period),
            "correction": correction_number(row.key.period)[1],
        }
        for row in found
        if state in {None, str(row.delivery.state)}
    ]
    shown: dict[str, object] = {"rows": rows}
    lines = [_line(row) for row in rows]
    if state is None:
        shown["passed_over"] = passed_rows = [_passed_row(each) for each in passed]
        lines += [_passed_line(row) for row in passed_rows]
    print_result(shown, as_json=as_json, lines=lambda: lines or ["none"])


def _send(  # noqa: PLR0913 -- one an option
    tenant_id: str, schedule: str, *, period: str | None, recipient: str | None, again: bool, as_json: bool
) -> None:
    services = wiring.services()
    occurrence = named_occurrence(tenant_id, schedule, period=period, services=services)
    reader, destination = _chosen(recipient, occurrence.schedule)
    sent = sending_by_hand.send_now(
        occurrence,
        services=services,
        requested_by="operator",
        recipients=[] if reader is None else [reader],
        destinations=[] if destination is None else [destination],
        again=again,
        makes_report=True,
    )
    shown = shown_name(sent.key.period)
    rows = [_row(delivery, period=shown) for delivery in sent.deliveries]
    print_result(
        {"period": shown, "deliveries": rows},
        as_json=as_json,
        lines=lambda: [f"{row['period']}  {row['recipient']}  {row['state']}  {row['detail']}" for row in rows],
    )
    require_all_well("digests by hand", sent.troubles)


def _chosen(recipient: str | None, schedule: Schedule) -> tuple[Recipient | None, Destination | None]:
    """Whom `--recipient` names: an address, or a destination; neither when it is not given."""
    if recipient is None:
        return None, None
    if "@" not in recipient and ":" in recipient:
        destination = destination_labelled(recipient, schedule)
        if destination is None:
            known = ", ".join(each.label for each in schedule.destinations) or "none"
            raise _bad_recipient(f"the schedule {schedule.name} has no destination {recipient!r}; it has: {known}")
        return None, destination
    try:
        return Recipient(email=valid_address(recipient)), None
    except ValueError as error:
        raise _bad_recipient(str(error)) from None


def _bad_recipient(why: str) -> click.BadParameter:
    return click.BadParameter(why, param_hint="'--recipient'")


def _row(delivery: MailDelivery, *, period: str) -> dict[str, object]:
    return {
        "period": period,
        "recipient": delivery.email,
        "state": str(delivery.state),
        "at": delivery.at.isoformat(),
        "detail": delivery.detail,
        "attempts": delivery.attempts,
    }


def _passed_row(passed: PassedOccurrence) -> dict[str, object]:
    record = passed.record
    return {
        "tenant_id": passed.key.tenant_id,
        "schedule": passed.key.schedule,
        "period": passed.period,
        "occurrences": record.occurrences,
        "why": str(record.why),
        "at": record.at.isoformat(),
    }


def _passed_line(row: dict[str, object]) -> str:
    several = "" if row["occurrences"] == 1 else f" ({row['occurrences']} periods)"
    return f"{row['tenant_id']} / {row['schedule']} / {row['period']}{several}  passed over: {row['why']}  {row['at']}"


def _line(row: dict[str, object]) -> str:
    about = f"{row['tenant_id']} / {row['schedule']} / {row['period']} / {row['recipient']}"
    corrected = " (corrected)" if row["correction"] else ""
    return f"{about}{corrected}  {row['state']}  {row['at']}  {row['detail']}"
