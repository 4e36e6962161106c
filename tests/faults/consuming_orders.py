"""A consumer of report orders in a process of its own: `VISIBILITY_SECONDS` is its argument; says what it begins."""

import dataclasses
import sys

from signtally import wiring
from signtally.aws.clients import AwsClients
from signtally.aws.sqs import SqsEventQueue
from signtally.cli.signals import stop_on_signals
from signtally.domain.reports import ReportKey, ReportManifest
from signtally.render.files import render
from signtally.report_queue import ReportQueue
from signtally.use_cases.ordering import ConsumerConfig, OrderConsumer
from signtally.use_cases.reporting import make_report


def main() -> None:
    services, sqs = wiring.services(), AwsClients().sqs
    settings = services.settings
    orders = SqsEventQueue(sqs, name=settings.report_queue, visibility_seconds=int(sys.argv[1]))
    queue = ReportQueue(orders, SqsEventQueue(sqs, name=settings.report_dead_letter_queue))
    services = dataclasses.replace(services, report_queue=queue, renderer=render)

    def make(key: ReportKey) -> ReportManifest:
        sys.stdout.write(f"making {key.report_id}\n")  # in one piece: two makers speak at once
        sys.stdout.flush()
        return make_report(key, services=services)

    config = ConsumerConfig(makers=2, poll_seconds=1, tenants_in_line=4, orders_in_line=8)
    with stop_on_signals() as stop:
        OrderConsumer(services, config=config, make=make).run(stop)


if __name__ == "__main__":
    main()
