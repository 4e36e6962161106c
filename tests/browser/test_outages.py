"""The page while a service behind the API is away: it says so, keeps what it shows, and goes on once it is back."""

import contextlib
import dataclasses
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from signtally import wiring
from signtally.api.app import create_app
from signtally.use_cases.ordering import ConsumerConfig, OrderConsumer
from tests.browser.conftest import NOW, Site, ThreadedReports, fill, served
from tests.support.switched_aws import Place, switched_aws

Open = Callable[..., Page]
OUTAGE_TIMEOUT_MS = 90_000  # the API's own, times the attempts, and as much again for a busy machine


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A local AWS of this test's own, whose programs can be switched off."""
    with switched_aws(tmp_path, monkeypatch, timeouts=wiring.INTERACTIVE_TIMEOUTS) as place:
        yield place


@contextlib.contextmanager
def site_over(place: Place) -> Iterator[Site]:
    """With an order consumer of this process: no Prefect server runs, and reports are made all the same."""
    services = dataclasses.replace(place.services, clock=lambda: NOW)
    fill(services)
    consumer, stop = OrderConsumer(services, config=ConsumerConfig(makers=1, poll_seconds=1)), threading.Event()
    making = threading.Thread(target=consumer.run, args=[stop])
    making.start()
    try:
        with served(create_app(services, loopback_only=True)) as url:
            yield Site(url, services, ThreadedReports())
    finally:
        stop.set()
        making.join(60)


def alert(page: Page) -> Any:
    return page.locator("#notices [role=alert]")


def try_again(page: Page, *, until: Locator) -> None:
    page.get_by_role("button", name="Try again").click()
    reach(page, until)


def reach(page: Page, until: Locator) -> None:
    """Wait for it, and try again whenever that is offered: on a busy machine a service that begins may be too slow."""
    button = page.get_by_role("button", name="Try again")
    deadline = time.monotonic() + OUTAGE_TIMEOUT_MS / 1000
    while time.monotonic() < deadline:
        expect(until.or_(button).first).to_be_visible(timeout=OUTAGE_TIMEOUT_MS)
        if until.is_visible():
            return
        with contextlib.suppress(PlaywrightTimeoutError):  # gone: it goes as what was asked for comes
            button.click(timeout=1_000)
    raise AssertionError("trying again has not helped")


def test_each_service_in_turn(place: Place, open_page: Open) -> None:
    with site_over(place) as site:
        page = open_page(site.signed_in(), complains=True)
        reach(page, page.locator("#headlines").get_by_text("3,825"))
        reach(page, page.locator("#trend-section"))

        place.timestream.off()
        page.get_by_text("Last month", exact=True).click()
        expect(alert(page)).to_contain_text("September 2026 could not be shown.", timeout=OUTAGE_TIMEOUT_MS)
        expect(alert(page)).to_contain_text(re.compile(r"Request [0-9a-f]{8}-"))
        expect(page.locator("h1:visible")).to_have_text("October 2026 (to date)")
        expect(page.locator("#headlines")).to_contain_text("3,825")
        place.timestream.on()
        try_again(page, until=page.locator("#headlines", has_text="450"))
        expect(page.locator("h1:visible")).to_have_text("September 2026")
        expect(alert(page)).to_have_count(0)

        for name, title, service in (("Schedules", "schedules", place.bucket), ("Reports", "reports", place.aws)):
            service.off()
            page.get_by_role("link", name=name).click()
            expect(alert(page)).to_contain_text(f"The {title} could not be read.", timeout=OUTAGE_TIMEOUT_MS)
            page.get_by_role("link", name="Settings").click()
            expect(alert(page).filter(has_text=f"The {title}")).to_have_count(0)  # nor a way to try what is left behind
            page.get_by_role("link", name=name).click()
            expect(alert(page)).to_contain_text(f"The {title} could not be read.", timeout=OUTAGE_TIMEOUT_MS)
            service.on()
            try_again(page, until=page.locator(f"#{title}-status", has_text=f"No {title} yet"))
            expect(alert(page)).to_have_count(0)

        page.get_by_role("button", name="New report").click()  # without Prefect
        for name in ("PDF", "Excel", "CSV"):
            page.get_by_role("dialog").get_by_label(name, exact=True).click()
        page.get_by_role("button", name="Order report").click()
        expect(page.get_by_role("button", name="Download CSV: September 2026")).to_be_visible(timeout=OUTAGE_TIMEOUT_MS)
    page.get_by_role("link", name="Users").click()  # the API itself is gone
    expect(alert(page)).to_contain_text("The service cannot be reached.")
