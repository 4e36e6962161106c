"""Events of 43,000 tenants in Parquet, in the columns that the store unloads, made by DuckDB in a moment.

A few tenants are large and most are small; one id in a thousand is sent twice, at another time.
"""

import datetime as dt
from pathlib import Path

import duckdb

from signtally.domain.actions import Action

TENANTS = 43_000
FIRST = dt.date(2026, 10, 24)  # the night on which Europe sets its clocks back is the next one
EVENTS_A_DAY = 100_000_000 // 30
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Athens",
    "Europe/Moscow",
    "Africa/Cairo",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Toronto",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Mexico_City",
    "America/Bogota",
    "America/Santiago",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Yangon",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Seoul",
    "Asia/Tbilisi",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Australia/Eucla",
    "Pacific/Auckland",
    "Pacific/Apia",
    "Pacific/Honolulu",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
]


_EVENTS = """
COPY (
    SELECT tenant_id, tenant_id || '/u' || person AS user_id, $actions[1 + n % len($actions)] AS action,
        '/portal/documents#' || md5($file || (n - (hash(n, 'twice') % 1000 = 0)::INT)::VARCHAR) AS event_id,
        occurred_at, occurred_at + to_seconds((hash(n, 'received') % 60)::INT) AS received_at,
        uuid()::VARCHAR AS message_id, 'doc_' || n // 5 AS document_id,
        CASE WHEN n % 5 > 0 THEN 'User ' || person END AS user_name,
        CASE WHEN n % 5 > 0 THEN 'u' || person || '@' || tenant_id || '.example' END AS user_email,
        NULL::TIMESTAMPTZ AS sent_at
    FROM (
        SELECT n, printf('tenant-%05d', tenant) AS tenant_id, hash(n, 'person') % (1 + tenant % 15) AS person,
            $since::TIMESTAMPTZ + to_microseconds(n * $pause) AS occurred_at
        FROM (
            SELECT range AS n, ($tenants * pow(hash(range // 2) % 1000000 / 1e6, 2))::INT AS tenant FROM range({events})
        )
    )
) TO '{path}' (FORMAT parquet)
"""


def make_tenants(path: Path) -> None:
    """Columns tenant_id, timezone."""
    query = f"""COPY (SELECT printf('tenant-%05d', range) AS tenant_id, $zones[1 + range % len($zones)] AS timezone
        FROM range({TENANTS + 1})) TO '{path}' (FORMAT parquet)"""  # noqa: S608 -- our own file
    with duckdb.connect() as connection:
        connection.execute(query, {"zones": ZONES})


def make_events(path: Path, *, events: int, since: dt.datetime, until: dt.datetime) -> None:
    """Spread evenly, in order of time; ids differ from those of other files, as they do on the queue."""
    pause = (until - since) // dt.timedelta(microseconds=1) // events
    values: dict[str, object] = {"since": since, "pause": pause, "tenants": TENANTS, "file": path.stem}
    values["actions"] = [str(action) for action in Action]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false; SET memory_limit = '2GB'")
        connection.execute(_EVENTS.format(events=events, path=path), values)


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=dt.UTC)
