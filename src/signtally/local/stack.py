"""A whole Signtally as child processes: local AWS, perhaps PostgreSQL, Prefect server and workers, API and page."""

import contextlib
import dataclasses
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from signtally import deploying, wiring
from signtally.local.local_aws import LocalAws
from signtally.local.local_postgresql import LocalPostgresql
from signtally.local.prefect_api import PrefectApi
from signtally.local.processes import ChildError, Program, Supervisor
from signtally.logs import TEXT
from signtally.loopback import LOOPBACK, require_free
from signtally.setting_values import THREADS, TIMESTREAM
from signtally.use_cases import provisioning

WORK_POOL = "signtally"
# Who holds which slot, in PREFECT_HOME: in memory, as is usual, a server that starts anew would break off every run.
_LEASES = "prefect.server.concurrency.lease_storage.filesystem"
# Task runs that come together are written together: else each is two transactions, and SQLite has one writer.
_RECORDER = "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER"
_TOGETHER = {f"{_RECORDER}_READ_BATCH_SIZE": "50", f"{_RECORDER}_BATCH_SIZE": "50", f"{_RECORDER}_FLUSH_INTERVAL": "2"}
_CONSUMER_TIMEOUT_SECONDS, _POLL_SECONDS = 120, 0.2

Log = Callable[[str], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Stack:
    """The ports and the state directory of a whole Signtally; usage is in *postgresql*, or else in Timestream."""

    aws: LocalAws
    api_port: int
    prefect_port: int
    postgresql: LocalPostgresql | None = None
    fresh: bool = False  # begin with nothing, whatever an earlier run left

    @property
    def page_url(self) -> str:
        return f"http://{LOOPBACK}:{self.api_port}"

    @property
    def prefect_url(self) -> str:
        return f"http://{LOOPBACK}:{self.prefect_port}"

    @property
    def urls(self) -> dict[str, str]:
        """The addresses to open in a browser."""
        return {"page": f"{self.page_url}/", "api": f"{self.page_url}/docs", "prefect": self.prefect_url}

    @property
    def shell_environment(self) -> dict[str, str]:
        """What a shell needs so that commands work on this very Signtally, and their links lead to it."""
        return {
            **self.aws.environment,
            "SIGNTALLY_USAGE_STORE": self.postgresql.address if self.postgresql else TIMESTREAM,
            "SIGNTALLY_PUBLIC_URL": self.page_url,
            "PREFECT_API_URL": f"{self.prefect_url}/api",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment that every program is started with."""
        home = self.aws.data / "prefect"
        return {
            **self.shell_environment,
            "PREFECT_HOME": str(home),
            "PREFECT_UI_URL": self.prefect_url,
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_UI_API_URL": f"{self.prefect_url}/api",
            "PREFECT_UI_STATIC_DIRECTORY": str(home / "ui"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "DO_NOT_TRACK": "1",
            "SIGNTALLY_LOG_FORMAT": os.environ.get("SIGNTALLY_LOG_FORMAT", TEXT),  # each line begins with its program
            # For the few tenants of one machine, a process that imports Prefect costs more than it saves.
            "SIGNTALLY_TASK_RUNNER": os.environ.get("SIGNTALLY_TASK_RUNNER", THREADS),
        }

    def start(self, supervisor: Supervisor, *, log: Log) -> None:
        """Start everything and return once all of it is ready. Raises a LocalError, DeployError or PortInUseError."""
        require_free(self.api_port, what="the API", option="--api-port")
        require_free(self.prefect_port, what="the Prefect server", option="--prefect-port")
        services = self._services()
        os.environ.update(self.environment)  # for the use cases that run in this process
        log(f"starting the local AWS{', PostgreSQL' if self.postgresql else ''} and the Prefect server")
        for program in [*services, self._prefect_server()]:
            supervisor.start(program)
        supervisor.wait_until_ready(*(program.name for program in services))
        log("making queues, tables and the bucket")
        provisioning.provision(services=wiring.services())
        supervisor.start(self._api())
        supervisor.start(self._order_consumer())
        supervisor.wait_until_ready("prefect")
        log("deploying the flows")
        self._make_work_pool()
        supervisor.start(self._worker())
        deploying.deploy(*prefect_files())
        supervisor.wait_until_ready()
        self._wait_for_order_consumer()

    def _services(self) -> list[Program]:
        """What keeps the data."""
        if self.postgresql is None:
            return self.aws.programs(fresh=self.fresh)
        return [*self.aws.programs(fresh=self.fresh, timestream=False), self.postgresql.program()]

    def _prefect_server(self) -> Program:
        command = [sys.executable, "-m", "tasks.prefect_server", "start"]
        command += ["--host", LOOPBACK, "--port", str(self.prefect_port)]
        return Program(
            name="prefect",
            command=command,
            environment={
                "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
                "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASES,
                **_TOGETHER,
            },
            health_url=f"{self.prefect_url}/api/health",
        )

    def _api(self) -> Program:
        return Program(
            name="api",
            command=[sys.executable, "-m", "signtally", "api", "--port", str(self.api_port)],
            health_url=f"{self.page_url}/readyz",
        )

    def _order_consumer(self) -> Program:
        return Program(name="orders", command=[sys.executable, "-m", "flows.report_orders"])

    @staticmethod
    def _wait_for_order_consumer() -> None:
        deadline = time.monotonic() + _CONSUMER_TIMEOUT_SECONDS
        consumers = wiring.services().stores.order_consumers
        while not consumers.alive():
            if time.monotonic() > deadline:
                raise ChildError(f"no order consumer gave a sign of life within {_CONSUMER_TIMEOUT_SECONDS} s")
            time.sleep(_POLL_SECONDS)

    def _worker(self) -> Program:
        """A warm worker: its runs start at once, without an interpreter for each."""
        options = ["--name", "worker", "--pool", WORK_POOL, "--limit", "3", "--query-seconds", "2"]
        options += ["--warm-up", "tasks.services:services"]  # from now on it logs as the others do
        return Program(name="worker", command=[sys.executable, "-m", "warm_worker", *options])

    def _make_work_pool(self) -> None:
        try:
            pool = {"name": WORK_POOL, "type": "warm"}
            with contextlib.closing(PrefectApi(f"{self.prefect_url}/api")) as prefect:
                prefect.send("POST", "/work_pools/", pool)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.CONFLICT:  # it exists from an earlier start
                raise ChildError(f"the work pool {WORK_POOL} could not be made: {error}") from error


def prefect_files() -> tuple[Path, ...]:
    """The checkout's `prefect.yaml` with every deployment of production, and the demo's own file."""
    production = deploying.production_file()
    return production, production.parent / "deployments" / "prefect-demo.yaml"
