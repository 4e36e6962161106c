"""The keys that tokens are checked with: the identity provider's JWKS, or the development key."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import jwt

from signtally.backoff import backoff_seconds
from signtally.bounded_answers import whole_answer
from signtally.development_key import key_id, load_development_key
from signtally.errors import SigntallyError

ALGORITHMS = ("RS256", "ES256")
_LEAST_RSA_BITS = 2048
_FRESH_SECONDS = 300  # older sets are read again
_USABLE_SECONDS = 3600  # how long a set serves while the key server does not answer
_REREADS = 3  # unknown key ids and wrong signatures may cause this many reads at once …
_REREAD_SECONDS = 10  # … and one more every 10 s, so that made-up ones do not flood the key server
_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 2, 60  # between reads while they fail: longer after each failure
_WAIT_SECONDS = 10  # of a caller for a read, and of a read for its whole answer
_KNOWN_WAIT_SECONDS = 0.5  # of one whose key is in the set that is read again
_LARGEST_SET_BYTES = 1_000_000
_log = logging.getLogger("signtally.api")


class UnknownKeyError(SigntallyError):
    """No trusted key has this id and algorithm."""


class KeysUnavailableError(SigntallyError):
    """The trusted keys cannot be read at the moment."""


class SigningKeys(Protocol):
    async def find(self, kid: str | None, *, algorithm: str) -> Sequence[jwt.PyJWK]:
        """The keys with this id (None: the only one there is), one at least.

        Raises UnknownKeyError or KeysUnavailableError.
        """
        ...

    async def find_others(self, tried: Sequence[jwt.PyJWK], kid: str | None, *, algorithm: str) -> Sequence[jwt.PyJWK]:
        """The keys with this id that have come since *tried*, which do not fit a signature; perhaps none.

        Raises UnknownKeyError or KeysUnavailableError.
        """
        ...


class _TokenBucket:
    """A rate limit: *count* calls at once, and one more every *refill_seconds*."""

    def __init__(self, count: int, *, refill_seconds: float, monotonic: Callable[[], float]) -> None:
        self._count = self._left = float(count)
        self._refill_seconds = refill_seconds
        self._monotonic = monotonic
        self._counted_at = monotonic()

    def take(self) -> bool:
        now = self._monotonic()
        self._left = min(self._count, self._left + (now - self._counted_at) / self._refill_seconds)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class JwksKeys:
    """A JSON Web Key Set behind a URL, cached.

    It is read again when it is older than 5 minutes or lacks a key that fits, and used for up to an hour while it
    cannot be read. A thread of its own reads it: whoever brings a known key waits half a second at most, nobody on a
    thread.
    """

    def __init__(self, fetch: Callable[[], bytes], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._rereads = _TokenBucket(_REREADS, refill_seconds=_REREAD_SECONDS, monotonic=monotonic)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="JWKS")
        self._lock = threading.Lock()
        self._reading: Future[None] | None = None
        self._keys: tuple[jwt.PyJWK, ...] = ()
        self._read_at = float("-inf")
        self._retry_at = float("-inf")
        self._failures = 0  # since the last good read

    @classmethod
    def at(cls, url: str) -> "JwksKeys":
        return cls(lambda: _fetched(url))

    async def find(self, kid: str | None, *, algorithm: str) -> Sequence[jwt.PyJWK]:
        found = _matching(self._keys, kid, algorithm)
        if not found or self._age > _FRESH_SECONDS:
            reading = self._read_again()
            if reading is not None:
                await self._wait(reading, is_known=bool(found) and self._is_usable)
                found = _matching(self._keys, kid, algorithm)
        if found and self._is_usable:
            return _unambiguous(found, kid)
        if not self._is_usable or self._failures:
            raise KeysUnavailableError
        raise UnknownKeyError(f"no trusted {algorithm} key is called {kid!r}")

    async def find_others(self, tried: Sequence[jwt.PyJWK], kid: str | None, *, algorithm: str) -> Sequence[jwt.PyJWK]:
        if all(key in self._keys for key in tried):  # the set has not been read since
            reading = self._read_again()
            if reading is None:
                return ()
            await self._wait(reading, is_known=False)
        return [key for key in _unambiguous(_matching(self._keys, kid, algorithm), kid) if key not in tried]

    @property
    def _age(self) -> float:
        return self._monotonic() - self._read_at

    @property
    def _is_usable(self) -> bool:
        return self._age <= _USABLE_SECONDS

    async def _wait(self, reading: "Future[None]", *, is_known: bool) -> None:
        """Wait for a read, without ending it when the caller goes away; with a known key a moment at most.

        The moment is for keys that were withdrawn. Raises KeysUnavailableError when the read takes too long.
        """
        if is_known and self._failures:
            return
        try:
            async with asyncio.timeout(_KNOWN_WAIT_SECONDS if is_known else _WAIT_SECONDS):
                await asyncio.shield(asyncio.wrap_future(reading))
        except TimeoutError:
            if not is_known:
                raise KeysUnavailableError from None

    def _read_again(self) -> "Future[None] | None":
        """The read that is under way, or a new one; None when it is too early for one."""
        with self._lock:
            if self._reading is None or self._reading.done():
                if not self._may_read():
                    return None
                self._reading = self._reader.submit(self._read)
            return self._reading

    def _may_read(self) -> bool:
        if self._failures:
            return self._monotonic() >= self._retry_at
        return self._age > _FRESH_SECONDS or self._rereads.take()

    def _read(self) -> None:
        try:
            self._keys = _signing_keys(self._fetch())
        except Exception as error:  # noqa: BLE001 -- whatever it is, the keys known so far go on
            pause = backoff_seconds(self._failures, initial_seconds=_RETRY_SECONDS, max_seconds=_LONGEST_RETRY_SECONDS)
            self._failures += 1
            self._retry_at = self._monotonic() + pause
            _log.warning("the JWKS cannot be read (%s: %s): is SIGNTALLY_JWKS_URL right?", type(error).__name__, error)
        else:
            self._read_at = self._monotonic()
            self._failures = 0


class DevelopmentKeys:
    """The key that `signtally token` signs with; read again when a token names another key id."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = self._read()

    async def find(self, kid: str | None, *, algorithm: str) -> Sequence[jwt.PyJWK]:
        if kid != self._key.key_id:
            self._key = self._read()
        return _unambiguous(_matching([self._key], kid, algorithm), kid)

    async def find_others(self, tried: Sequence[jwt.PyJWK], kid: str | None, *, algorithm: str) -> Sequence[jwt.PyJWK]:
        del tried, kid, algorithm
        return ()  # an id of a development key is a digest of it: no two have the same

    def _read(self) -> jwt.PyJWK:
        key = load_development_key(self._directory)
        public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return jwt.PyJWK({**public, "kid": key_id(key)})


def _fetched(url: str) -> bytes:
    """The document at *url*. Raises ValueError when it is none, too large or too slow, and what httpx raises."""
    status, document = whole_answer(url, seconds=_WAIT_SECONDS, most_bytes=_LARGEST_SET_BYTES)
    if status != HTTPStatus.OK:
        raise ValueError(f"the key server answered {status}")
    return document


def _signing_keys(document: bytes) -> tuple[jwt.PyJWK, ...]:
    """The keys of a set that check signatures by an accepted algorithm; whatever else is in it is left out.

    Raises ValueError when none is left: a provider that withdraws every key is one that is broken.
    """
    usable = [key for entry in json.loads(document)["keys"] if (key := _usable(entry)) is not None]
    if not usable:
        raise ValueError("the set has no key that checks RS256 or ES256 signatures")
    return tuple(usable)


def _usable(entry: object) -> jwt.PyJWK | None:
    try:
        key = jwt.PyJWK(entry)  # type: ignore[arg-type]  # anything may stand there
    except Exception:  # noqa: BLE001 -- a bad entry costs itself alone, however it is bad
        return None
    if key.algorithm_name not in ALGORITHMS or key.public_key_use not in {None, "sig"}:
        return None
    if key.key_type == "RSA" and key.key.key_size < _LEAST_RSA_BITS:
        _log.warning("the JWKS has an RSA key of %d bits: it is not used", key.key.key_size)
        return None
    return key


def _matching(keys: Sequence[jwt.PyJWK], kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
    return [key for key in keys if key.algorithm_name == algorithm and kid in {None, key.key_id}]


def _unambiguous(keys: Sequence[jwt.PyJWK], kid: str | None) -> Sequence[jwt.PyJWK]:
    """Raises UnknownKeyError for no keys, and for several when the token names no key id."""
    if not keys or (kid is None and len(keys) > 1):
        raise UnknownKeyError(f"no trusted key is called {kid!r}")
    return keys
