"""What goes wrong in the alarm drill: a way to cause each alarm on a running stack, and how one sees it mended."""

import contextlib
import dataclasses
import datetime as dt
import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from signtally.aws.clients import AwsClients
from signtally.domain.destinations import new_secret
from signtally.domain.mail_addresses import parse_sender
from signtally.domain.schedule_terms import Schedule
from signtally.domain.schemas import DAILY_USAGE
from signtally.domain.tenants import TenantProfile
from signtally.local.flow_runs import FlowRuns
from signtally.local.prefect_api import PrefectApi
from signtally.local.processes import ChildError
from signtally.ports.queue import OutgoingMessage
from signtally.services import Services
from signtally.use_cases.delivering import all_deliveries
from tests.soak.stack_programs import StackPrograms
from tests.support.commands import Program
from tests.support.loopback_http import LoopbackHttp, QuietHandler

TENANT = "acme"  # as in the runbook
_RECIPIENTS = [f"u{number}@acme.example" for number in range(20)]
_BOUNCING = [f"bounce+{number}@simulator.amazonses.com" for number in range(2)]
_SECRET = new_secret()
_SOON = dt.timedelta(minutes=15, seconds=40)  # from now: too far ahead to be counted, and in a minute no longer
_TIMEOUT_SECONDS = 240.0
_BEAT = "prefect.flow-run.heartbeat"


class Channel(LoopbackHttp):
    """A receiver of webhooks: `/right` takes them, anything else is refused."""

    def __init__(self) -> None:
        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 -- http.server calls it so
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200 if self.path == "/right" else 404)
                self.end_headers()

        super().__init__(Handler)


@dataclasses.dataclass
class Scene:
    """The stack, and what the drill does to it."""

    services: Services
    runs: FlowRuns
    prefect: PrefectApi
    programs: StackPrograms
    channel: Channel
    operator: Program  # its directory has acme.json, which the runbook's commands store
    codes: list[int] = dataclasses.field(default_factory=list)  # of the commands that mended last

    def run(self, flow: str) -> None:
        """A run of this flow; that it fails is often the point."""
        with contextlib.suppress(ChildError):
            self.runs.run(f"{flow}/{flow}")

    def write_profile(self, *, path: str = "right", paused: bool = False) -> Path:
        """What the operator is going to store: acme's profile with its webhook at this path."""
        hook = {"name": "Hook", "kind": "webhook", "url": f"{self.channel.url}/{path}", "secret": _SECRET}
        addresses = [{"email": each} for each in [*_RECIPIENTS, *_BOUNCING]]
        when: dict[str, object] = {"name": "monthly", "every": "month", "at": "00:00", "paused": paused}
        schedule = when | {"formats": ["csv"], "recipients": addresses, "destinations": [hook]}
        file = self.operator.directory / "acme.json"
        file.write_text(json.dumps({"tenant_id": TENANT, "name": "Acme", "schedules": [schedule]}))
        return file

    def states(self) -> set[str]:
        return {str(row.delivery.state) for row in all_deliveries(services=self.services, tenant_id=TENANT)}


def prepare(scene: Scene) -> None:
    """Acme has sent something last month, and all is counted."""
    last_month = scene.services.clock().replace(day=1) - dt.timedelta(days=1)
    event = {"specversion": "1.0", "id": "drill-1", "source": "/portal", "type": "document.sent"}
    data = {"tenant_id": TENANT, "user_id": "u_17", "document_id": "d1"}
    body = {**event, "time": last_month.isoformat(), "data": data}
    scene.services.queue.send([OutgoingMessage(json.dumps(body))])
    for flow in ("ingest", "aggregate"):
        scene.runs.run(f"{flow}/{flow}")
    put = scene.operator("tenants", "put", str(scene.write_profile(path="wrong")))
    assert put.code == 0, put


def lose_the_sender(scene: Scene) -> None:
    """Somebody deletes the sender's identity; digests are due."""
    domain = parse_sender(scene.services.settings.mail_from).address.rpartition("@")[2]
    AwsClients().ses.delete_email_identity(EmailIdentity=domain)
    scene.run("digests")


def refuse_a_webhook(scene: Scene) -> None:
    """Its address is a wrong one; and two of the mailboxes do not exist."""
    scene.run("digests")
    scene.write_profile()


def bounce(scene: Scene) -> None:
    scene.run("mail-events")
    scene.write_profile(paused=True)


def spoil_a_row(scene: Scene) -> None:
    day = (scene.services.clock().replace(day=1) - dt.timedelta(days=1)).date()
    store = scene.services.usage_store
    rows = store.daily_usage(first=day, last=day, tenant_ids=[TENANT]).select([*DAILY_USAGE])
    spoilt = rows.with_columns(sent=pl.lit(7, pl.Int64))
    assert store.put_daily_usage(spoilt, version=time.time_ns() // 1_000).is_empty()
    scene.run("reconcile")


def break_the_profile(scene: Scene) -> None:
    scene.services.objects.put(f"tenants/{TENANT}.json", b"no profile")
    scene.run("scheduled-reports")


def send_too_early(scene: Scene) -> None:
    """A sender whose clock is fast; a minute later its event is as good as any, when it is replayed."""
    time_ = (scene.services.clock() + _SOON).isoformat()
    event = {"specversion": "1.0", "id": "drill-2", "source": "/portal", "type": "document.sent", "time": time_}
    data = {"tenant_id": TENANT, "user_id": "u_17", "document_id": "d2"}
    scene.services.queue.send([OutgoingMessage(json.dumps({**event, "data": data}))])
    scene.run("ingest")


def pause_ingest(scene: Scene) -> None:
    """Somebody has paused it, and an hour has passed."""
    stop_ingest(scene, dt.timedelta(hours=1))
    scene.run("aggregate")


def stop_ingest(scene: Scene, ago: dt.timedelta) -> None:
    """Nothing has been settled or counted since."""
    scene.runs.set_schedules("ingest/ingest", active=False)
    scene.runs.wait_until_idle("ingest/ingest")
    marks, then = scene.services.stores.watermarks, scene.services.clock() - ago
    scene.services.objects.delete(["state/settled-through.json", "state/data-through.json"])
    marks.publish_settled_through(then)


def owe_a_report(scene: Scene) -> None:
    """Ingest stands still for two days, and a tenant wants yesterday's report."""
    every_day = Schedule(name="daily", every="day", at="00:00", formats=("csv",), digest=False)
    stop_ingest(scene, dt.timedelta(days=2))
    scene.services.stores.tenants.put(TenantProfile(tenant_id="bolt", schedules=(every_day,)))
    scene.run("scheduled-reports")


def kill_the_worker(scene: Scene) -> None:
    """In the middle of an ingest that waits for a message which somebody else has in flight.

    Not before its first sign of life has arrived: without one, nobody knows that it has ever lived.
    """
    scene.services.queue.send([OutgoingMessage("held")])
    assert scene.services.queue.receive(wait_seconds=5, visibility_seconds=120)
    scene.prefect.start("ingest/ingest", {})  # cancelled at once where a scheduled one runs: that one will do
    pause, deadline = threading.Event(), time.monotonic() + _TIMEOUT_SECONDS
    while not _has_beaten(scene):
        assert time.monotonic() < deadline, "no worker took it"
        pause.wait(0.5)
    scene.programs.kill("worker", by=signal.SIGKILL)


def _has_beaten(scene: Scene) -> bool:
    """Whether an ingest that runs has given a sign of life."""
    running = {"flows": {"name": {"any_": ["ingest"]}}, "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    resources = [f"prefect.flow-run.{run['id']}" for run in scene.prefect.send("POST", "/flow_runs/filter", running)]
    about = {"event": {"name": [_BEAT]}, "resource": {"id": resources}, "occurred": {}}
    return bool(resources and scene.prefect.send("POST", "/events/filter", {"filter": about, "limit": 1})["events"])


def pause_the_pool(scene: Scene) -> None:
    scene.prefect.send("PATCH", "/work_pools/signtally", {"is_paused": True})


def is_sent(scene: Scene) -> bool:
    """Digests go out again."""
    scene.run("digests")
    return "sent" in scene.states()


def is_delivered(scene: Scene) -> bool:
    return "refused" not in scene.states()


def is_paused(scene: Scene) -> bool:
    return all(each.paused for each in scene.services.stores.tenants.get(TENANT).schedules)


def is_let_go(scene: Scene) -> bool:
    return scene.services.stores.holds.get(TENANT) is None


def is_readable(scene: Scene) -> bool:
    return bool(scene.services.stores.tenants.get(TENANT).schedules)


def is_replayed(scene: Scene) -> bool:
    return scene.services.dead_letters.depth().visible == 0


def is_fresh(scene: Scene) -> bool:
    scene.runs.set_schedules("ingest/ingest", active=True)
    through = scene.services.stores.watermarks.data_through()
    return through is not None and scene.services.clock() - through < dt.timedelta(minutes=5)


def runs_again(scene: Scene) -> bool:
    scene.runs.run("aggregate/aggregate")
    return True


def is_made(scene: Scene) -> bool:
    """By the figures that the section before it has brought."""
    scene.runs.set_schedules("ingest/ingest", active=True)
    return not any(scene.codes)


@dataclasses.dataclass(frozen=True, slots=True)
class Exercise:
    """An alarm of the runbook: *cause* it, read *says* (a pattern), follow the section, and see that it *is_mended*."""

    title: str
    cause: Callable[[Scene], None]
    says: str
    is_mended: Callable[[Scene], bool]
    before: str = ""  # the section to which its own one leads
    shown_as: str = ""  # in the notification's subject, when a section serves several alarms

    @property
    def subject(self) -> str:
        return f"Signtally: {self.shown_as or self.title}"


EXERCISES = (
    Exercise("a service does not answer", lose_the_sender, "not verified", is_sent),
    Exercise("a digest was not delivered", refuse_a_webhook, r"acme / monthly .*\(refused\)", is_delivered),
    Exercise("too many emails come back", bounce, "of 2. emails since yesterday 2", is_paused),
    Exercise("a tenant is held", spoil_a_row, "figures of acme contradict", is_let_go),
    Exercise("a profile is broken", break_the_profile, "acme is broken", is_readable),
    Exercise("dead letters grow", send_too_early, "1 message could not be counted", is_replayed),
    Exercise("figures are late", pause_ingest, "6. minutes ago", is_fresh),
    Exercise("a report was not made", owe_a_report, "bolt / daily .* has waited", is_made, before="figures are late"),
    Exercise("a run failed or crashed", kill_the_worker, "Crashed", runs_again),
    Exercise("reconcile did not start", pause_the_pool, "No run of", runs_again, shown_as="ingest did not start"),
)
