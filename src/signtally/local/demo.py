"""The demo: sends sample traffic through the whole stack, compares every figure, makes reports and digests."""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from signtally.development_key import development_token
from signtally.domain.counted import counted
from signtally.domain.reports import FORMATS
from signtally.local.comparison import differences
from signtally.local.errors import LocalError
from signtally.local.flow_runs import FlowRuns
from signtally.local.processes import ChildError
from signtally.local.stack import Stack
from signtally.services import Services

DAYS, SEED = 40, 2026
TENANTS, EVENTS = 48, 21_000  # unless somebody asks for fewer or more
SHARES = {"duplicates": 0.03, "late": 0.05, "junk": 0.01}
REPORTS = 3  # one for each of the largest tenants
DIGESTS = 2  # emails copied beside the reports
_PIPELINE = ("ingest/ingest", "aggregate/aggregate")
_PROGRESS_SECONDS = 2
_REPORT_TIMEOUT_SECONDS = 180  # on a busy machine; alone it takes seconds

Log = Callable[[str], None]
Json = dict[str, Any]


class DemoMismatchError(LocalError):
    """The stored figures differ from what was sent; the text lists the differences."""


@dataclasses.dataclass(frozen=True, slots=True)
class Demo:
    """Runs against a started stack; copies the files it makes to *output*."""

    stack: Stack
    services: Services
    output: Path
    log: Log
    events: int = EVENTS
    tenants: int = TENANTS

    def run(self, *, setup_seconds: float) -> Json:
        """Send, ingest, count, compare, make reports; the summary as JSON. Raises DemoMismatchError or ChildError."""
        with contextlib.closing(FlowRuns(self.stack.prefect_url)) as runs:
            return self._run(runs, setup_seconds=setup_seconds)

    def _run(self, runs: FlowRuns, *, setup_seconds: float) -> Json:
        for deployment in _PIPELINE:  # the demo starts them itself, to measure each
            runs.set_schedules(deployment, active=False)
        for deployment in _PIPELINE:
            runs.wait_until_idle(deployment)
        sent = self._send(runs)
        with _Stopwatch() as ingesting:
            ingested = self._ingest(runs)
        with _Stopwatch() as aggregating:
            self.log("counting each tenant's days")
            runs.run("aggregate/aggregate")
        expected = json.loads(self._expectation.read_bytes())
        self._compare(expected, ingested)
        with _Stopwatch() as reporting:
            reports = [self._report(tenant_id) for tenant_id in _largest(expected)]
        self._send_digests(runs)
        for deployment in _PIPELINE:
            runs.set_schedules(deployment, active=True)
        return {
            "events_sent": sent["events_sent"] + sum(expected["dead_letters"].values()),
            "events_stored": ingested["stored"],
            "duplicates": ingested["duplicates"],
            "dead_letters": sum(_dead_letters(ingested).values()),
            "tenants": len(expected["tenants"]),
            "reports": reports,
            "urls": self.stack.urls,
            "seconds": {
                "setup": round(setup_seconds, 1),
                "ingest": ingesting.seconds,
                "aggregate": aggregating.seconds,
                "reports": reporting.seconds,
            },
        }

    @property
    def _expectation(self) -> Path:
        return self.output.absolute() / "expected.json"

    def _send(self, runs: FlowRuns) -> Json:
        events, tenants = counted(self.events, "event", grouped=True), counted(self.tenants, "tenant")
        self.log(f"sending {events} of {tenants}, with duplicates, late ones and junk")
        traffic = {"tenants": self.tenants, "days": DAYS, "events": self.events, "seed": SEED, **SHARES}
        return runs.run("demo-traffic/demo-traffic", {**traffic, "expect": str(self._expectation)})

    def _ingest(self, runs: FlowRuns) -> Json:
        waiting = self.services.queue.depth().visible
        self.log(f"draining the queue: {counted(waiting, 'message waits', 'messages wait', grouped=True)}")
        return runs.run("ingest/ingest", meanwhile=_every(_PROGRESS_SECONDS, self._log_backlog))

    def _log_backlog(self) -> None:
        depth = self.services.queue.depth()
        self.log(f"  {depth.visible:,} wait, {depth.in_flight:,} in flight")

    def _compare(self, expected: Json, ingested: Json) -> None:
        self.log("comparing every tenant, user and day with what was sent")
        found = list(differences(expected, services=self.services))
        reported = {"stored": ingested["stored"], "duplicates": ingested["duplicates"], **_dead_letters(ingested)}
        true = {"stored": expected["distinct_events"], "duplicates": expected["duplicates"], **expected["dead_letters"]}
        found += [
            f"ingest: {name}: expected {true.get(name, 0)}, found {reported.get(name, 0)}"
            for name in sorted({*reported, *true})
            if reported.get(name, 0) != true.get(name, 0)
        ]
        if found:
            raise DemoMismatchError(
                "\n".join([f"{counted(len(found), 'difference')} from what was sent:", *found[:50]])
            )

    def _report(self, tenant_id: str) -> Json:
        self.log(f"asking the API for a report of {tenant_id}")
        today = self.services.stores.tenants.get(tenant_id).today(self.services.clock())
        asked = {"period": f"{today:%Y-%m}", "formats": list(FORMATS)}
        with httpx.Client(base_url=self.stack.page_url, headers=self._bearer(tenant_id), timeout=30) as api:
            report = api.post("/v1/reports", json=asked).raise_for_status().json()
            ready = self._await(api, report["report_id"])
            return {
                "tenant_id": tenant_id,
                "report_id": ready["report_id"],
                "version": ready["version"],
                "files": [self._download(tenant_id, file) for file in ready["files"]],
            }

    def _await(self, api: httpx.Client, report_id: str) -> Json:
        deadline = time.monotonic() + _REPORT_TIMEOUT_SECONDS
        while True:
            report: Json = api.get(f"/v1/reports/{report_id}").raise_for_status().json()
            if report["status"] == "ready":
                return report
            if report["status"] == "failed" or time.monotonic() > deadline:
                detail = report.get("detail") or "it took too long"
                raise ChildError(f"report {report_id} is {report['status']}: {detail}")
            time.sleep(0.05)

    def _download(self, tenant_id: str, file: Mapping[str, Any]) -> Json:
        body = httpx.get(file["url"], timeout=30).raise_for_status().content
        if hashlib.sha256(body).hexdigest() != file["sha256"]:
            raise ChildError(f"the {file['format']} of {tenant_id} is not what its manifest says")
        (self.output / f"{tenant_id}.{file['format']}").write_bytes(body)
        return {"format": file["format"], "url": file["url"], "bytes": file["bytes"], "sha256": file["sha256"]}

    def _send_digests(self, runs: FlowRuns) -> None:
        self.log("making the scheduled reports that are due and mailing their digests")
        runs.run("scheduled-reports/scheduled-reports")
        runs.run("digests/digests")
        for number, mail in enumerate(self.stack.aws.mails()[:DIGESTS], start=1):
            (self.output / f"digest-{number}.html").write_text(self._shown(mail), encoding="utf-8")
            (self.output / f"digest-{number}.txt").write_text(mail["BodyText"], encoding="utf-8")

    def _shown(self, mail: Json) -> str:
        """The HTML of a digest that was sent, from its preview: the local SES keeps no pictures of an email."""
        for tenant in self.services.stores.tenants.all().values():
            for schedule in tenant.schedules:
                if any(recipient.email in mail["To"] for recipient in schedule.recipients):
                    preview = self._preview(tenant.tenant_id, schedule.name)
                    if preview["subject"] == mail["Subject"]:
                        return str(preview["html"])
        raise ChildError(f"no schedule's preview is the email {mail['Subject']!r} that was sent")

    def _preview(self, tenant_id: str, schedule_name: str) -> Json:
        """Of the period whose digest was sent last."""
        address = f"{self.stack.page_url}/v1/schedules/{quote(schedule_name)}"
        with httpx.Client(headers=self._bearer(tenant_id), timeout=30) as api:
            sent = api.get(f"{address}/deliveries").raise_for_status().json()["rows"][0]
            preview: Json = api.get(f"{address}/preview", params={"period": sent["period"]}).raise_for_status().json()
            return preview

    def page_url(self, tenant_id: str) -> str:
        """The page with a tenant admin's token in its fragment."""
        return f"{self.stack.page_url}/#token={self._token(tenant_id)}"

    def _bearer(self, tenant_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token(tenant_id)}"}

    def _token(self, tenant_id: str) -> str:
        return development_token(
            settings=self.services.settings,
            tenant_id=tenant_id,
            user_id="demo",
            role="tenant_admin",
            ttl=dt.timedelta(hours=12),
        )


class _Stopwatch:
    seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = round(time.monotonic() - self._start, 1)


def _largest(expected: Json) -> list[str]:
    totals = {tenant_id: sum(tenant["totals"].values()) for tenant_id, tenant in expected["tenants"].items()}
    return sorted(totals, key=lambda tenant_id: (-totals[tenant_id], tenant_id))[:REPORTS]


def _dead_letters(ingested: Json) -> dict[str, int]:
    prefix = "dead_letters: "
    return {name.removeprefix(prefix): value for name, value in ingested.items() if name.startswith(prefix)}


def _every(seconds: float, act: Callable[[], None]) -> Callable[[], None]:
    """A function that calls *act* at most once in *seconds*, however often it is called itself."""
    last = time.monotonic()

    def call() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            act()

    return call
