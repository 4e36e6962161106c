"""Answers of HTTP services, bounded as a whole: httpx bounds only how long each part of one may take."""

import time

import httpx

from signtally.errors import SigntallyError


class AnswerOutOfBoundsError(SigntallyError, ValueError):
    """An answer is too large, or takes too long."""


def whole_body(answer: httpx.Response, *, seconds: float, most_bytes: int) -> bytes:
    """The decoded body of a streamed *answer*, in at most *seconds* from now.

    Raises AnswerOutOfBoundsError when it is longer or slower, and what httpx raises.
    """
    give_up_at = time.monotonic() + seconds
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > most_bytes or time.monotonic() > give_up_at:
            raise AnswerOutOfBoundsError(f"it takes more than {most_bytes} bytes or {seconds:g} seconds")
    return bytes(body)
