"""Who was erased a day ago, looked for once more: what the usage store could not show then is there by now."""

from prefect import flow

from signtally.use_cases.due_erasures import DueErasuresOutcome
from tasks.erasures import take_up_due_erasures
from tasks.failures import explain_failure
from tasks.run_names import due_by
from tasks.summaries import figures, publish_summary


@flow(name="erasures", flow_run_name=due_by, on_failure=[explain_failure], on_crashed=[explain_failure])
def erasures() -> DueErasuresOutcome:
    """Finish the erasures and offboardings that are due again. Raises ErasuresPendingError when one cannot be."""
    outcome = take_up_due_erasures()
    publish_summary("erasures", figures(outcome.as_dict()), description="What was found a day later, and is gone now")
    outcome.require_all_done()
    return outcome
