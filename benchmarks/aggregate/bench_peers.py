"""Ten million events of 43,000 tenants → daily rows: ours, DuckDB SQL and pandas, each in a process of its own.

All three count the same: days in each tenant's zone, the first received of an id, latest names; the rows are compared.
Goals: at most 1.2 times DuckDB's time, at most 2 GB.
"""

import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal
from portal_traffic import EVENTS_A_DAY, FIRST, make_events, make_tenants, midnight

EVENTS = 10_000_000
DAYS = 5  # local dates that have a part in three days of UTC
ROW = ["tenant_id", "user_id", "day"]


def measured(how: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).with_name("counting.py")), how, str(folder)]
    first = FIRST - dt.timedelta(days=1)
    done = subprocess.run([*command, first.isoformat(), str(DAYS)], check=True, stdout=subprocess.PIPE)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def counted(how: str, folder: Path) -> pl.DataFrame:
    rows = pl.read_parquet(folder / f"{how}-*.parquet").with_columns(pl.col("day").cast(pl.Date))
    numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    return rows.with_columns(pl.col(numbers).cast(pl.Int64)).sort(ROW)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tenants(folder / "tenants.parquet")
        until = midnight(FIRST) + EVENTS / EVENTS_A_DAY * dt.timedelta(days=1)
        make_events(folder / "events-0.parquet", events=EVENTS, since=midnight(FIRST), until=until)
        figures = {how: measured(how, folder) for how in ("ours", "duckdb", "pandas")}
        expected = counted("ours", folder)
        for how in ("duckdb", "pandas"):
            assert_frame_equal(counted(how, folder), expected, check_column_order=False)
        for how, each in figures.items():
            ratio = figures["ours"]["seconds"] / each["seconds"]
            print(f"| {how} | {each['seconds']:.1f} s | {ratio:.2f} × | {each['peak_mb']:.0f} MB | {each['rows']:,} |")


if __name__ == "__main__":
    main()
