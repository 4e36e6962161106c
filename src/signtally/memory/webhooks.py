"""Receivers of webhooks in memory: they keep what they took, and refuse or break down when told to."""

import datetime as dt
import threading
from urllib.parse import urlsplit

from signtally.ports.mail import MailDeferredError, MailRefusedError
from signtally.ports.webhooks import DestinationGoneError, WebhookMessage


class MemoryWebhooks:
    """*refusing* are hosts that never take anything, *gone* ones that say so, *busy* ones that do not yet."""

    def __init__(self) -> None:
        self.posted: list[WebhookMessage] = []
        self.refusing: frozenset[str] = frozenset()
        self.gone: frozenset[str] = frozenset()
        self.busy: frozenset[str] = frozenset()
        self.retry_after = dt.timedelta()  # as busy ones ask for
        self._lock = threading.Lock()

    def post(self, message: WebhookMessage) -> str:
        host = urlsplit(message.url).hostname or ""
        if host in self.refusing:
            raise MailRefusedError("HTTP 404: no_service")
        if host in self.gone:
            raise DestinationGoneError("HTTP 410")
        if host in self.busy:
            raise MailDeferredError("HTTP 503", retry_after=self.retry_after)
        with self._lock:
            self.posted.append(message)
        return "HTTP 200"
