"""What can go wrong with any service behind a port; every message says what to do."""

from signtally.errors import SigntallyError


class ServiceError(SigntallyError):
    """A service did not do what was asked; its text is meant for a person."""


class ServiceUnavailableError(ServiceError):
    """The service cannot be reached or is overloaded: the same call may succeed later."""


class AccessRefusedError(ServiceError):
    """The credentials are missing, wrong, or not allowed to do this."""


class NotProvisionedError(ServiceError):
    """A queue, bucket, database or table does not exist."""


class StoreAddressError(ServiceError):
    """The address of a usage store cannot be used; *advice* says what to write, and never shows what is written."""

    def __init__(self, advice: str, *, named: str = "the address of the usage store") -> None:
        self.advice = advice
        super().__init__(f"{named} {advice}")
