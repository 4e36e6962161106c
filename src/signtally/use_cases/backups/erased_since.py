"""Who was erased after a backup was made: restored, it brings back what was stored of them, and that is to go again."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator

import polars as pl

from signtally.domain.mail_addresses import in_small_letters
from signtally.services import Services
from signtally.stores import keys
from signtally.stores.erasures import Erasure
from signtally.stores.profile_catalogue import decoded_profile
from signtally.use_cases.backups.contents import BackupFiles


def plan_erasures_again(
    files: BackupFiles, months: Iterable[pl.DataFrame], *, since: dt.datetime, services: Services
) -> int:
    """Have everybody erased again who was erased *since*, by the addresses that the backup has of them; how many.

    *months* are its events, schema EVENTS. Raises a ServiceError.
    """
    erasures, now = services.stores.erasures, services.clock()
    again = [each for each in erasures.records() if each.finished_at is None or each.finished_at >= since]
    addresses = _addresses(files, months, again) if again else {}
    for erasure in again:
        if erasure.user_id is not None:
            known = addresses[erasure.tenant_id, erasure.user_id] | {*erasure.addresses}
            erasures.put(dataclasses.replace(erasure, finished_at=None, addresses=tuple(sorted(known))))
        erasures.plan(erasure.tenant_id, erasure.user_id, at=now)
    return len(again)


def _addresses(
    files: BackupFiles, months: Iterable[pl.DataFrame], erased: Iterable[Erasure]
) -> dict[tuple[str, str], set[str]]:
    """In small letters, by tenant and user."""
    found = {(each.tenant_id, each.user_id): set[str]() for each in erased if each.user_id is not None}
    users = pl.DataFrame([*found], schema={"tenant_id": pl.String, "user_id": pl.String}, orient="row")
    for events in months:
        named = events.join(users, on=["tenant_id", "user_id"], how="semi").drop_nulls("user_email")
        for tenant_id, user_id, email in named.select("tenant_id", "user_id", "user_email").unique().iter_rows():
            found[tenant_id, user_id].add(in_small_letters(email))
    for (tenant_id, user_id), emails in found.items():
        emails.update(_in_schedules(files, tenant_id, user_id))
    return found


def _in_schedules(files: BackupFiles, tenant_id: str, user_id: str) -> Iterator[str]:
    key = keys.tenant_profile(tenant_id)
    path = files.object(key)
    if path.exists():
        profile, _ = decoded_profile(path.read_bytes(), key=key)
        recipients = (each for schedule in profile.schedules for each in schedule.recipients)
        yield from (in_small_letters(each.email) for each in recipients if each.user_id == user_id)
