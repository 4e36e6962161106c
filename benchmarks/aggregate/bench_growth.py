"""`bench_growth.py [MILLIONS …]`: time and memory of counting so many events (1, 10, 100), and 30 million in one day.

A hundred million are a month of 43,000 tenants, ten million three days: each day is as busy. They are counted as they
are in production, two days of everybody at a time. Goals: time at most linear, memory flat. Takes 10 GB of disk.
"""

import datetime as dt
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from portal_traffic import EVENTS_A_DAY, FIRST, make_events, make_tenants, midnight

MILLION = 1_000_000
DAY = dt.timedelta(days=1)
ONE_DAY = 30 * MILLION


def measure(events: int, *, days: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tenants(folder / "tenants.parquet")
        files = math.ceil(days)
        for number in range(files):
            since = midnight(FIRST) + number * DAY
            share = min(1.0, days - number)
            make_events(
                folder / f"events-{number:03}.parquet",
                events=round(events * share / days),
                since=since,
                until=since + share * DAY,
            )
        command = [sys.executable, str(Path(__file__).with_name("counting.py")), "ours", name]
        local = [(FIRST - DAY).isoformat(), str(files + 2)]
        done = json.loads(subprocess.run([*command, *local], check=True, stdout=subprocess.PIPE).stdout)
        pace = done["seconds"] / events * MILLION
        taken = f"{done['seconds']:.1f} s | {pace:.2f} s | {done['peak_mb']:.0f} MB"
        print(f"| {events:,} events in {days:.1f} days | {taken} |", flush=True)


def main() -> None:
    for millions in sys.argv[1:] or ("1", "10", "100"):
        events = int(millions) * MILLION
        measure(events, days=events / EVENTS_A_DAY)
    measure(ONE_DAY, days=1)


if __name__ == "__main__":
    main()
