"""What a PDF costs in CPU time, against headless Chromium printing the same HTML, in turns.

    .venv/bin/python benchmarks/report_pdf.py

The reports have everything: trend, funnel, open documents, days. Both sides are warm: here a process that has rendered
before, there a browser that is open. Chromium's time is that of all its processes.
"""

import datetime as dt
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jinja2
import polars as pl
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests.support

from signtally.domain.actions import Counts
from signtally.domain.documents import DOCUMENT_ROWS, Cohort
from signtally.domain.periods import parse_period
from signtally.domain.snapshot import DayUsage, ReportIdentity, UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile
from signtally.domain.trend import TrendPoint
from signtally.render import pdf
from signtally.render.contents import Contents
from signtally.render.paper import paper_of
from signtally.render.printing import text_width
from tests.support.browsers import launch_chromium

USERS = (20, 200, 1000)
ROUNDS = 7
_MM_PER_PIXEL = 25.4 / 96
NOW = dt.datetime(2026, 11, 1, 8, 12, tzinfo=dt.UTC)
IDENTITY = ReportIdentity("2026-10-3f2a91c07b1e", 1, NOW)


def main() -> None:
    print("| users | it | peer | ratio |\n|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        tab = browser.new_page()
        for users in USERS:
            contents = Contents(_snapshot(users))
            pdf.write(contents, IDENTITY)
            ours, theirs = _in_turns(lambda contents=contents: pdf.write(contents, IDENTITY), tab, contents)
            print(f"| {users:,} | {ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f} × |")
        browser.close()


def _in_turns(write: Callable[[], bytes], tab: Page, contents: Contents) -> tuple[float, float]:
    """Medians in seconds of CPU."""
    html = _html(contents)
    _print(tab, html)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        began = time.process_time()
        write()
        ours.append(time.process_time() - began)
        before = _cpu_of_chromium()
        _print(tab, html)
        theirs.append(_cpu_of_chromium() - before)
    return statistics.median(ours), statistics.median(theirs)


def _html(contents: Contents) -> str:
    style = f"<style>{_style_sheet(contents)}</style></head>"
    return "<!doctype html>" + pdf.page(contents, IDENTITY).replace("</head>", style, 1)


def _style_sheet(contents: Contents) -> str:
    """For a browser: in the product, `render.report_flow` has the look of each element."""
    direction = contents.words.direction
    start, end = ("right", "left") if direction == "rtl" else ("left", "right")
    sheet = jinja2.Template(Path(__file__).with_name("report.css").read_text())
    paper, theme = paper_of(contents.formats.locale), contents.theme
    margin_mm = (paper.width_mm - text_width(paper) * _MM_PER_PIXEL) / 2
    styled: str = sheet.render(theme=theme, paper=paper, margin_mm=margin_mm, direction=direction, start=start, end=end)
    return styled


def _print(tab: Page, html: str) -> bytes:
    tab.set_content(html)
    return tab.pdf(prefer_css_page_size=True, tagged=True)


def _cpu_of_chromium() -> float:
    """Seconds of CPU that the processes of the browser have used so far, and those that it has ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = stat.read_text().partition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "chrom" in name:
            ticks += sum(int(field) for field in fields.split()[11:13])
    return ticks / 100


def _snapshot(users: int) -> UsageSnapshot:
    rng = random.Random(5)  # noqa: S311 -- figures, not secrets
    period = parse_period("2026-10")
    people = tuple(_user(number, rng) for number in range(users))
    totals = Counts.total(user.counts for user in people)
    days = [DayUsage(day, Counts()) for day in period.days()]
    days[0] = DayUsage(period.first, totals)
    before = period.previous
    sent = totals.sent
    cohort = Cohort(sent, sent, sent * 8 // 10, sent * 7 // 10, sent * 2 // 10)
    return UsageSnapshot(
        tenant=TenantProfile(tenant_id="acme", name="Acme", timezone="Europe/Berlin"),
        period=period,
        previous=before,
        taken_at=NOW,
        data_through=NOW,
        totals=totals,
        previous_totals=Counts(sent=sent, completed=sent),
        days=tuple(days),
        users=people,
        cohort=cohort,
        trend=(TrendPoint(before, totals, cohort), TrendPoint(period, totals, cohort)),
        documents=pl.DataFrame([_open_document(number) for number in range(12)], schema=DOCUMENT_ROWS, orient="row"),
        all_users=True,
    )


def _user(number: int, rng: random.Random) -> UserUsage:
    counts = Counts(*(rng.randrange(90) for _ in range(8)))
    cohort = Cohort(counts.sent, counts.sent, counts.sent, counts.sent // 2, counts.sent // 3)
    took, day = dt.timedelta(hours=rng.randrange(1, 200)), dt.date(2026, 10, rng.randrange(1, 32))
    name, email = f"Person {number} Surname", f"person.{number}@acme.example"
    return UserUsage(f"u_{number}", name, email, counts, cohort=cohort, median_turnaround=took, last_active_day=day)


def _open_document(number: int) -> tuple[object, ...]:
    sent = NOW - dt.timedelta(days=60 - number)
    return (f"doc_{number:04}", "open", f"u_{number}", "Ann", None, sent, None, None, None, None, 60 - number, 2, 1, 0)


if __name__ == "__main__":
    main()
