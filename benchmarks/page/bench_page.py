"""The page in headless Chromium over a real API: how soon its figures stand there, and how many bytes it takes.

    .venv/bin/python benchmarks/page/bench_page.py

It starts a local AWS with 5,000 events and the API, and opens each view in a browser without a cache, then again with
one. The floor is what the API itself needs for the figures of the overview, asked without a browser.
"""

import datetime as dt
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))  # local_stack
sys.path.insert(0, str(Path(__file__).parents[2]))  # tests.support

from local_stack import fill, running_services

from signtally.development_key import development_token
from signtally.local.processes import Program
from signtally.loopback import LOOPBACK, free_port
from signtally.services import Services
from tests.support.browsers import launch_chromium

VISITS = 15
GOAL_MS, GOAL_BYTES = 500, 150_000
# By view: what stands there once its first figures are read.
VIEWS = {
    "overview": "#headlines .card-figure",
    "documents": "#documents tbody td",
    "users": "#users tbody td",
    "reports": "#reports .report, #reports-status:not(:empty)",
    "schedules": "#schedules .report, #schedules-status:not(:empty)",
}


def main() -> None:
    with running_services() as (services, supervisor):
        port = free_port(0)
        token = _token(services, fill(services))
        supervisor.start(_api(port))
        supervisor.wait_until_ready()
        with sync_playwright() as playwright:
            _measure(launch_chromium(playwright), f"http://{LOOPBACK}:{port}", token)


def _api(port: int) -> Program:
    command = [sys.executable, "-m", "signtally", "api", "--port", str(port)]
    return Program(name="api", command=command, health_url=f"http://{LOOPBACK}:{port}/healthz")


def _measure(browser: Browser, url: str, token: str) -> None:
    floor = _floor(url, token)
    sizes: list[int] = []
    rows = []
    for view, selector in VIEWS.items():
        address = f"{url}/#token={token}&view={view}"
        first, again = [], []
        for _ in range(VISITS):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            first.append(_visit(context, address, selector, sizes))
            again.append(_visit(context, address, selector, []))
            context.close()
        rows.append((view, first, again))
    print(f"load {os.getloadavg()[0]:.1f}; the API alone, p50: {floor:.0f} ms\n")
    print("| first figures of | first visit, p50 · p95 | again, p50 · p95 | goal |\n|---|---|---|---|")
    for view, first, again in rows:
        print(f"| {view} | {_shown(first)} | {_shown(again)} | {GOAL_MS} ms |")
    print(f"\nThe page as it travels, the largest: {max(sizes):,} bytes of {GOAL_BYTES:,}.")


def _visit(context: BrowserContext, address: str, selector: str, sizes: list[int]) -> float:
    """Milliseconds from the navigation until *selector* is there, by the browser's own clock."""
    page = context.new_page()
    page.add_init_script(_watching(selector))
    page.goto(address)
    page.wait_for_function("() => window.figuresAt !== undefined", timeout=60_000)
    shown: float = page.evaluate("window.figuresAt")
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    sizes.append(_transferred(page))
    page.close()
    return shown


def _watching(selector: str) -> str:
    return f"""
      new MutationObserver((_, watching) => {{
        const found = document.querySelector({selector!r});
        if (!found || !/\\S/.test(found.textContent)) return;
        window.figuresAt = performance.now();
        watching.disconnect();
      }}).observe(document, {{ childList: true, subtree: true, characterData: true }});"""


def _transferred(page: Page) -> int:
    """Bytes over the network of everything that the page has read, headers and answers of the API included."""
    entries: list[dict[str, Any]] = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(({ transferSize }) => ({ transferSize }))"
    )
    return sum(int(each["transferSize"]) for each in entries)


def _floor(url: str, token: str) -> float:
    """Milliseconds of the call that the overview waits for."""
    taken = []
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
        for _ in range(VISITS):
            began = time.perf_counter()
            api.get("/v1/usage", params={"group_by": "day"}).raise_for_status()
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def _shown(taken: list[float]) -> str:
    ordered = sorted(taken)
    return f"{statistics.median(ordered):.0f} · {ordered[int(0.95 * (len(ordered) - 1))]:.0f} ms"


def _token(services: Services, tenant_id: str) -> str:
    ttl = dt.timedelta(hours=1)
    return development_token(settings=services.settings, tenant_id=tenant_id, user_id="u", role="tenant_admin", ttl=ttl)


if __name__ == "__main__":
    main()
