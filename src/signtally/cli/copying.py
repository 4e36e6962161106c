"""The command that moves usage from one store to another."""

import os
from collections.abc import Iterator

import click
from pydantic import ValidationError

from signtally import wiring
from signtally.cli.output import json_option, print_result
from signtally.cli.parameters import ID
from signtally.cli.signals import interruptible
from signtally.domain.counted import counted
from signtally.ports.errors import StoreAddressError
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases.copying import CopyOutcome, CopyProgress, Proof
from signtally.use_cases.copying import copy_store as copy_from

_ENVIRONMENT = "env:"
_SHOWN = 20  # differences of a side


@click.command("copy-store")
@click.option("--from", "source", metavar="STORE", required=True, help="Where usage is now; it is only read.")
@click.option("--to", "target", metavar="STORE", required=True, help="Where it is to be; its schema is made.")
@click.option("--tenant", "tenant_id", type=ID, help="This tenant alone.")
@click.option("--no-proof", is_flag=True, help="Copy, and leave both sides unproven.")
@json_option
def copy_store(*, source: str, target: str, tenant_id: str | None, no_proof: bool, as_json: bool) -> None:
    """Copy usage from one usage store into another.

    That is events, daily usage and corrections; the bucket stays as it is.

    A STORE is what SIGNTALLY_USAGE_STORE takes, or env:NAME, which reads that from the variable NAME. Only what is
    missing is written: broken off, the same command goes on, and again later it brings what came since. Then both sides
    are proven as `signtally reconcile` proves figures. Exit code 1 when they do not agree, or something was refused.
    """
    sides = _settings(source, option="--from"), _settings(target, option="--to")
    if sides[0].usage_store == sides[1].usage_store:
        raise click.UsageError("--from and --to name the same store")
    stores = _services(sides[0], option="--from"), _services(sides[1], option="--to")
    with interruptible():
        outcome = copy_from(*stores, tenant_id=tenant_id, prove=not no_proof, on_progress=_report_progress)
    print_result(outcome.as_dict(), as_json=as_json, lines=lambda: list(_account(outcome)))
    if not outcome.is_level:
        raise SystemExit(1)


def _settings(store: str, *, option: str) -> Settings:
    """Raises click.BadParameter, which names the option, not the setting of programs, for what names no store."""
    settings, address = Settings(), _named(store)
    if not address.strip():
        raise _bad(option, "it is empty: write timestream, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    try:
        chosen = Settings.model_validate({"usage_store": address})
    except ValidationError as error:
        raise _bad(option, error.errors(include_context=False)[0]["msg"].removeprefix("Value error, ")) from None
    return settings.model_copy(update={"usage_store": chosen.usage_store, "usage_store_replica": None})


def _services(settings: Settings, *, option: str) -> Services:
    try:
        return wiring.services(settings)
    except StoreAddressError as error:
        raise _bad(option, f"the address {error.advice}") from None


def _bad(option: str, why: str) -> click.BadParameter:
    return click.BadParameter(why, param_hint=f"'{option}'")


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
    events, months = counted(copied.events, "event"), counted(outcome.months, "month")
    yield f"{events} of {months}: {copied.written} written, the others were there"
    rows, restatements = counted(copied.rows, "row"), counted(copied.restatements, "restatement")
    yield f"{rows} of daily usage and {restatements} written"
    if copied.unlike:
        yield f"left out: {counted(copied.unlike, 'event')} whose id stands there with another time, user or tenant"
    if copied.refused:
        yield f"refused for good: {counted(copied.refused, 'event')}, such as what is beyond the store's retention"
    if outcome.names_forgotten:
        changed = counted(outcome.names_forgotten, "event or row", "events and rows")
        yield f"{changed} lost the names of users who were erased since the last copy"
    for name, proof in (("source", outcome.source), ("target", outcome.target)):
        if proof is not None:
            yield from _told(name, proof)


def _told(name: str, proof: Proof) -> Iterator[str]:
    yield from map(str, (proof.mismatches + proof.report_mismatches)[:_SHOWN])
    days = counted(proof.tenant_days, "day of a tenant", "days of tenants")
    if proof.is_clean:
        yield f"{name}: {days}: events = aggregates = reports; pending: {proof.pending}"
    else:
        differing = len(proof.mismatches) + len(proof.report_mismatches)
        yield f"{name}: {days}, {counted(differing, 'difference')}: run the same command again"
