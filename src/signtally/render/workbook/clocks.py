"""Instants on a sheet: Excel knows no zones."""

import datetime as dt

from signtally.render.contents import Contents
from signtally.render.date_formats import utc_offset


def wall_clock(contents: Contents, instant: dt.datetime | None) -> tuple[dt.datetime | None, str]:
    """The tenant's clock as a date and time, and the zone's name, which stands beside it."""
    if instant is None:
        return None, ""
    local = instant.astimezone(contents.snapshot.tenant.zone)
    name, offset = contents.snapshot.tenant.timezone, utc_offset(local)
    return local.replace(tzinfo=None), name if name == offset else f"{name}, {offset}"
