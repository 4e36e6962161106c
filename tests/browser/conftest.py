"""The page in headless Chromium, on the real API over the local AWS; reports are made by a thread of this process."""

import contextlib
import dataclasses
import datetime as dt
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from signtally import wiring
from signtally.api.app import create_app
from signtally.development_key import development_token
from signtally.domain.actions import MEASURES
from signtally.domain.report_orders import ReportOrder
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.local.local_aws import LocalAws
from signtally.memory.report_queue import MemoryReportQueue
from signtally.services import Services
from signtally.settings import Settings
from signtally.use_cases import provisioning, reporting
from tests.support.browsers import launch_chromium
from tests.support.events import happened
from tests.support.order_consumers import consume

expect.set_options(timeout=60_000)  # a busy machine shows what is expected, only later
NOW = dt.datetime(2026, 10, 17, 12, 35, tzinfo=dt.UTC)
ACME = TenantProfile(tenant_id="acme", name="Acme & Söhne", timezone="Asia/Kathmandu")
PORTAL = "https://portal.example/usage?from=menu"
NAMES = {
    "u_1": ("Ann Ash", "ann@acme.example"),
    "u_2": ("<b>Ann</b>", None),
    "u_3": ("=1+1", None),
    "u_4": ("محمد العلي", "m@acme.example"),
    "u_5": (None, None),
    "u_6": ("Åse Ødegård", "ase@acme.example"),
    "u_7": ("Ann Ash", "other@acme.example"),
    "u_8": ("Eve \u202enwodkcab", "eve@acme.example"),
}


class ThreadedReports(MemoryReportQueue):
    """A report queue whose worker is a thread here."""

    def __init__(self) -> None:
        super().__init__()
        self.services: Services | None = None
        self.threads: list[threading.Thread] = []

    def send(self, order: ReportOrder) -> None:
        thread = threading.Thread(target=reporting.make_report, args=[order.key], kwargs={"services": self.services})
        self.threads.append(thread)
        thread.start()


@dataclasses.dataclass
class Site:
    """A running API with its services."""

    url: str
    services: Services
    queue: ThreadedReports

    def token(
        self, user_id: str = "u_1", *, role: str = "tenant_admin", ttl_hours: float = 1, tenant_id: str = "acme"
    ) -> str:
        return development_token(
            settings=self.services.settings,
            tenant_id=tenant_id,
            user_id=user_id,
            role=role,
            ttl=dt.timedelta(hours=ttl_hours),
        )

    def signed_in(
        self, user_id: str = "u_1", *, role: str = "tenant_admin", ttl_hours: float = 1, show: str = ""
    ) -> str:
        """The address that a portal leads to; *show* is what the page shows, such as `view=reports`."""
        token = self.token(user_id, role=role, ttl_hours=ttl_hours)
        return f"{self.url}/#token={token}{f'&{show}' if show else ''}"

    def get(self, path: str, **query: str) -> Any:
        """What the API answers an administrator."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        answer = httpx.get(f"{self.url}/v1/{path}", params=query, headers=headers, timeout=60)
        return answer.raise_for_status().json()


@pytest.fixture(scope="module")
def shared_site(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests of a module: `site` puts back what a test changes of it."""
    del local_aws  # it only has to run
    name = f"t-{uuid.uuid4().hex[:12]}"
    settings = Settings(
        queue=name,
        dead_letter_queue=f"{name}-dead",
        report_queue=f"{name}-orders",
        report_dead_letter_queue=f"{name}-orders-dead",
        bucket=name,
        database=name,
        state_directory=tmp_path_factory.mktemp("state"),
        portal_url=PORTAL,
    )
    bare = wiring.services(settings)
    provisioning.provision(services=bare)
    queue = ThreadedReports()
    services = dataclasses.replace(bare, report_queue=queue, clock=lambda: NOW)
    queue.services = services
    fill(services)
    with served(create_app(services, loopback_only=True)) as url:
        yield Site(url, services, queue)
    for worker in queue.threads:
        worker.join(60)


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    yield shared_site
    consume(shared_site.services)
    shared_site.services.stores.tenants.put(ACME)


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of an application that a thread of this process serves."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    started = threading.Event()
    startup = server.startup

    async def announced(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = announced  # type: ignore[method-assign]  # uvicorn has no hook that says "listening"
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(60)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(60)


def fill(services: Services) -> None:
    """Acme in Kathmandu: awkward names by hand, and enough others for a second screenful."""
    services.stores.tenants.put(ACME)
    services.stores.watermarks.publish_data_through(NOW - dt.timedelta(minutes=3))
    consume(services)
    names = NAMES | {f"x_{number}": (f"Person {number}", f"p{number}@acme.example") for number in range(37)}
    rows = []
    for place, (user_id, (name, email)) in enumerate(names.items()):
        for day, sent in ((dt.date(2026, 9, 30), 10), (dt.date(2026, 10, 1), 100 - place), (dt.date(2026, 10, 17), 7)):
            figures = dict.fromkeys(MEASURES, 0) | {"sent": sent, "received": 2 * sent, "completed": sent // 2}
            who = {"tenant_id": "acme", "user_id": user_id, "user_name": name, "user_email": email}
            rows.append({**who, "day": day, "timezone": "Asia/Kathmandu", **figures})
    services.usage_store.put_daily_usage(pl.DataFrame(rows, schema=DAILY_USAGE), version=1)
    today = [event for row in rows if row["day"] == dt.date(2026, 10, 17) for event in happened(row, at=NOW)]
    for offset in range(0, len(today), 100):
        services.usage_store.put_events(today[offset : offset + 100])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module, no longer: while Playwright runs, its event loop occupies the main thread."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a window of its own; what the page complains of in its console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_address(
        url: str, *, width: int = 1440, complains: bool = False, beside: Page | None = None, dark: bool = False
    ) -> Page:
        """In a new window of *width*; or in another tab *beside* a page."""
        if beside:
            context = beside.context
        else:
            context = chromium.new_context(
                viewport={"width": width, "height": 900},
                accept_downloads=True,
                locale="en-GB",
                color_scheme="dark" if dark else "light",
            )
            context.set_default_timeout(60_000)
            contexts.append(context)
        page = context.new_page()
        if not complains:
            page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def downloaded(tmp_path: Path) -> Callable[..., bytes]:
    """Do something that downloads a file, and read its bytes."""

    def after(page: Page, action: Callable[[], Any], *, suffix: str) -> bytes:
        with page.expect_download(timeout=120_000) as download:
            action()
        assert download.value.suggested_filename.endswith(suffix)
        place = tmp_path / download.value.suggested_filename
        download.value.save_as(place)
        return place.read_bytes()

    return after
