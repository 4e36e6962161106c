"""The CloudFormation template makes what `signtally provision` makes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml

from signtally.local.local_aws import LocalAws
from signtally.services import Services
from signtally.settings import Settings

TEMPLATE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "deployments/cloudformation.yaml").read_text())
_COMPARED = ("MessageRetentionPeriod", "MaximumMessageSize", "VisibilityTimeout", "ReceiveMessageWaitTimeSeconds")


def test_its_defaults_are_the_settings() -> None:
    defaults = {name: each["Default"] for name, each in TEMPLATE["Parameters"].items()}
    settings = Settings()
    assert defaults == {
        "QueueName": settings.queue,
        "DeadLetterQueueName": settings.dead_letter_queue,
        "ReportQueueName": settings.report_queue,
        "ReportDeadLetterQueueName": settings.report_dead_letter_queue,
        "MailEventsQueueName": settings.mail_events_queue,
        "MailEventsDeadLetterQueueName": settings.mail_events_dead_letter_queue,
        "DatabaseName": settings.database,
        "BucketName": settings.bucket,
        "MemoryRetentionHours": str(settings.memory_retention_hours),
        "EventRetentionDays": str(settings.magnetic_retention_days),
        "DailyUsageRetentionDays": str(min(settings.magnetic_retention_days + 2, 73_000)),
    }


def test_its_queues_are_those_of_provision(real_services: Services, local_aws: LocalAws) -> None:
    """The local CloudFormation knows no Timestream, so the tables are compared by the next test."""
    names = {
        "QueueName": "from-template",
        "DeadLetterQueueName": "from-template-dead",
        "ReportQueueName": "from-template-orders",
        "ReportDeadLetterQueueName": "from-template-orders-dead",
        "MailEventsQueueName": "from-template-mail",
        "MailEventsDeadLetterQueueName": "from-template-mail-dead",
        "BucketName": "from-template",
    }
    resources = {name.removesuffix("Name") for name in names}
    known = {name: each for name, each in TEMPLATE["Resources"].items() if name in resources}
    stacks = boto3.client("cloudformation", endpoint_url=f"http://127.0.0.1:{local_aws.port}", region_name="us-east-1")
    stacks.create_stack(
        StackName="signtally",
        TemplateBody=json.dumps({**TEMPLATE, "Resources": known, "Outputs": {}}),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in names.items()],
    )
    stacks.get_waiter("stack_create_complete").wait(StackName="signtally", WaiterConfig={"Delay": 1})
    settings = real_services.settings
    assert _queue(names["QueueName"]) == _queue(settings.queue)
    assert _queue(names["DeadLetterQueueName"]) == _queue(settings.dead_letter_queue)
    assert _queue(names["ReportQueueName"]) == _queue(settings.report_queue)
    assert _queue(names["ReportDeadLetterQueueName"]) == _queue(settings.report_dead_letter_queue)
    assert _queue(names["MailEventsQueueName"]) == _queue(settings.mail_events_queue)
    assert _queue(names["MailEventsDeadLetterQueueName"]) == _queue(settings.mail_events_dead_letter_queue)


def test_its_bucket_expires_what_provision_lets_expire(real_services: Services) -> None:
    """The local CloudFormation knows no lifecycle rules, so the text is compared."""
    s3 = boto3.client("s3", region_name="us-east-1")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=real_services.settings.bucket)["Rules"]
    assert TEMPLATE["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"] == [
        {
            "Id": rule["ID"],
            "Status": rule["Status"],
            "Prefix": rule["Filter"]["Prefix"],
            "ExpirationInDays": rule["Expiration"]["Days"],
            **_aborted(rule),
        }
        for rule in rules
    ]


def test_its_events_of_emails_are_those_of_provision(real_services: Services) -> None:
    """The local CloudFormation knows no event destinations, so the text is compared."""
    ses, sqs = boto3.client("sesv2", region_name="us-east-1"), boto3.client("sqs", region_name="us-east-1")
    name = real_services.settings.mail_events_queue
    (made,) = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    resources = {kind: each["Properties"] for kind, each in TEMPLATE["Resources"].items()}
    stated = resources["MailEventsDestination"]["EventDestination"]
    assert stated["MatchingEventTypes"] == made["MatchingEventTypes"]
    assert (stated["Name"], stated["Enabled"]) == (made["Name"], made["Enabled"])
    assert resources["MailEventsSubscription"]["RawMessageDelivery"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    shape = [(each["Effect"], each["Principal"], each["Action"], [*each["Condition"]]) for each in policy["Statement"]]
    stated_policy = resources["MailEventsQueuePolicy"]["PolicyDocument"]
    assert shape == [
        (each["Effect"], each["Principal"], each["Action"], [*each["Condition"]]) for each in stated_policy["Statement"]
    ]


def test_its_tables_are_those_of_provision_and_the_programs_may_use_them(real_services: Services) -> None:
    timestream = boto3.client("timestream-write", region_name="us-east-1")
    made = timestream.list_tables(DatabaseName=real_services.settings.database)["Tables"]
    stated = {name: each for name, each in TEMPLATE["Resources"].items() if each["Type"] == "AWS::Timestream::Table"}
    defaults = {name: each["Default"] for name, each in TEMPLATE["Parameters"].items()}
    expected = {}
    for each in (table["Properties"] for table in stated.values()):
        retention = {name: int(defaults[value["Ref"]]) for name, value in each["RetentionProperties"].items()}
        expected[each["TableName"]] = (retention, each["Schema"], each["MagneticStoreWriteProperties"])
    assert expected == {
        table["TableName"]: (table["RetentionProperties"], table["Schema"], table["MagneticStoreWriteProperties"])
        for table in made
    }
    policy = str(TEMPLATE["Resources"]["Policy"])
    assert all(f"['{name}', 'Arn']" in policy for name in stated)


def _aborted(rule: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in rule.items() if name == "AbortIncompleteMultipartUpload"}


def _queue(name: str) -> dict[str, object]:
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes: dict[Any, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes.get("RedrivePolicy", "{}"))
    return {**{each: attributes[each] for each in _COMPARED}, "maxReceiveCount": int(redrive.get("maxReceiveCount", 0))}
