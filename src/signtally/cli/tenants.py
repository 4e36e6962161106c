"""Commands for tenants' profiles."""

import json
from collections.abc import Mapping
from pathlib import Path

import click
from pydantic import ValidationError

from signtally import wiring
from signtally.cli.output import answer, explain, json_option
from signtally.domain.tenants import TenantProfile
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.stores.tenants import DEFAULT_ZONE


@click.group()
def tenants() -> None:
    """Store and show tenants' profiles."""


@tenants.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def put(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Validate profiles and store them; FILE holds one JSON profile, or an array of them.

    Nothing is stored unless every profile of every file is valid.
    """
    profiles = [profile for file in files for profile in _read(file)]
    store = wiring.services().stores.tenants
    for profile in profiles:
        store.put(profile)
    stored = [profile.tenant_id for profile in profiles]
    answer({"stored": stored}, as_json=as_json, lines=lambda: [f"stored {tenant_id}" for tenant_id in stored])


@tenants.command(name="list")
@json_option
def list_profiles(*, as_json: bool) -> None:
    """List the tenants that have a profile; what is wrong with a broken one stands beside it."""
    profiles, broken = wiring.services().stores.tenants.survey()
    listed = [
        {"tenant_id": profile.tenant_id, "name": profile.display_name, "timezone": profile.timezone}
        for profile in profiles.values()
    ]
    listed += [
        {"tenant_id": each.tenant_id, "name": each.tenant_id, "timezone": DEFAULT_ZONE, "broken": each.fault}
        for each in broken
    ]
    listed.sort(key=lambda entry: entry["tenant_id"])
    answer({"tenants": listed}, as_json=as_json, lines=lambda: [_line(entry) for entry in listed])


@tenants.command()
@click.argument("tenant_id")
@json_option
def show(tenant_id: str, *, as_json: bool) -> None:
    """Show a tenant's profile; an unknown tenant has the defaults."""
    try:
        profile = wiring.services().stores.tenants.read(tenant_id)
    except BrokenProfileError as error:
        raise click.ClickException(f"{error}; store it anew with: signtally tenants put FILE") from None
    shown = profile.model_dump(mode="json")
    answer(shown, as_json=as_json, lines=lambda: json.dumps(shown, indent=2, ensure_ascii=False).splitlines())


def _line(entry: Mapping[str, str]) -> str:
    what = f"BROKEN, so it has the defaults: {entry['broken']}" if "broken" in entry else entry["name"]
    return f"{entry['tenant_id']:<32} {entry['timezone']:<32} {what}"


def _read(file: Path) -> list[TenantProfile]:
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise click.ClickException(f"{file} is not JSON: {error}") from error
    found: list[TenantProfile] = []
    for position, entry in enumerate(document if isinstance(document, list) else [document], start=1):
        try:
            found.append(TenantProfile.model_validate_json(json.dumps(entry)))
        except ValidationError as error:
            where = f"{file}, profile {position}" if isinstance(document, list) else str(file)
            raise click.ClickException(f"{where}: {explain(error)}") from error
    return found
