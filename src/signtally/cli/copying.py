"""The command that moves usage from one store to another."""

import os
from collections.abc import Iterator

import click
from pydantic import SecretStr

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.signals import interruptible
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.copying import CopyOutcome, CopyProgress, Proof
from signtally.use_cases.copying import copy_store as copy_from

_ENVIRONMENT = "env:"
_SHOWN = 20  # differences of a side


@click.command("copy-store")
@click.option("--from", "source", metavar="STORE", required=True, help="Where usage is now; it is only read.")
@click.option("--to", "target", metavar="STORE", required=True, help="Where it is to be; its schema is made.")
@click.option("--tenant", "tenant_id", help="This tenant alone.")
@click.option("--no-proof", is_flag=True, help="Copy, and leave both sides unproven.")
@json_option
def copy_store(*, source: str, target: str, tenant_id: str | None, no_proof: bool, as_json: bool) -> None:
    """Copy usage from one usage store into another.

    That is events, daily usage and corrections; the bucket stays as it is.

    A STORE is what SIGNTALLY_USAGE_STORE takes, or env:NAME, which reads that from the variable NAME. Only what is
    missing is written: broken off, the same command goes on, and again later it brings what came since. Then both sides
    are proven as `signtally reconcile` proves figures. Exit code 1 when they do not agree, or something was refused.
    """
    if _named(source) == _named(target):
        raise click.UsageError("--from and --to name the same store")
    with interruptible():
        outcome = copy_from(
            _services(source), _services(target), tenant_id=tenant_id, prove=not no_proof, on_progress=_report_progress
        )
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: list(_account(outcome)))
    if not outcome.is_level:
        raise SystemExit(1)


def _services(store: str) -> Services:
    return wiring.services(Settings(usage_store=SecretStr(_named(store)), usage_store_replica=None))


def _named(store: str) -> str:
    if not store.startswith(_ENVIRONMENT):
        return store
    name = store.removeprefix(_ENVIRONMENT)
    if not os.environ.get(name):
        raise click.UsageError(f"the variable {name} is not set; {store} reads a store's address from it")
    return os.environ[name]


def _report_progress(progress: CopyProgress) -> None:
    click.echo(str(progress), err=True)


def _account(outcome: CopyOutcome) -> Iterator[str]:
    copied = outcome.copied
    yield f"{copied.events} events of {outcome.months} months: {copied.written} written, the others were there"
    yield f"{copied.rows} rows of daily usage and {copied.restatements} restatements written"
    if copied.unlike:
        yield f"{copied.unlike} events were left out: their ids stand there with another time, user or tenant"
    if copied.refused:
        yield f"{copied.refused} events were refused for good, such as those beyond the store's retention"
    if outcome.names_forgotten:
        yield f"{outcome.names_forgotten} events and rows lost the names of users who were erased since the last copy"
    for name, proof in (("source", outcome.source), ("target", outcome.target)):
        if proof is not None:
            yield from _told(name, proof)


def _told(name: str, proof: Proof) -> Iterator[str]:
    yield from map(str, (proof.mismatches + proof.report_mismatches)[:_SHOWN])
    if proof.is_clean:
        yield f"{name}: {proof.tenant_days} days of tenants: events = aggregates = reports; {proof.pending} are pending"
    else:
        differing = len(proof.mismatches) + len(proof.report_mismatches)
        yield f"{name}: {proof.tenant_days} days of tenants, {differing} differences: run the same command again"
