"""One digest of one tenant, sent by an operator from the Prefect UI."""

from collections import Counter

from prefect import flow

from signtally.domain.schedules import shown_name
from signtally.use_cases.delivering import require_all_well
from tasks import schedules
from tasks.failures import explain_failure
from tasks.summaries import publish_summary


@flow(
    name="send-digest",
    flow_run_name="send digest {schedule} of {tenant_id}",
    on_failure=[explain_failure],
    on_crashed=[explain_failure],
)
def send_digest(
    tenant_id: str,
    schedule: str,
    period: str | None = None,
    again: bool = False,  # noqa: FBT001, FBT002 -- a tick in the form
) -> None:
    """Send a schedule's digest of a whole *period* that is over (the last one, if none) to whoever has not got it.

    With *again* to everybody once more. To one recipient alone: `signtally digests resend --recipient`, since no
    address is kept with runs. Raises DeliveriesFailedError when something is refused or in doubt.
    """
    sent = schedules.send_digest(tenant_id, schedule, period, again=again)
    states = Counter(str(each.state) for each in sent.deliveries)
    publish_summary(
        "send-digest",
        [{"state": state, "recipients": count} for state, count in sorted(states.items())],
        description=f"{tenant_id}: {sent.key.schedule}, {shown_name(sent.key.period)}",
    )
    require_all_well("digest by hand", sent.troubles)
