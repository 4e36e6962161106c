"""The flow that takes in what became of emails, under a real Prefect server, on a real queue."""

import boto3

from flows.mail_events import mail_events
from signtally.services import Services
from tests.support.flow_artifacts import latest_figures


def test_what_nobody_can_read_is_shown_to_operators(flow_services: Services) -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.get_queue_url(QueueName=flow_services.settings.mail_events_queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="nonsense")
    (said,) = mail_events().dead_letters.values()
    assert said.startswith("not-json: ")
    assert said in latest_figures("mail-events").values()
