"""Whatever single object is lost or spoilt, every call is answered, and what does not rest on it stays."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from signtally.domain.actions import MEASURES
from signtally.domain.schemas import AFTER, BEFORE, RESTATEMENTS, STORED_USAGE
from tests.api.conftest import NOW, Client, World

SEPTEMBER, WEEK = {"period": "2026-09", "formats": ["csv"]}, {"period": "2026-W40", "formats": ["csv"]}
LAST_DAY = dt.date(2026, 9, 30)
HARMS = (None, b'{"half": ')  # None: the object is gone
FIGURES = tuple(
    f"/v1/{path}" for path in ("usage?period=2026-09&group_by=user", "insights?period=2026-09", "profile", "me")
)
LISTINGS = ("/v1/reports", "/v1/schedules", "/v1/audit")


@pytest.fixture
def furnished(world: World, admin: Client) -> World:
    """A world with an object of every kind that the API reads."""
    for version in (2, 3):
        for body in (SEPTEMBER, WEEK):
            admin.post("/v1/reports", json=body)
        world.make_reports()
        world.count("acme", "u_1", str(LAST_DAY), version=version, sent=40 + version)
    admin.post("/v1/reports", json={"period": "2026-08", "formats": ["csv"]})
    world.fail_reports()
    admin.put("/v1/schedules/weekly", json={"every": "week"})
    row = {"tenant_id": "acme", "day": LAST_DAY, "restated_at": NOW, "reason": "late-events"}
    counts = {f"{when}{name}": count for when, count in ((BEFORE, 1), (AFTER, 2)) for name in MEASURES}
    world.usage.put_restatements(pl.DataFrame([row | counts], schema=RESTATEMENTS))
    unread = {"tenant_id": "acme", "user_id": "u_9", "day": LAST_DAY, "timezone": "Europe/Berlin", "counted_at": NOW}
    unread |= dict.fromkeys(MEASURES, 1)
    rows = pl.DataFrame([{name: unread.get(name) for name in STORED_USAGE}], schema=STORED_USAGE)
    world.services.stores.unread_rows.add(rows, generation=world.usage.usage_generation())
    hour = int(NOW.timestamp()) // 3600
    world.objects.put(f"state/provisional/acme/{hour - 900}-{hour}-5f0c", b"")
    return world


@contextlib.contextmanager
def harmed(world: World, key: str, body: bytes | None) -> Iterator[None]:
    """The world without the object, or with this body of it; afterwards as before."""
    before = {found.key: world.objects.get(found.key).body for found in world.objects.list_objects("")}
    if body is None:
        world.objects.delete([key])
    else:
        world.objects.put(key, body)
    yield
    world.objects.delete([found.key for found in world.objects.list_objects("") if found.key not in before])
    for each, stored in before.items():
        world.objects.put(each, stored)


def calls(report: dict[str, Any]) -> list[str]:
    paths = [report["links"]["self"], report["links"]["versions"], report["links"]["files"]["csv"]]
    return [*paths, f"{report['links']['self']}/diff?from=1&to=2"]


def test_no_object_is_needed_for_more_than_itself(furnished: World, admin: Client) -> None:
    reports = admin.get("/v1/reports").json()["rows"]
    assert len(reports) == 3
    every_key = [found.key for found in furnished.objects.list_objects("")]
    kinds = {key.partition("/")[0] for key in every_key}
    assert kinds == {"tenants", "state", "reports", "report-index", "report-days", "reported", "audit"}
    other = next(report["report_id"] for report in reports if report["period"] == WEEK["period"])
    for key in (key for key in every_key if other not in key):
        about = [report for report in reports if report["report_id"] in key] or reports[:1]
        rest_on_it = [path for report in about for path in calls(report)]
        figures = FIGURES if key.startswith(("tenants/", "state/", "reported/")) else ()
        for body in HARMS:
            with harmed(furnished, key, body):
                for path in (*LISTINGS, *figures, *rest_on_it):
                    answer = admin.get(path)
                    assert answer.status_code < 500, f"{path} without {key} ({body!r}): {answer.text}"
                listed = {row["report_id"] for row in admin.get("/v1/reports").json()["rows"]}
                others = {report["report_id"] for report in reports if report["report_id"] not in key}
                assert listed >= others, key
                if key.startswith(("audit/", "report-days/")):
                    continue
                answer = admin.post("/v1/reports", json=SEPTEMBER)
                nobody_makes_it = {503} if key.startswith("state/order-consumers/") else set()
                assert answer.status_code in {200, 202} | nobody_makes_it, (
                    f"an order without {key} ({body!r}): {answer.text}"
                )
                furnished.make_reports()
