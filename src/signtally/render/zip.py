"""The ZIP file: the tables of the snapshot as CSV, and `about.json`, which says what they are and add up to.

| file | one row |
|---|---|
| `users.csv` | a user with any action in the period: the same as the CSV file |
| `days.csv` | a day of the period |
| `documents.csv` | a document that was open at any moment of the period, the oldest open first |
| `totals.csv` | a period: the reported one, the one compared with, earlier ones |
| `user_days.csv` | a user and day (month, beyond 62 days) with any activity |
| `inactive_users.csv` | a user without any action, who had some in the period before |

Equal reports give equal bytes: the entries are dated by the report.
"""

import datetime as dt
import io
import zipfile

from signtally.domain.snapshot import ReportIdentity
from signtally.render import csv_tables
from signtally.render.about import about
from signtally.render.contents import Contents
from signtally.render.csv import csv_bytes, separator

_EARLIEST_YEAR = 1980  # of a date in a ZIP file
_READABLE_BY_ALL = 0o644 << 16


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file."""
    tables = {
        "users": csv_tables.users(contents, identity),
        "days": csv_tables.days(contents),
        "documents": csv_tables.documents(contents),
        "totals": csv_tables.totals(contents),
        "user_days": csv_tables.user_days(contents),
        "inactive_users": csv_tables.inactive_users(contents),
    }
    between = separator(contents.snapshot.tenant)
    entries = {f"{name}.csv": csv_bytes(table, separator=between) for name, table in tables.items()}
    entries["about.json"] = about(contents, identity).model_dump_json(indent=2).encode()
    return _packed(entries, made_at=identity.made_at)


def _packed(entries: dict[str, bytes], *, made_at: dt.datetime) -> bytes:
    utc = made_at.astimezone(dt.UTC)
    date = utc.replace(year=max(utc.year, _EARLIEST_YEAR)).timetuple()[:6]
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, date_time=date)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE_BY_ALL
            entry.create_system = 3  # Unix, wherever it was made
            archive.writestr(entry, content)
    return body.getvalue()
