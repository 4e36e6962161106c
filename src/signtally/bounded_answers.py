"""Answers of HTTP services, bounded as a whole: httpx bounds only how long each part of one may take."""

import asyncio
import functools
import ssl
from collections.abc import Callable, Mapping

import httpx

from signtally.errors import SigntallyError
from signtally.threads import ContextThreads

_STEP_SECONDS = 5  # without a byte


class AnswerOutOfBoundsError(SigntallyError, ValueError):
    """An answer is too large, or takes too long."""


def whole_answer(
    url: str,
    *,
    seconds: float,
    most_bytes: int,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """The status and the decoded body of a GET: connected, answered and read in at most *seconds*.

    Redirects are not followed. Raises AnswerOutOfBoundsError when it is longer or slower, and what httpx raises.
    """
    client = functools.partial(httpx.AsyncClient, verify=_authorities(), timeout=_STEP_SECONDS, headers=headers)
    # An event loop can give up at any byte, of the headers too; the caller's thread may have one that runs.
    with ContextThreads(1) as thread:
        answer = _answer(client, url, params, seconds=seconds, most_bytes=most_bytes)
        return thread.submit(asyncio.run, answer).result()


async def _answer(
    client: Callable[[], httpx.AsyncClient],
    url: str,
    params: Mapping[str, str] | None,
    *,
    seconds: float,
    most_bytes: int,
) -> tuple[int, bytes]:
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), client() as opened, opened.stream("GET", url, params=params) as answer:
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > most_bytes:
                    raise AnswerOutOfBoundsError(f"it has more than {most_bytes} bytes")
    except TimeoutError:
        raise AnswerOutOfBoundsError(f"it takes more than {seconds:g} seconds") from None
    return answer.status_code, bytes(body)


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Made once: reading them takes longer than most answers."""
    return httpx.create_ssl_context()
