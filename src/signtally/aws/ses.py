"""Email through Amazon SES, API version 2."""

import logging
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from signtally.aws.errors import map_errors
from signtally.aws.send_rate import SendRate
from signtally.backoff import backoff_seconds
from signtally.domain.mail_addresses import parse_sender, recipients_of, sender_of
from signtally.ports.errors import ServiceError, ServiceUnavailableError
from signtally.ports.mail import MailRefusedError, MailUncertainError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import SendEmailRequestTypeDef

_log = logging.getLogger(__name__)
_REFUSED_CODES = {"MessageRejected", "BadRequestException"}
_UNVERIFIED = "not verified"  # in the text of MessageRejected: a matter of the account, not of the message
_LATER_CODES = {"LimitExceededException", "AccountSuspendedException", "SendingPausedException"}
_THROTTLED_CODES = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
# SES allows a new account a message a second: half a minute of back-off, then the next run goes on.
_ATTEMPTS = 7
_INITIAL_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 1, 16


class SesMailer:
    """Its client must not retry by itself: SendEmail is not idempotent. Throttled calls alone are repeated here.

    What becomes of its emails is told where the *configuration_set* says (`aws.ses_events`).
    """

    def __init__(
        self,
        ses: "SESV2Client",
        *,
        configuration_set: str | None = None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._ses = ses
        self._configuration_set = configuration_set
        self._wait = wait
        self._rate = SendRate(self.rate, wait=wait)

    def send(self, message: EmailMessage) -> str:
        what = f"mail from {sender_of(message)}"
        self._rate.wait_for_turn()
        with map_errors("SES", what):
            for attempt in range(_ATTEMPTS):
                try:
                    return self._send(message)
                except ClientError as error:
                    if error.response["Error"]["Code"] not in _THROTTLED_CODES or attempt == _ATTEMPTS - 1:
                        raise _mapped(error, what) from error
                self._wait(
                    backoff_seconds(attempt, initial_seconds=_INITIAL_BACKOFF_SECONDS, max_seconds=_MAX_BACKOFF_SECONDS)
                )
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, message: EmailMessage) -> str:
        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": sender_of(message),
            "Destination": {"ToAddresses": recipients_of(message)},
            "Content": {"Raw": {"Data": message.as_bytes(policy=message.policy.clone(linesep="\r\n"))}},
        }
        if self._configuration_set is not None:
            request["ConfigurationSetName"] = self._configuration_set
        try:
            answer = self._ses.send_email(**request)
        except self._ses.exceptions.NotFoundException as error:
            if self._configuration_set is None:
                raise
            _log.error("bounces and complaints stay unknown until `signtally provision` was run: %s", error)
            self._configuration_set = None
            return self._send(message)
        except (ReadTimeoutError, ConnectionClosedError) as error:
            raise MailUncertainError(f"SES did not answer after a message had gone out: {error}") from error
        return answer["MessageId"]

    def rate(self) -> float | None:
        """None when the programs' policy does not let us ask, too: then SES throttles, and we back off."""
        try:
            with map_errors("SES", "the account's quota"):
                return self._ses.get_account()["SendQuota"]["MaxSendRate"]
        except (ServiceError, KeyError) as error:
            _log.info("the account's rate of emails is not known: %s", error)
            return None

    def provision(self, *, sender: str) -> bool:
        """Create the sender's domain as an identity unless it is one; SES then wants to see it verified in the DNS."""
        domain = parse_sender(sender).address.rpartition("@")[2]
        with map_errors("SES", f"identity {domain}"):
            try:
                self._ses.get_email_identity(EmailIdentity=domain)
            except self._ses.exceptions.NotFoundException:
                self._ses.create_email_identity(EmailIdentity=domain)
                return True
        return False


def _mapped(error: ClientError, what: str) -> Exception:
    code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "MessageRejected" and _UNVERIFIED in text:
        return ServiceError(f"SES: {what}: {text}; run `signtally provision`, then verify the domain as SES asks")
    if code in _REFUSED_CODES:
        return MailRefusedError(f"{code}: {text}")
    if code in _LATER_CODES:
        return ServiceUnavailableError(
            f"SES sends nothing now for {what} ({code}: {text}); see the account's dashboard"
        )
    return error
