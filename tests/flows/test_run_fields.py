"""Log lines of workers name the run that they belong to."""

import asyncio
import logging

from prefect import flow, get_run_logger, task

from tasks.run_fields import run_fields
from tests.support.log_lines import logged

LOG = logging.getLogger("signtally.tests")


@task(task_run_name="shard 1 of 4")
def count() -> None:
    LOG.info("counting")


@flow(name="named", flow_run_name="named by a test")
async def named() -> None:
    LOG.info("begun")
    get_run_logger().info("by Prefect's own")
    count()


def test_lines_name_their_run(prefect_server: None) -> None:
    del prefect_server
    with logged(more=run_fields) as log:
        LOG.info("outside")
        asyncio.run(named())
    lines = {line["message"]: line for line in log.lines}
    assert "flow_run_id" not in lines["outside"]
    assert lines["begun"]["flow_run_name"] == lines["by Prefect's own"]["flow_run_name"] == "named by a test"
    run_id = lines["begun"]["flow_run_id"]
    assert {lines[each]["flow_run_id"] for each in ("by Prefect's own", "counting")} == {run_id}
    assert lines["counting"]["task_run_name"] == "shard 1 of 4"
