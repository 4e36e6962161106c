"""All of a tenant's figures in one ZIP file, for the tenant to take along.

| file | one row |
|---|---|
| `daily_usage.jsonl` | a user and day of the tenant's zone |
| `events.jsonl` | an event as it is stored: also those that do not count because their id came earlier |
| `profile.json` | the profile, without addresses and secrets of webhooks |
| `about.json` | whose, when, how many rows, and the sums of all days |
"""

import json
import tempfile
import zipfile
from pathlib import Path

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.domain.time_units import ONE_DAY, UNIX_EPOCH
from signtally.services import Services
from signtally.stores.keys import segment

_FIRST_DAY = (UNIX_EPOCH + ONE_DAY).date()


def prepare(directory: Path) -> None:
    """Make the directory. Raises an OSError where no file can be made in it."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=directory):
        pass


def export_tenant(tenant_id: str, *, directory: Path, services: Services) -> Path:
    """Write the file into a prepared *directory* and return its path.

    One that an earlier call left there stays: names may be gone since.

    Raises a ServiceError or an OSError: then there is no file.
    """
    now = services.clock()
    path = directory / f"{segment(tenant_id)}-export.zip"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(dir=directory, prefix=".export-") as folder:
        room = Path(folder)
        about = {"tenant_id": tenant_id, "exported_at": now.isoformat(), **_write_tables(tenant_id, room, services)}
        (room / "about.json").write_text(json.dumps(about, indent=2))
        (room / "profile.json").write_text(json.dumps(_profile(tenant_id, services), indent=2, ensure_ascii=False))
        names = sorted(each.name for each in room.iterdir())
        packed = room / "packed.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(room / name, name)
        packed.replace(path)
    return path


def _write_tables(tenant_id: str, room: Path, services: Services) -> dict[str, object]:
    """Rows and sums of what was written."""
    store, tomorrow = services.usage_store, services.clock() + ONE_DAY
    with store.scan_daily_usage(first=_FIRST_DAY, last=tomorrow.date(), tenant_ids=[tenant_id]) as rows:
        usage = rows.collect(engine="streaming").sort("day", "user_id")
    with store.scan_events(since=UNIX_EPOCH, until=tomorrow, tenant_ids=[tenant_id]) as rows:
        events = rows.collect(engine="streaming").sort("occurred_at", "event_id")
    tables = {"daily_usage.jsonl": usage, "events.jsonl": events}
    for name, table in tables.items():
        table.write_ndjson(room / name)
    sums = usage.select(pl.col(MEASURES).sum()).row(0, named=True)
    return {"rows": {name: len(table) for name, table in tables.items()}, "totals": sums}


def _profile(tenant_id: str, services: Services) -> dict[str, object]:
    profile = services.stores.tenants.get(tenant_id)
    shown = profile.model_dump(mode="json")
    for schedule, known in zip(shown["schedules"], profile.schedules, strict=True):
        for destination, stored in zip(schedule["destinations"], known.destinations, strict=True):
            destination |= {"url": stored.shown_url, "secret": None}
    return shown
