"""The API beside a service that takes connections and never answers: most of it works, the rest says so soon."""

import contextlib
import dataclasses
import datetime as dt
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from signtally import wiring
from signtally.development_key import development_token
from signtally.local.local_aws import LocalAws
from signtally.local.processes import Program
from signtally.settings import Settings
from signtally.use_cases import provisioning
from tests.support.ports import free_port

SOON_SECONDS = 2  # of what waits for nothing
LATEST_SECONDS = 12  # of what waits for a stalled service: 3 for a place, 5 for the service, and the rest
ATTEMPTS = 4
CALLERS = 60  # more than an API has threads


@dataclasses.dataclass(frozen=True)
class Running:
    """A program that can be stopped where it stands, as a machine that swaps or a broken network would."""

    process: "subprocess.Popen[bytes]"

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@dataclasses.dataclass(frozen=True)
class Site:
    url: str
    token: str
    aws: Running
    timestream: Running

    def get(self, path: str, *, seconds: float = LATEST_SECONDS) -> httpx.Response:
        """Fail when the answer takes longer than *seconds* each time: on a busy machine any one may."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            for _ in range(ATTEMPTS):
                started = time.monotonic()
                answer = client.get(path, headers={"Authorization": f"Bearer {self.token}"})
                took = time.monotonic() - started
                if took < seconds:
                    return answer
        raise AssertionError(f"{path} took {took:.1f} s, and no less the {ATTEMPTS - 1} times before")

    def expect_page_and_health(self) -> None:
        assert self.get("/healthz", seconds=SOON_SECONDS).status_code == 200
        page = self.get("/", seconds=SOON_SECONDS)
        for address in re.findall(r'(?:src|href)="(static/[^"]+)"', page.text):
            assert self.get(f"/{address}", seconds=SOON_SECONDS).status_code == 200
        assert self.get("/nothing", seconds=SOON_SECONDS).status_code == 404


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A local AWS and an API of this test's own, as `signtally api` serves it."""
    local = LocalAws(free_port(), free_port(), tmp_path / "aws")
    settings = Settings(state_directory=tmp_path / "state")
    for name, value in local.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SIGNTALLY_STATE_DIRECTORY", str(settings.state_directory))
    with contextlib.ExitStack() as running:
        aws, timestream = (running.enter_context(_run(program)) for program in local.programs())
        provisioning.provision(services=wiring.services(settings))
        token = development_token(
            settings=settings, tenant_id="acme", user_id="u", role="tenant_admin", ttl=dt.timedelta(hours=1)
        )
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "signtally", "api", "--port", str(port)]
        running.enter_context(_run(Program("api", command, health_url=f"{url}/readyz")))
        yield Site(url, token, aws, timestream)


@contextlib.contextmanager
def _run(program: Program) -> Iterator[Running]:
    process = subprocess.Popen(program.command, env={**os.environ, **program.environment})
    try:
        assert program.health_url is not None
        deadline = time.monotonic() + 60
        while not _is_healthy(program.health_url):
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield Running(process)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10).is_success
    except httpx.ConnectError:
        time.sleep(0.05)
        return False


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CALLERS) as callers:
        yield callers


def test_a_stalled_usage_store_stalls_nothing_else(site: Site, callers: ThreadPoolExecutor) -> None:
    assert site.get("/v1/usage").status_code == 200
    with site.timestream.stalled():
        while site.get("/v1/usage").status_code == 200:
            pass  # for a second, the API takes the tables to be as empty as it has seen them
        asked = [callers.submit(site.get, "/v1/usage") for _ in range(CALLERS)]
        while not any(call.done() for call in asked):  # for as long as they wait
            site.expect_page_and_health()
            for path in ("/v1/me", "/v1/reports", "/v1/schedules"):
                assert site.get(path, seconds=SOON_SECONDS).status_code == 200
            document = site.get("/readyz").json()
            assert document["checks"]["bucket"] == "ok"
            assert document["checks"]["usage store"] != "ok"
        _expect_refusals(asked)
    assert site.get("/v1/usage", seconds=SOON_SECONDS).status_code == 200
    assert site.get("/readyz", seconds=SOON_SECONDS).status_code == 200


def test_a_stalled_bucket_is_named_and_the_page_still_opens(site: Site, callers: ThreadPoolExecutor) -> None:
    assert site.get("/v1/reports").status_code == 200
    with site.aws.stalled():
        paths = ("/v1/usage", "/v1/reports", "/v1/me")
        asked = [callers.submit(site.get, paths[number % 3]) for number in range(CALLERS)]
        site.expect_page_and_health()
        for _ in range(2):
            document = site.get("/readyz").json()
            assert document["checks"]["usage store"] == "ok"
            assert document["checks"]["bucket"] != "ok"
        site.expect_page_and_health()
        _expect_refusals(asked)
    for path in ("/v1/usage", "/v1/reports", "/v1/me", "/readyz"):
        assert site.get(path, seconds=SOON_SECONDS).status_code == 200


def _expect_refusals(asked: "list[Future[httpx.Response]]") -> None:
    for call in asked:
        answer = call.result()
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#unavailable")
        assert int(answer.headers["retry-after"]) > 0
