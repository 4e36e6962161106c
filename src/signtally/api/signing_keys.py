"""The keys that tokens are checked with: the identity provider's JWKS, or the development key."""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import httpx
import jwt

from signtally.development_key import key_id, load_development_key
from signtally.errors import SigntallyError

ALGORITHMS = ("RS256", "ES256")
_FRESH_SECONDS = 300  # older sets are read again
_USABLE_SECONDS = 3600  # how long a set serves while the key server does not answer
_REREADS = 3  # unknown key ids may cause this many reads at once …
_REREAD_SECONDS = 10  # … and one more every 10 s, so that made-up ids do not flood the key server
_RETRY_SECONDS = 2  # between reads while they fail
_TIMEOUT_SECONDS = 5
_WAIT_SECONDS = 10  # for a read that another thread has begun
_log = logging.getLogger("signtally.api")


class UnknownKeyError(SigntallyError):
    """No trusted key has this id and algorithm."""


class KeysUnavailableError(SigntallyError):
    """The trusted keys cannot be read at the moment."""


class SigningKeys(Protocol):
    def find(self, kid: str | None, *, algorithm: str) -> jwt.PyJWK:
        """The key with this id (None: the only one there is). Raises UnknownKeyError or KeysUnavailableError."""
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

    It is read again when it is older than 5 minutes or lacks a key, and used for up to an hour while it cannot be read.
    """

    def __init__(self, fetch: Callable[[], bytes], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._rereads = _TokenBucket(_REREADS, refill_seconds=_REREAD_SECONDS, monotonic=monotonic)
        self._reading = threading.Lock()
        self._readings = 0  # finished, successful or not
        self._keys: tuple[jwt.PyJWK, ...] = ()
        self._read_at = self._tried_at = float("-inf")
        self._is_failing = False

    @classmethod
    def at(cls, url: str) -> "JwksKeys":
        def fetch() -> bytes:
            return httpx.get(url, timeout=_TIMEOUT_SECONDS).raise_for_status().content

        return cls(fetch)

    def find(self, kid: str | None, *, algorithm: str) -> jwt.PyJWK:
        readings = self._readings
        found = _matching(self._keys, kid, algorithm)
        if not found or self._age > _FRESH_SECONDS:
            self._read_again(since=readings, waiting=not found)
            found = _matching(self._keys, kid, algorithm)
        usable = self._age <= _USABLE_SECONDS
        if found and usable:
            return _only(found, kid)
        if not usable or self._is_failing:
            raise KeysUnavailableError
        raise UnknownKeyError(f"no trusted {algorithm} key is called {kid!r}")

    @property
    def _age(self) -> float:
        return self._monotonic() - self._read_at

    def _read_again(self, *, since: int, waiting: bool) -> None:
        """Read the set unless another thread has read it *since* (a number of reads), or it was read too recently.

        *waiting*: wait for a read that another thread has begun; otherwise leave it to that thread.
        """
        if not self._reading.acquire(timeout=_WAIT_SECONDS if waiting else 0):
            if waiting:
                raise KeysUnavailableError
            return
        try:
            if self._readings == since and self._may_read():
                self._read()
        finally:
            self._reading.release()

    def _may_read(self) -> bool:
        if self._is_failing:
            return self._monotonic() - self._tried_at >= _RETRY_SECONDS
        return self._age > _FRESH_SECONDS or self._rereads.take()

    def _read(self) -> None:
        try:
            self._keys = _signing_keys(self._fetch())
            self._read_at = self._monotonic()
            self._is_failing = False
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError, AttributeError) as error:
            self._is_failing = True
            _log.warning("the JWKS cannot be read (%s: %s): is SIGNTALLY_JWKS_URL right?", type(error).__name__, error)
        finally:
            self._tried_at = self._monotonic()
            self._readings += 1


class DevelopmentKeys:
    """The key that `signtally token` signs with; read again when a token names another key id."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = self._read()

    def find(self, kid: str | None, *, algorithm: str) -> jwt.PyJWK:
        if kid != self._key.key_id:
            self._key = self._read()
        return _only(_matching([self._key], kid, algorithm), kid)

    def _read(self) -> jwt.PyJWK:
        key = load_development_key(self._directory)
        public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return jwt.PyJWK({**public, "kid": key_id(key)})


def _signing_keys(document: bytes) -> tuple[jwt.PyJWK, ...]:
    """The keys of a set that check signatures by an accepted algorithm; encryption keys and others are left out."""
    usable = []
    for entry in json.loads(document)["keys"]:
        try:
            key = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in ALGORITHMS and key.public_key_use in {None, "sig"}:
            usable.append(key)
    return tuple(usable)


def _matching(keys: Sequence[jwt.PyJWK], kid: str | None, algorithm: str) -> list[jwt.PyJWK]:
    return [key for key in keys if key.algorithm_name == algorithm and kid in {None, key.key_id}]


def _only(keys: Sequence[jwt.PyJWK], kid: str | None) -> jwt.PyJWK:
    """The only key of *keys*. Raises UnknownKeyError for none, and for several when the token names no key id."""
    if not keys or (kid is None and len(keys) > 1):
        raise UnknownKeyError(f"no trusted key is called {kid!r}")
    return keys[0]
