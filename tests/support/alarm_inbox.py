"""Where alarms arrive in tests: an HTTP server that keeps what it is sent."""

import json
import re
import threading

from tests.support.loopback_http import LoopbackHttp, QuietHandler

TIMEOUT_SECONDS = 120.0


class AlarmInbox(LoopbackHttp):
    """The bodies of notifications by subject."""

    def __init__(self) -> None:
        inbox, self.texts = self, dict[str, list[str]]()
        self._changed = threading.Condition()

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 -- http.server calls it so
                sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()
                with inbox._changed:
                    inbox.texts.setdefault(sent["subject"], []).append(sent["body"])
                    inbox._changed.notify_all()

        super().__init__(Handler)
        self.url += "/alerts?token=hidden"

    def wait_for(self, subject: str, text: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> str:
        """The first notification under this subject that has this text (a pattern)."""

        def found() -> str | None:
            return next((each for each in self.texts.get(subject, ()) if re.search(text, each)), None)

        with self._changed:
            assert self._changed.wait_for(found, timeout_seconds), f"no {subject!r} with {text!r}: {self.texts}"
            return found() or ""
