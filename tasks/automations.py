"""`python -m tasks.automations`: makes Prefect's automations and limits what they should be; any number of times.

Each alarm is an automation that notifies the address in `SIGNTALLY_ALERT_URL`; two more end runs whose process died.
"""

import datetime as dt
import functools
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger
from prefect.settings import get_current_settings

from signtally import wiring
from signtally.ports.errors import ServiceError
from signtally.settings import Settings
from tasks.alarms import TAG, UNHEARD, Alarm, alarms, lost_run, unheard_run
from tasks.limit_deployment import deploy_limits

BLOCK = "signtally-alerts"
_RUNBOOK = "Runbook: docs/operations.md"
_LOST = "Its process gave no sign of life any more."
_UNHEARD = "Its process died before it gave a sign of life."


def deploy(
    settings: Settings, found: Iterable[Alarm], *, heartbeat_seconds: int | None, unheard: dt.timedelta = UNHEARD
) -> list[str]:
    """Make, change and delete automations until there are these; what was done, a line each.

    One that an operator has switched off stays off. Without heartbeats (None) lost runs are not found. *unheard* is how
    long a run that was begun may go without its first one.
    """
    block_id = _save_block(settings)
    ending = [] if heartbeat_seconds is None else _ending_lost_runs(heartbeat_seconds, unheard)
    wanted = {each.name: each for each in [*_alarming(found, block_id), *ending]}
    said = [] if block_id else ["SIGNTALLY_ALERT_URL is not set: alarms are only in Prefect's event feed"]
    with get_client(sync_client=True) as client:
        standing = _standing(client)
        for name in standing.keys() - wanted.keys():
            client.delete_automation(standing[name].id)
            said.append(f"{name}: deleted")
        said += [f"{name}: {_apply(client, each, standing.get(name))}" for name, each in wanted.items()]
    return said


def _standing(client: SyncPrefectClient) -> dict[str, Automation]:
    return {each.name: each for each in client.read_automations() if TAG in each.tags}


def _apply(client: SyncPrefectClient, wanted: AutomationCore, standing: Automation | None) -> str:
    if standing is None:
        client.create_automation(wanted)
        return "made"
    wanted = wanted.model_copy(update={"enabled": standing.enabled})
    if _terms(wanted) == _terms(standing):
        return "unchanged"
    client.update_automation(standing.id, wanted)
    return "changed"


def _terms(automation: AutomationCore) -> dict[str, object]:
    """What makes two automations the same: not the ids that the server gives to each and to its trigger.

    As Python values: a set is a list in JSON, whose order means nothing and differs.
    """
    terms: dict[str, object] = AutomationCore.model_validate(automation.model_dump(exclude={"id"})).model_dump(
        exclude={"trigger": {"id"}}
    )
    return terms


def _alarming(found: Iterable[Alarm], block_id: object) -> Iterator[AutomationCore]:
    for alarm in found:
        notify: ActionTypes = DoNothing()
        if block_id:
            notify = SendNotification.model_validate(
                {"block_document_id": block_id, "subject": alarm.name, "body": f"{alarm.body}\n{_RUNBOOK}"}
            )
        yield AutomationCore(
            name=alarm.name,
            description=f"{_RUNBOOK}, {alarm.title}",
            tags=[TAG],
            trigger=alarm.trigger,
            actions=[notify],
        )


def _ending_lost_runs(heartbeat_seconds: int, unheard: dt.timedelta) -> list[AutomationCore]:
    return [
        _ending("Signtally: end runs whose process died", lost_run(heartbeat_seconds), _LOST),
        _ending("Signtally: end runs whose process died at once", unheard_run(unheard), _UNHEARD),
    ]


def _ending(name: str, trigger: EventTrigger, message: str) -> AutomationCore:
    return AutomationCore(
        name=name,
        description="Then their slots are free, and the alarm about crashed runs says so.",
        tags=[TAG],
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


def _save_block(settings: Settings) -> object:
    """The id of the block that notifies; None when there is nobody to notify."""
    if settings.alert_url is None:
        return None
    return _block(settings.alert_url.get_secret_value()).save(BLOCK, overwrite=True)


def _block(address: str) -> NotificationBlock:
    """Any server has these kinds of block. A webhook's address is among the secrets, for it may have a token in it."""
    if urlsplit(address).scheme.startswith("http"):
        texts = {"subject": "{{subject}}", "body": "{{body}}", "text": "{{subject}}\n{{body}}"}
        return CustomWebhookNotificationBlock.model_validate(
            {"name": "Signtally", "url": "{{address}}", "json_data": texts, "secrets": {"address": address}}
        )
    # It hands everything that is not Slack's to Apprise, which speaks SMTP: by itself in HTML, where lines would run
    # into one and what looks like a tag would be gone.
    as_text = "format=text"
    return SlackWebhook.model_validate({"url": f"{address}{'&' if '?' in address else '?'}{as_text}"})


def _mail_rate(settings: Settings) -> float | None:
    """What the mail service says; None also where it cannot be asked from this machine."""
    try:
        return wiring.services(settings, timeouts=wiring.INTERACTIVE_TIMEOUTS).mailer.rate()
    except ServiceError:
        return None


def main() -> None:
    heartbeat_seconds = get_current_settings().flows.heartbeat_frequency  # the workers' must be the same
    settings = Settings()
    limits = deploy_limits(settings, mail_rate=functools.partial(_mail_rate, settings))
    for line in [*limits, *deploy(settings, alarms(), heartbeat_seconds=heartbeat_seconds)]:
        print(line)  # noqa: T201 -- a program's answer


if __name__ == "__main__":
    main()
