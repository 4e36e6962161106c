"""Which run a log line belongs to, by Prefect's context."""

from prefect.context import FlowRunContext, TaskRunContext


def run_fields() -> dict[str, str]:
    """Under the names that Prefect's own log lines have them by; nothing outside of runs."""
    fields: dict[str, str] = {}
    flow, task = FlowRunContext.get(), TaskRunContext.get()
    if flow is not None and flow.flow_run is not None:
        fields |= {"flow_run_name": flow.flow_run.name, "flow_run_id": str(flow.flow_run.id)}
    if task is not None:
        if task.task_run.flow_run_id is not None:
            fields["flow_run_id"] = str(task.task_run.flow_run_id)
        fields |= {"task_run_name": task.task_run.name, "task_run_id": str(task.task_run.id)}
    return fields
