"""Commands for what could not be counted."""

import datetime as dt
from collections.abc import Iterator, Mapping

import click

from signtally import wiring
from signtally.cli.output import json_option, print_result, printable
from signtally.cli.signals import interruptible
from signtally.domain.counted import counted
from signtally.domain.dead_letter_queues import QueueName, UnknownReasonError, known_code
from signtally.use_cases.dead_letters import (
    DeadLetterListing,
    ReasonSummary,
    ReplayOutcome,
    list_dead_letters,
    replay_dead_letters,
)

_WIDTH = 24  # of the longest code and a gap
_COLUMNS = f"{'reason':<{_WIDTH}}{'number':>9}  {'first':<20}  {'last':<20}  {'replayed':>8}"

queue_option = click.option(
    "--queue",
    type=click.Choice([*map(str, QueueName)]),
    default=str(QueueName.EVENTS),
    show_default=True,
    help="Whose dead letters.",
)
reason_option = click.option(
    "--reason", "reasons", multiple=True, help="Dead letters of this reason alone; may be given again."
)


@click.group()
def dead_letters() -> None:
    """Look at what could not be counted, and try it again."""


@dead_letters.command(name="list")
@queue_option
@reason_option
@click.option("--samples", type=click.IntRange(min=0, max=100), default=3, show_default=True, help="Of each reason.")
@json_option
def list_letters(*, queue: str, reasons: tuple[str, ...], samples: int, as_json: bool) -> None:
    """Count the dead letters by reason and show some of each. Every dead letter stays where it is.

    For the seconds that it takes, other readers of the dead letters do not see them.
    """
    name = _checked(queue, reasons)
    with interruptible():
        listing = list_dead_letters(services=wiring.services(), reasons=reasons, samples=samples, queue=name)
    print_result(listing.as_dict(), as_json=as_json, lines=lambda: list(_table(listing)))


@dead_letters.command()
@queue_option
@reason_option
@click.option("--dry-run", is_flag=True, help="Say how many of each reason would go, and move nothing.")
@json_option
def replay(*, queue: str, reasons: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Send dead letters to their queue again. Those that are there now go, each once; what fails again comes back.

    A dead letter is deleted after the queue has taken it. Stopped in between, a replay may send one twice, and its
    event counts once all the same.
    """
    name = _checked(queue, reasons)
    with interruptible():
        outcome = replay_dead_letters(services=wiring.services(), reasons=reasons, dry_run=dry_run, queue=name)
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: list(_account(outcome)))


def _checked(queue: str, reasons: tuple[str, ...]) -> QueueName:
    """The queue's name; before anything is connected, its dead letters may have these reasons."""
    name = QueueName(queue)
    for reason in reasons:
        try:
            known_code(reason, queue=name)
        except UnknownReasonError as error:
            raise click.BadParameter(str(error), param_hint="--reason") from None
    return name


def _table(listing: DeadLetterListing) -> Iterator[str]:
    if listing.reasons:
        yield _COLUMNS
    for summary in listing.reasons:
        yield from _block(summary)
    yield f"{_letters(listing.total)} in all" if listing.total else "no dead letters"
    yield from _remarks(is_complete=listing.is_complete, in_flight_elsewhere=listing.in_flight_elsewhere)
    for queue, count in listing.other_queues.items():
        yield f"About {_letters(count)} of another queue: signtally dead-letters list --queue {queue}"


def _block(summary: ReasonSummary) -> Iterator[str]:
    """A line of the table and, indented, what it means and looks like."""
    yield (
        f"{summary.reason:<{_WIDTH}}{summary.count:>9,}  {_instant(summary.oldest)}  {_instant(summary.newest)}"
        f"  {summary.replayed:>8,}"
    )
    if summary.explanation:
        yield f"    {summary.explanation}"
    for sample in summary.samples:
        replays = f", replays: {sample.replays}" if sample.replays else ""
        yield f"    · {_instant(sample.sent_at)}{replays}: {printable(sample.detail).strip() or 'no detail'}"
        yield f"      {printable(sample.body).strip()}"


def _account(outcome: ReplayOutcome) -> Iterator[str]:
    yield f"{'would be replayed' if outcome.dry_run else 'replayed'}: {_by_reason(outcome.replayed)}"
    if outcome.left:
        yield f"left, being of other reasons: {_by_reason(outcome.left)}"
    if outcome.refused:
        yield f"left, because the queue would not take them: {_by_reason(outcome.refused)}"
    if outcome.newer:
        yield f"left, having come in meanwhile: {_letters(outcome.newer)}"
    yield from _remarks(is_complete=outcome.is_complete, in_flight_elsewhere=outcome.in_flight_elsewhere)


def _remarks(*, is_complete: bool, in_flight_elsewhere: int) -> Iterator[str]:
    if not is_complete:
        yield "There may be more: they are too many to be read at once, or came in faster than they were read."
    if in_flight_elsewhere:
        yield f"In flight to another reader when this began, and not seen: about {in_flight_elsewhere:,}. Try again."


def _by_reason(counts: Mapping[str, int]) -> str:
    if not counts:
        return "nothing"
    return f"{_letters(sum(counts.values()))} ({', '.join(f'{reason} {count:,}' for reason, count in counts.items())})"


def _letters(count: int) -> str:
    return counted(count, "dead letter", grouped=True)


def _instant(instant: dt.datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%SZ}"
