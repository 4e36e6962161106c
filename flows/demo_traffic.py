"""Sample traffic onto the queue, as a portal would send it; not in the production wheel."""

import dataclasses
import datetime as dt
from pathlib import Path

from prefect import flow

from signtally.sample.plan import TrafficPlan
from signtally.sample.sending import EmitOutcome, default_until
from tasks.summaries import figures, publish_summary
from tasks.traffic import send_traffic


@flow(name="demo-traffic", flow_run_name="{events} events of {tenants} tenants")
def demo_traffic(  # noqa: PLR0913, PLR0917 -- an operator sees each as a field of the form
    tenants: int = 48,
    days: int = 40,
    events: int = 2000,
    seed: int = 1,
    duplicates: float = 0.03,
    late: float = 0.05,
    junk: float = 0.01,
    expect: str | None = None,
) -> EmitOutcome:
    """Send sample traffic of the last days, up to now; *expect* names a file for the true counts."""
    plan = TrafficPlan(
        tenants=tenants,
        days=days,
        events=events,
        seed=seed,
        until=default_until(dt.datetime.now(dt.UTC)),
        duplicates=duplicates,
        late=late,
        junk=junk,
    )
    outcome = send_traffic(plan, None if expect is None else Path(expect))
    publish_summary("demo-traffic", figures(dataclasses.asdict(outcome)), description="What was sent")
    return outcome
