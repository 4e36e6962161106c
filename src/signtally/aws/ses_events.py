"""SES writes what becomes of emails to an SNS topic, and that to a queue of SQS."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from signtally.aws.errors import map_errors

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import EventDestinationDefinitionTypeDef

    from signtally.aws.sqs import SqsEventQueue

DESTINATION = "signtally"
_RAW = {"RawMessageDelivery": "true"}  # without SNS's wrapping


class SnsClient(Protocol):
    """The three calls of boto3's client that are made here."""

    def create_topic(self, *, Name: str) -> Mapping[str, Any]: ...  # noqa: N803 -- AWS's own spelling
    def set_topic_attributes(self, *, TopicArn: str, AttributeName: str, AttributeValue: str) -> object: ...  # noqa: N803
    def subscribe(self, *, TopicArn: str, Protocol: str, Endpoint: str, Attributes: Mapping[str, str]) -> object: ...  # noqa: N803


class SesEvents:
    """Configuration set, topic and queue have one *name*; whoever sends by that set has its events on the queue."""

    def __init__(self, ses: "SESV2Client", sns: SnsClient, queue: "SqsEventQueue", *, name: str) -> None:
        self._ses = ses
        self._sns = sns
        self._queue = queue
        self._name = name

    def provision(self) -> bool:
        """Connect the three; whether the configuration set was new. The queue must exist."""
        with map_errors("SNS", f"topic {self._name}"):
            topic_arn: str = self._sns.create_topic(Name=self._name)["TopicArn"]  # the same, if it exists
            policy = topic_policy(topic_arn)
            self._sns.set_topic_attributes(
                TopicArn=topic_arn, AttributeName="Policy", AttributeValue=json.dumps(policy)
            )
        self._queue.allow_topic(topic_arn)
        with map_errors("SNS", f"topic {self._name}"):
            self._sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=self._queue.arn, Attributes=_RAW)
        with map_errors("SES", f"configuration set {self._name}"):
            return self._publish_to(topic_arn)

    def _publish_to(self, topic_arn: str) -> bool:
        made = False
        try:
            self._ses.create_configuration_set(ConfigurationSetName=self._name)
            made = True
        except self._ses.exceptions.AlreadyExistsException:
            pass
        destination: EventDestinationDefinitionTypeDef = {
            "Enabled": True,
            "MatchingEventTypes": ["BOUNCE", "COMPLAINT", "DELIVERY_DELAY", "REJECT"],
            "SnsDestination": {"TopicArn": topic_arn},
        }
        try:
            self._ses.create_configuration_set_event_destination(
                ConfigurationSetName=self._name, EventDestinationName=DESTINATION, EventDestination=destination
            )
        except self._ses.exceptions.AlreadyExistsException:
            self._ses.update_configuration_set_event_destination(
                ConfigurationSetName=self._name, EventDestinationName=DESTINATION, EventDestination=destination
            )
        return made


def topic_policy(topic_arn: str) -> dict[str, Any]:
    """SES of this very account may publish."""
    account = topic_arn.split(":")[4]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ses.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"AWS:SourceAccount": account}},
            }
        ],
    }
