"""Timestream's exceptions, each with its code and HTTP status.

Codes and members are those of the service models that ship with botocore; statuses are those captured in public bug
reports: 400 for a bad request, 403, 404, 409, 419 for rejected records, 421 for a wrong endpoint, 429 when throttled.
"""

from typing import ClassVar

NAMESPACE = "com.amazonaws.timestream.v20181101"


class ServiceError(Exception):
    """An error with the code and the status that an AWS SDK expects."""

    code: ClassVar[str] = "InternalServerException"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> dict[str, object]:
        return {"__type": f"{NAMESPACE}#{self.code}", "Message": self.message}


class InternalServerError(ServiceError):
    """Something here broke; the caller may try again."""


class ValidationError(ServiceError):
    """The request can never succeed as it is."""

    code = "ValidationException"
    status = 400


class AccessDeniedError(ServiceError):
    """The caller may not do this."""

    code = "AccessDeniedException"
    status = 403


class ResourceNotFoundError(ServiceError):
    """The database or table does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictError(ServiceError):
    """What is to be created exists, or a cancelled query is read on."""

    code = "ConflictException"
    status = 409


class RejectedRecordsError(ServiceError):
    """Some records were not written; all the others of the call were."""

    code = "RejectedRecordsException"
    status = 419

    def __init__(self, rejected: list[dict[str, object]]) -> None:
        super().__init__("One or more records have been rejected. See RejectedRecords for details.")
        self.rejected = rejected

    def body(self) -> dict[str, object]:
        return {**super().body(), "RejectedRecords": self.rejected}


class InvalidEndpointError(ServiceError):
    """The request went to an endpoint that does not serve it."""

    code = "InvalidEndpointException"
    status = 421


class ThrottlingError(ServiceError):
    """Too many requests for now; SDKs retry by themselves."""

    code = "ThrottlingException"
    status = 429


class QueryExecutionError(ServiceError):
    """The query is valid and failed while it ran."""

    code = "QueryExecutionException"
    status = 400


class UnknownOperationError(ServiceError):
    """The X-Amz-Target header names nothing that the service knows."""

    code = "UnknownOperationException"
    status = 404

    def body(self) -> dict[str, object]:
        return {"__type": f"com.amazon.coral.service#{self.code}"}


class SerializationError(ServiceError):
    """The body is not the JSON object that the protocol asks for."""

    code = "SerializationException"
    status = 400

    def body(self) -> dict[str, object]:
        return {"__type": f"com.amazon.coral.service#{self.code}", "Message": self.message}
