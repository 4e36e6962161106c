"""Which answers are compressed: those to callers whose `Accept-Encoding` takes gzip, and does not refuse it."""

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

_REFUSED = re.compile(r"(?:^|,)\s*gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)")


class CompressionMiddleware(GZipMiddleware):
    """Starlette's looks for the word alone, and so takes `gzip;q=0`, which refuses it, for a wish."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _REFUSED.search(Headers(scope=scope).get("Accept-Encoding", "")):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
