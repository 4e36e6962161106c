"""What a run that failed leaves for whoever looks at it: an artifact with the reason, and the command to go on with."""

from typing import Any

from prefect import Flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun, State

from signtally.domain.redaction import without_secrets

_LONGEST = 2_000  # characters of a reason; the run's log has the rest
RUNBOOK = "docs/operations.md"
BY_COMMAND = {
    "ingest": "signtally ingest",
    "aggregate": "signtally aggregate",
    "reconcile": "signtally reconcile",
    "rebuild": "signtally rebuild --dry-run",
    "report": "signtally report --help",
    "report-orders": "python -m flows.report_orders",
    "scheduled-reports": "signtally schedules run",
    "digests": "signtally digests run",
    "send-digest": "signtally digests send-now --help",
    "mail-events": "signtally deliveries list",
    "dead-letters": "signtally dead-letters list",
    "erasures": "signtally erasures run",
    "retention": "signtally expire --dry-run",
    "replay-dead-letters": "signtally dead-letters list",
    "import-history": "signtally import --help",
}


def explain_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """A hook of flows: attach the artifact `FLOW-failed` to the run. Without a server there is only the log."""
    try:
        with get_client(sync_client=True) as client:
            client.create_artifact(
                ArtifactCreate(
                    key=f"{flow.name}-failed",
                    type="markdown",
                    description=f"Why {flow_run.name} is {state.name}, and what to do",
                    data=_account(flow.name, flow_run, state),
                    flow_run_id=flow_run.id,
                )
            )
    except Exception as error:  # noqa: BLE001 -- the run has its state and its log all the same
        get_run_logger(flow_run=flow_run, flow=flow).warning(
            "the reason could not be attached as an artifact: %s", error
        )


def _account(flow_name: str, run: FlowRun, state: State[Any]) -> str:
    reason = without_secrets(state.message or "no reason is known")[:_LONGEST]
    seconds = run.total_run_time.total_seconds()
    lines = [
        f"**{run.name}** is {state.name} after {seconds:,.0f} s.",
        "```\n" + reason.replace("```", "'''") + "\n```",
        "What it had done before is in its log and in its other artifacts; the next run goes on from there.",
        f"- What the alarm means and how to mend it: `{RUNBOOK}`",
    ]
    if command := BY_COMMAND.get(flow_name):
        lines.append(f"- The same work by command, with the reason in full: `{command}`")
    return "\n\n".join(lines)
