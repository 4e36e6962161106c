"""Commands for tenants' profiles."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import click
from pydantic import ValidationError

from signtally import wiring
from signtally.cli.output import explain, json_option, print_result
from signtally.cli.parameters import ID
from signtally.domain.json_text import repeated_names
from signtally.domain.profile_texts import storable_id
from signtally.domain.resumed_schedules import going_on
from signtally.domain.schedule_limits import ScheduleLimitError, ScheduleLimits
from signtally.domain.schedule_terms import schedule_named
from signtally.domain.tenants import TenantProfile
from signtally.logos.errors import LogoError
from signtally.logos.profile_logos import with_png_logo
from signtally.services import Services
from signtally.stores.profile_catalogue import BrokenProfileError


@click.group()
def tenants() -> None:
    """Store and show tenants' profiles."""


@tenants.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def put(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Validate profiles and store them. FILE holds one JSON profile, or an array of them.

    Nothing is stored unless every profile of every file is valid, and each is of another tenant. A schedule without
    `starts_at` starts as it did before; now, where it was paused and is no longer, or is made again after it was
    deleted.
    """
    profiles = [profile for file in files for profile in _read(file)]
    _check_distinct(profiles)
    services = wiring.services()
    for profile in profiles:
        _check_limits(profile, services.schedule_limits)
    tenants = services.stores.tenants
    for profile in profiles:
        tenants.put(_going_on(profile, services=services))
    stored = [profile.tenant_id for profile in profiles]
    print_result({"stored": stored}, as_json=as_json, lines=lambda: [f"stored {tenant_id}" for tenant_id in stored])


@tenants.command(name="list")
@json_option
def list_profiles(*, as_json: bool) -> None:
    """List the tenants that have a profile. What is wrong with a broken one stands beside it."""
    profiles, broken = wiring.services().stores.tenants.survey()
    listed: dict[str, dict[str, object]] = {profile.tenant_id: _listed(profile) for profile in profiles.values()}
    for error in broken:
        tenant_id = error.profile.tenant_id
        about = listed.setdefault(tenant_id, _listed(TenantProfile(tenant_id=tenant_id)))
        about |= {"broken": error.problems, "sends_on_hold": error.profile.is_too_broken_to_send}
    rows = sorted(listed.values(), key=lambda row: str(row["tenant_id"]))
    print_result({"tenants": rows}, as_json=as_json, lines=lambda: [_line(row) for row in rows])


@tenants.command()
@click.argument("tenant_id", type=ID)
@click.option("--secrets", is_flag=True, help="With addresses and secrets of webhooks, to store them again.")
@json_option
def show(tenant_id: str, *, secrets: bool, as_json: bool) -> None:
    """Show a tenant's profile as it applies. An unknown tenant has the defaults.

    Invalid fields of a broken profile have their defaults too, and stderr names them. A profile that cannot be read,
    or has no valid time zone, is an error.
    """
    try:
        profile = wiring.services().stores.tenants.read(tenant_id)
    except BrokenProfileError as error:
        if error.profile.is_unreadable:
            raise click.ClickException(f"{error}; store it anew with: signtally tenants put FILE") from None
        click.echo(f"{error}; shown is what applies", err=True)
        profile = error.profile
    shown = profile.model_dump(mode="json")
    for schedule, known in zip(shown["schedules"], profile.schedules, strict=True):
        for destination, stored in zip(schedule["destinations"], known.destinations, strict=True):
            if not secrets:
                destination |= {"url": stored.shown_url, "secret": None}
    print_result(shown, as_json=as_json, lines=lambda: json.dumps(shown, indent=2, ensure_ascii=False).splitlines())


def _listed(profile: TenantProfile) -> dict[str, object]:
    shown = {"tenant_id": profile.tenant_id, "name": profile.display_name}
    return {**shown, "timezone": profile.timezone, "status": profile.status}


def _line(row: Mapping[str, object]) -> str:
    what = f"{row['name']}   SUSPENDED" if row["status"] == "suspended" else str(row["name"])
    if "broken" in row:
        effect = "scheduled sends wait until it is mended" if row["sends_on_hold"] else "these have their defaults"
        what = f"{what}   BROKEN ({effect}): {row['broken']}"
    return f"{row['tenant_id']:<32} {row['timezone']:<32} {what}"


def _read(file: Path) -> list[TenantProfile]:
    try:
        body = file.read_bytes()
        document, repeated = json.loads(body), repeated_names(body)
    except (ValueError, RecursionError) as error:  # nested too deeply to be read
        raise click.ClickException(f"{file} is not JSON: {error}") from None
    if repeated:
        raise click.ClickException(f"{file} gives {', '.join(repeated)} more than once: write each field once")
    found: list[TenantProfile] = []
    for position, entry in enumerate(document if isinstance(document, list) else [document], start=1):
        try:
            profile = with_png_logo(TenantProfile.model_validate_json(json.dumps(entry)))
            storable_id(profile.tenant_id)
            found.append(profile)
        except (ValueError, LogoError) as error:  # of a field or the id, or the logo
            where = f"{file}, profile {position}" if isinstance(document, list) else str(file)
            raise click.ClickException(f"{where}: {_explain(error)}") from error
    return found


def _going_on(profile: TenantProfile, *, services: Services) -> TenantProfile:
    before, problems = services.stores.tenants.with_problems(profile.tenant_id)
    has_new = any(schedule_named(each.name, before.schedules) is None for each in profile.schedules)
    # A broken profile shows fewer schedules than it has: those are mended, not made again.
    delivered = services.stores.deliveries.schedules(profile.tenant_id) if has_new and not problems else []
    return going_on(profile, before=before, now=services.clock(), delivered=delivered)


def _check_distinct(profiles: Collection[TenantProfile]) -> None:
    """Which of two is meant nobody can say."""
    repeated = [each for each, number in Counter(profile.tenant_id for profile in profiles).items() if number > 1]
    if repeated:
        raise click.ClickException(f"more than one profile is given for {', '.join(repeated)}; nothing was stored")


def _check_limits(profile: TenantProfile, limits: ScheduleLimits) -> None:
    try:
        limits.check_number(profile)
        for schedule in profile.schedules:
            limits.check(schedule, of=profile)
    except ScheduleLimitError as error:
        raise click.ClickException(f"{profile.tenant_id}: {error}") from error


def _explain(error: ValueError | LogoError) -> str:
    if isinstance(error, ValidationError):
        return explain(error)
    return f"{'branding.logo' if isinstance(error, LogoError) else 'tenant_id'}: {error}"
