"""`counting.py HOW FOLDER FIRST DAYS`: count the events in a folder on local days, and say what it took.

A process of its own, so that its peak memory is its own. Prints a JSON object: seconds, peak_mb, rows.
"""
# ruff: noqa: PLC0415 - each process loads what it measures and nothing else

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

BLOCK_DAYS = 2  # that one bulk read holds of all tenants


def ours(folder: Path, first: dt.date, days: int) -> int:
    """Block by block as `signtally aggregate` does with what the store has unloaded."""
    import polars as pl

    from signtally.domain.aggregation import TenantDay
    from signtally.domain.repeated_ids import RepeatedIds
    from signtally.domain.schemas import IDENTITY
    from signtally.domain.tenant_parts import daily_usage_by_parts

    rows, nothing = 0, IDENTITY.to_frame()
    tenants = [*pl.read_parquet(folder / "tenants.parquet").iter_rows()]
    for offset in range(0, days, BLOCK_DAYS):
        dates = [first + dt.timedelta(days=each) for each in range(offset, min(offset + BLOCK_DAYS, days))]
        block = [TenantDay(tenant_id, day, timezone) for tenant_id, timezone in tenants for day in dates]
        since, until = min(day.begins for day in block), max(day.ends for day in block)
        within = pl.col("occurred_at").is_between(since, until, closed="left")
        events = pl.scan_parquet(folder / "events-*.parquet").filter(within)
        ids = RepeatedIds.among(events, superseded=nothing)
        for part, _, counted in daily_usage_by_parts(events, days=block, ids=ids):
            counted.write_parquet(folder / f"ours-{offset}-{part.index}.parquet")
            rows += len(counted)
    return rows


def duckdb(folder: Path, first: dt.date, days: int) -> int:
    import duckdb

    from signtally.domain.actions import Action

    counts = ", ".join(f"count(*) FILTER (action = '{action}') AS {action}" for action in Action)
    latest = ", ".join(
        f"arg_max({name}, (occurred_at, received_at, {name})) FILTER ({name} IS NOT NULL) AS {name}"
        for name in ("user_name", "user_email")
    )
    query = f"""
        COPY (
            WITH placed AS (
                SELECT *, (occurred_at AT TIME ZONE timezone)::DATE AS day
                FROM read_parquet('{folder}/events-*.parquet') AS events
                JOIN read_parquet('{folder}/tenants.parquet') AS tenants USING (tenant_id)
            ),
            counted AS (
                SELECT * FROM placed WHERE day BETWEEN $first AND $last QUALIFY 1 = row_number() OVER (
                    PARTITION BY tenant_id, day, event_id ORDER BY received_at, message_id, user_id, action
                )
            )
            SELECT tenant_id, user_id, day, {counts}, {latest}, any_value(timezone) AS timezone
            FROM counted GROUP BY tenant_id, user_id, day
        ) TO '{folder}/duckdb-0.parquet' (FORMAT parquet)"""  # noqa: S608 -- our own files
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        values = {"first": first, "last": first + dt.timedelta(days=days - 1)}
        return int(connection.execute(query, values).fetchall()[0][0])


def pandas(folder: Path, first: dt.date, days: int) -> int:
    import pandas as pd

    from signtally.domain.actions import Action

    files = sorted(folder.glob("events-*.parquet"))
    events = pd.concat(pd.read_parquet(path).drop(columns=["document_id", "sent_at"]) for path in files)
    events = events.merge(pd.read_parquet(folder / "tenants.parquet"), on="tenant_id")
    parts = []
    for timezone, some in events.groupby("timezone"):
        day = some["occurred_at"].dt.tz_convert(timezone).dt.tz_localize(None).dt.normalize()
        parts.append(some.assign(day=day))
    events = pd.concat(parts)
    del parts
    begin = pd.Timestamp(first)
    events = events[(events["day"] >= begin) & (events["day"] < begin + pd.Timedelta(days=days))]
    events = events.sort_values(["received_at", "message_id", "user_id", "action"])
    events = events.drop_duplicates(["tenant_id", "day", "event_id"]).sort_values(["occurred_at", "received_at"])
    for action in Action:
        events[str(action)] = events["action"] == str(action)
    sums = {str(action): (str(action), "sum") for action in Action}
    last = {name: (name, "last") for name in ("user_name", "user_email", "timezone")}
    rows = events.groupby(["tenant_id", "user_id", "day"], sort=False).agg(**sums, **last).reset_index()
    rows.to_parquet(folder / "pandas-0.parquet")
    return len(rows)


HOW: dict[str, Callable[[Path, dt.date, int], int]] = {"ours": ours, "duckdb": duckdb, "pandas": pandas}


def peak_megabytes() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main() -> None:
    how, folder, first, days = sys.argv[1:]
    began = time.perf_counter()
    rows = HOW[how](Path(folder), dt.date.fromisoformat(first), int(days))
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_mb": peak_megabytes(), "rows": rows}))


if __name__ == "__main__":
    main()
