"""The API over fakes: a small world of one tenant with activity, and a client that speaks to the application itself."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from signtally.api.app import create_app
from signtally.development_key import development_token
from signtally.domain.actions import MEASURES
from signtally.domain.report_failures import FailureCode, FailureReason
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.memory.mailer import MemoryMailer
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.queue import MemoryEventQueue
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.memory.webhooks import MemoryWebhooks
from signtally.services import Services
from signtally.settings import Settings
from signtally.stores.tenants import Tenants
from signtally.stores.watermarks import Watermarks
from signtally.use_cases import reporting
from tests.support.events import happened
from tests.support.order_consumers import consume

NOW = dt.datetime(2026, 10, 17, 12, 35, tzinfo=dt.UTC)
DATA_THROUGH = dt.datetime(2026, 10, 17, 12, 32, 5, tzinfo=dt.UTC)
TLS = httpx.create_ssl_context()  # none of these speaks TLS, but httpx would read all certificates for each request
GAVE_UP = FailureReason(FailureCode.GAVE_UP)


@dataclasses.dataclass
class World:
    """The services behind an application, and the hands to move them."""

    objects: MemoryObjectStore
    usage: MemoryUsageStore
    orders: MemoryReportQueue
    settings: Settings
    now: dt.datetime = NOW
    mailer: MemoryMailer = dataclasses.field(default_factory=MemoryMailer)
    webhooks: MemoryWebhooks = dataclasses.field(default_factory=MemoryWebhooks)

    @property
    def services(self) -> Services:
        return Services(
            settings=self.settings,
            queue=MemoryEventQueue(),
            dead_letters=MemoryEventQueue(),
            usage_store=self.usage,
            objects=self.objects,
            mailer=self.mailer,
            webhooks=self.webhooks,
            report_queue=self.orders,
            clock=lambda: self.now,
        )

    def count(self, tenant_id: str, user_id: str, day: str, *, version: int = 1, **figures: Any) -> None:
        """Store a row of daily usage; measures that are not named are 0."""
        row = {"tenant_id": tenant_id, "user_id": user_id, "day": dt.date.fromisoformat(day)}
        row["timezone"] = Tenants(self.objects).get(tenant_id).timezone
        row |= dict.fromkeys(MEASURES, 0) | {"user_name": None, "user_email": None} | figures
        self.usage.put_daily_usage(pl.DataFrame([row], schema=DAILY_USAGE), version=version)
        if Tenants(self.objects).get(tenant_id).today(self.now) == row["day"]:
            self.usage.put_events(happened(row, at=self.now))

    def make_reports(self) -> None:
        """Do what was ordered, as a worker would."""
        for order in self.orders.orders:
            reporting.make_report(order.key, services=self.services)
        self.orders.orders.clear()

    def fail_reports(self, reason: FailureReason = GAVE_UP) -> None:
        for order in self.orders.orders:
            reporting.fail_report(order.key, reason, services=self.services)
        self.orders.orders.clear()

    def token(
        self, user_id: str = "u_1", *, tenant_id: str = "acme", role: str = "tenant_admin", ttl_hours: float = 1
    ) -> str:
        return development_token(
            settings=self.settings,
            tenant_id=tenant_id,
            user_id=user_id,
            role=role,
            ttl=dt.timedelta(hours=ttl_hours),
        )


class Client:
    """Sends requests to an ASGI application, as *token* unless a request brings its own headers."""

    def __init__(self, app: Any, token: str | None = None) -> None:
        self.app = app
        self._token = token

    def using(self, token: str | None) -> "Client":
        return Client(self.app, token)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= options.pop("headers", {})

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://signtally.test", verify=TLS) as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(exchange())


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Acme in Berlin with Ann and the awkwardly named, some activity in September and October 2026."""
    settings = Settings(state_directory=tmp_path / "state")
    world = World(MemoryObjectStore(), MemoryUsageStore(), MemoryReportQueue(), settings)
    objects = world.objects = MemoryObjectStore(lambda: world.now)  # what is stored is as old as the world says
    Tenants(objects).put(TenantProfile(tenant_id="acme", name="Acme", timezone="Europe/Berlin"))
    Watermarks(objects).publish_data_through(DATA_THROUGH)
    consume(world.services)
    ann: dict[str, Any] = {"user_name": "Ann Ash", "user_email": "ann@acme.example"}
    world.count("acme", "u_1", "2026-09-30", sent=4, completed=2, **ann)
    world.count("acme", "u_1", "2026-10-01", sent=3, received=5, completed=1, **ann)
    world.count("acme", "u_1", "2026-10-17", sent=2, signed=7, **ann)
    world.count("acme", "u_2", "2026-10-03", sent=1, declined=1, user_name="<b>Ann</b>")
    world.count("acme", "u_3", "2026-10-03", viewed=9, user_name="=1+1")
    world.count("globex", "g_1", "2026-10-03", sent=1000)
    return world


@pytest.fixture(scope="session")
def openapi_document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Whatever services an application has, it is the same; to make it takes 0.2 s."""
    settings = Settings(state_directory=tmp_path_factory.mktemp("state"))
    world = World(MemoryObjectStore(), MemoryUsageStore(), MemoryReportQueue(), settings)
    return create_app(world.services, loopback_only=True).openapi()


@pytest.fixture
def app(world: World, openapi_document: dict[str, Any]) -> Any:
    app = create_app(world.services, loopback_only=True)
    app.openapi = lambda: openapi_document  # type: ignore[method-assign]
    return app


@pytest.fixture
def anonymous(app: Any) -> Client:
    return Client(app)


@pytest.fixture
def admin(anonymous: Client, world: World) -> Client:
    return anonymous.using(world.token())


@pytest.fixture
def member(anonymous: Client, world: World) -> Client:
    return anonymous.using(world.token("u_2", role="member"))


@pytest.fixture
def problem() -> Callable[..., dict[str, Any]]:
    """Check that an answer is a whole problem document of a kind, and return it."""

    def check(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = answer.json()
        assert document["type"] == f"/docs#{kind}"
        assert document["status"] == status
        assert document["title"]
        assert document["detail"]
        assert document["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
        return document

    return check
