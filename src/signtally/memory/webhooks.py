"""Receivers of webhooks in memory: they keep what they took, and refuse or break down when told to."""

import threading
from urllib.parse import urlsplit

from signtally.ports.mail import MailDeferredError, MailRefusedError
from signtally.ports.webhooks import WebhookMessage


class MemoryWebhooks:
    """*refusing* are hosts that never take anything, *busy* ones that do not yet."""

    def __init__(self) -> None:
        self.posted: list[WebhookMessage] = []
        self.refusing: frozenset[str] = frozenset()
        self.busy: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def post(self, message: WebhookMessage) -> str:
        host = urlsplit(message.url).hostname or ""
        if host in self.refusing:
            raise MailRefusedError("HTTP 404: no_service")
        if host in self.busy:
            raise MailDeferredError("HTTP 503")
        with self._lock:
            self.posted.append(message)
        return "HTTP 200"
