"""Every alarm: which events raise it, how often it is repeated, and what a notification of it says.

`docs/operations.md` has a section for each, under the alarm's title.
"""

import dataclasses
import datetime as dt

from prefect.events.schemas.automations import EventTrigger, Posture

from signtally.domain.operator_events import EventName
from warm_worker.worker import RUN_LEFT

TAG = "signtally"
_HOUR, _DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
_OF_EACH_THING, _OF_EACH_FLOW = "prefect.resource.id", "related:flow:prefect.resource.name"
_OURS = {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
_ENDED = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Crashed", "TimedOut", "Cancelled")}
_BEAT = "prefect.flow-run.heartbeat"
_BEGUN = {f"prefect.flow-run.{state}" for state in ("Pending", "Running")}
# A run that was begun may also be put back, or stopped by an operator.
_PUT_BACK = {
    f"prefect.flow-run.{state}"
    for state in ("Scheduled", "Late", "AwaitingRetry", "AwaitingConcurrencySlot", "Cancelling", "Paused", "Suspended")
}
UNHEARD = dt.timedelta(minutes=10)  # longer than a container takes to be fetched and to start

# Longer than a flow's schedule and its longest run together.
SILENCE = {
    "ingest": dt.timedelta(minutes=15),
    "aggregate": dt.timedelta(minutes=15),
    "scheduled-reports": dt.timedelta(minutes=50),
    "digests": dt.timedelta(minutes=50),
    "mail-events": dt.timedelta(minutes=20),
    "dead-letters": dt.timedelta(hours=3),
    "erasures": dt.timedelta(hours=3),
    "reconcile": dt.timedelta(hours=26),
    "retention": dt.timedelta(hours=26),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Alarm:
    """*body* is a Jinja template, as Prefect's automations have them."""

    title: str
    trigger: EventTrigger
    body: str

    @property
    def name(self) -> str:
        """Of the automation in Prefect."""
        return f"Signtally: {self.title}"


_SAID = "{{ event.payload.said }}\nLook: {{ event.payload.look }}"


def _told(title: str, *names: EventName, again: dt.timedelta = _HOUR, of_each: str | None = _OF_EACH_THING) -> Alarm:
    """An alarm by events of our own; the same thing raises it once within *again*."""
    trigger = EventTrigger(
        posture=Posture.Reactive, expect=set(names), for_each={of_each} if of_each else set(), within=again
    )
    return Alarm(title, trigger, _SAID)


def _run_failed() -> Alarm:
    trigger = EventTrigger(
        posture=Posture.Reactive,
        expect={f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", "TimedOut")},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=_OURS,
        for_each={_OF_EACH_FLOW},
        within=_HOUR,
    )
    body = (
        "{{ flow.name }}: {{ flow_run.name }} is {{ flow_run.state.name }}: {{ flow_run.state.message }}\n"
        "Look: prefect flow-run inspect {{ flow_run.id }} {{ flow_run|ui_url or '' }}"
    )
    return Alarm("a run failed or crashed", trigger, body)


def _not_started(flow: str, silence: dt.timedelta) -> Alarm:
    trigger = EventTrigger(
        posture=Posture.Proactive,
        expect={"prefect.flow-run.Running"},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": flow},
        within=silence,
    )
    body = f"No run of {flow} has started for {silence}.\nLook: prefect work-pool inspect signtally"
    return Alarm(f"{flow} did not start", trigger, body)


def alarms(*, silence: dict[str, dt.timedelta] | None = None) -> list[Alarm]:
    """All of them; *silence* says by flow after how long without a run it is missed."""
    return [
        _run_failed(),
        *(_not_started(flow, longest) for flow, longest in (silence or SILENCE).items()),
        _told("figures are late", EventName.DATA_THROUGH_LATE),
        _told("dead letters grow", EventName.DEAD_LETTERS_GROWN),
        _told("a tenant is held", EventName.RECONCILE_MISMATCH, again=_DAY),
        _told("a report was not made", EventName.REPORT_FAILED, EventName.REPORT_LATE),
        _told("a digest was not delivered", EventName.DIGEST_FAILED, EventName.DIGEST_REFUSED, EventName.DIGEST_LATE),
        _told("too many emails come back", EventName.BOUNCES_HIGH),
        _told("a profile is broken", EventName.PROFILE_BROKEN, again=_DAY),
        _told("a service does not answer", EventName.STORE_UNAVAILABLE, of_each=None),
    ]


def unheard_run(unheard: dt.timedelta) -> EventTrigger:
    """When a run of ours was taken by a worker and has given no sign of life for so long: it died before its first."""
    return EventTrigger(
        posture=Posture.Proactive,
        after=_BEGUN,
        expect={_BEAT, *_ENDED, *_PUT_BACK},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related=_OURS,
        for_each={_OF_EACH_THING},
        within=unheard,
    )


def lost_run(heartbeat_seconds: int) -> EventTrigger:
    """When a run has said nothing three times in a row: its process has died.

    A sign of life may arrive after the end of a run that was short: of a warm worker's, `RUN_LEFT` comes after it.
    """
    return EventTrigger(
        posture=Posture.Proactive,
        after={_BEAT},
        expect={_BEAT, *_ENDED, RUN_LEFT},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={_OF_EACH_THING},
        within=dt.timedelta(seconds=3 * heartbeat_seconds),
    )
