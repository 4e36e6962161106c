"""What botocore raises, as the ports' errors: which of them may pass decides what is tried again."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from signtally.aws.errors import service_error
from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, ServiceUnavailableError),
        ("RequestThrottled", 403, ServiceUnavailableError),
        ("AWS.SimpleQueueService.ThrottlingException", 400, ServiceUnavailableError),
        ("AWS.SimpleQueueService.RequestThrottled", 400, ServiceUnavailableError),
        ("AWS.SimpleQueueService.InternalError", 500, ServiceUnavailableError),
        ("KmsThrottled", 400, ServiceUnavailableError),
        ("OverLimit", 403, ServiceUnavailableError),
        ("502", 502, ServiceUnavailableError),
        ("AWS.SimpleQueueService.AccessDenied", 403, AccessRefusedError),
        ("ExpiredTokenException", 400, AccessRefusedError),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, NotProvisionedError),
        ("QueueDoesNotExist", 400, NotProvisionedError),
        ("AWS.SimpleQueueService.EmptyBatchRequest", 400, ServiceError),
        ("ValidationException", 400, ServiceError),
    ],
)
def test_an_error_is_known_by_its_code(code: str, status: int, expected: type[ServiceError]) -> None:
    response: Any = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = service_error(ClientError(response, "Any"), service="SQS", what="queue q")
    assert type(error) is expected
