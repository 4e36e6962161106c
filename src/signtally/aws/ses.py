"""Email through Amazon SES, API version 2."""

import random
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from signtally.aws.errors import translated
from signtally.domain.mail_addresses import domain_of, recipients_of, sender_of
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.mail import MailRefusedError, MailUncertainError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_REFUSED = {"MessageRejected", "BadRequestException"}
_UNVERIFIED = "not verified"  # in the text of MessageRejected: a matter of the account, not of the message
_LATER = {"LimitExceededException", "AccountSuspendedException", "SendingPausedException"}
_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
# SES allows a new account a message a second: half a minute of patience, then the next run goes on.
_ATTEMPTS = 7
_FIRST_WAIT_SECONDS = 0.25


class SesMailer:
    """Its client must not retry by itself: SendEmail is not idempotent. Throttled calls alone are repeated here."""

    def __init__(self, ses: "SESV2Client", *, wait: Callable[[float], object] = time.sleep) -> None:
        self._ses = ses
        self._wait = wait

    def send(self, message: EmailMessage) -> str:
        what = f"mail from {sender_of(message)}"
        with translated("SES", what):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return self._send(message)
                except ClientError as error:
                    if error.response["Error"]["Code"] not in _THROTTLED or attempt == _ATTEMPTS:
                        raise _understood(error, what) from error
                self._wait(_FIRST_WAIT_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 -- jitter
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, message: EmailMessage) -> str:
        try:
            answer = self._ses.send_email(
                FromEmailAddress=sender_of(message),
                Destination={"ToAddresses": recipients_of(message)},
                Content={"Raw": {"Data": message.as_bytes(policy=SMTP)}},
            )
        except (ReadTimeoutError, ConnectionClosedError) as error:
            raise MailUncertainError(f"SES did not answer after a message had gone out: {error}") from error
        return answer["MessageId"]

    def provision(self, *, sender: str) -> bool:
        """Create the sender's domain as an identity unless it is one; SES then wants to see it verified in the DNS."""
        domain = domain_of(sender)
        with translated("SES", f"identity {domain}"):
            try:
                self._ses.get_email_identity(EmailIdentity=domain)
            except self._ses.exceptions.NotFoundException:
                self._ses.create_email_identity(EmailIdentity=domain)
                return True
        return False


def _understood(error: ClientError, what: str) -> Exception:
    code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "MessageRejected" and _UNVERIFIED in text:
        return ServiceError(f"SES: {what}: {text}; run `signtally provision`, then verify the domain as SES asks")
    if code in _REFUSED:
        return MailRefusedError(f"{code}: {text}")
    if code in _LATER:
        return ServiceUnavailableError(
            f"SES sends nothing now for {what} ({code}: {text}); see the account's dashboard"
        )
    return error
