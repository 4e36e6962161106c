"""botocore's errors, mapped in one place to those of the ports."""

import contextlib
from collections.abc import Iterator

from botocore.discovery import EndpointDiscoveryRefreshFailed
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError

_REFUSED_CODES = {
    "403",  # a HEAD has no body to say more
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_MISSING_CODES = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}
TRANSIENT_CODES = {
    "InternalError",
    "InternalServerException",
    "KmsThrottled",
    "OverLimit",  # more messages in flight than SQS allows
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_ABSENT_IN_QUERY = "not found for identifier"  # to Timestream's queries an absent table is merely invalid
_SERVER_ERROR = 500


@contextlib.contextmanager
def map_errors(service: str, what: str) -> Iterator[None]:
    """Turn botocore's errors into a ServiceError that names *service* (`SQS`) and *what* (`queue signtally-events`)."""
    try:
        yield
    except ClientError as error:
        raise service_error(error, service=service, what=what) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise AccessRefusedError(
            f"{service}: no AWS credentials found for {what}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or point the AWS_ENDPOINT_URL_… variables at `signtally local`"
        ) from error
    except NoRegionError as error:
        raise ServiceError(f"{service}: no AWS region for {what}; set AWS_REGION") from error
    except (BotoConnectionError, EndpointDiscoveryRefreshFailed, HTTPClientError) as error:
        raise ServiceUnavailableError(
            f"{service} cannot be reached for {what}: {error}; is it running, and does AWS_ENDPOINT_URL_… name it?"
        ) from error
    except BotoCoreError as error:
        raise ServiceError(f"{service}: {what}: {error}") from error


def service_error(error: ClientError, *, service: str, what: str) -> ServiceError:
    """The error of the ports that says what an answer with this code or status means."""
    found = error.response.get("Error", {})
    code, message = found.get("Code", "Unknown"), found.get("Message", "")
    # SQS has spelled its codes with and without its name before them: AWS.SimpleQueueService.RequestThrottled.
    spellings = {code, code.rpartition(".")[2]}
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if spellings & _REFUSED_CODES:
        return AccessRefusedError(f"{service} refused the credentials for {what} ({code}: {message}); check them")
    if spellings & _MISSING_CODES or _ABSENT_IN_QUERY in message:
        return NotProvisionedError(f"{service}: {what} does not exist; run `signtally provision`, or check its name")
    if spellings & TRANSIENT_CODES or status >= _SERVER_ERROR:
        return ServiceUnavailableError(f"{service} could not serve {what} now ({code}: {message}); try again")
    return ServiceError(f"{service}: {what}: {code}: {message}")
