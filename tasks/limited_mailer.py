"""A mailer that waits for its turn among all processes that send."""

from email.message import EmailMessage

from signtally.ports.limits import Limited, Limits
from signtally.ports.mail import Mailer


class LimitedMailer:
    """Another mailer, asked no faster than the *limits* allow."""

    def __init__(self, mailer: Mailer, limits: Limits) -> None:
        self._mailer = mailer
        self._limits = limits

    def send(self, message: EmailMessage) -> str:
        self._limits.wait_for_turn(Limited.MAILS)
        return self._mailer.send(message)

    def rate(self) -> float | None:
        return self._mailer.rate()

    def provision(self, *, sender: str) -> bool:
        return self._mailer.provision(sender=sender)
