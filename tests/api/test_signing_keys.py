"""The keys of an identity provider: when they are read, how long they are kept, and which are used."""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from signtally.api.signing_keys import JwksKeys, KeysUnavailableError, UnknownKeyError
from tests.support.tokens import (
    OTHER_RSA_KEY,
    RSA_KEY,
    jwk,
)


class Clocked:
    """A key set that is read from a list of answers, and a clock to move."""

    def __init__(self, *answers: list[Any] | Exception) -> None:
        self.answers = list(answers)
        self.reads = 0
        self.now = 1000.0
        self.answer_seconds = 0.0
        self.keys = JwksKeys(self.fetch, monotonic=lambda: self.now)

    def find(self, kid: str | None, *, algorithm: str) -> jwt.PyJWK:
        """The first key with this id, as a caller on an event loop of its own finds it."""
        return asyncio.run(self.keys.find(kid, algorithm=algorithm))[0]

    def find_others(self, tried: Sequence[jwt.PyJWK], kid: str) -> Sequence[jwt.PyJWK]:
        return asyncio.run(self.keys.find_others(tried, kid, algorithm="RS256"))

    def fetch(self) -> bytes:
        self.reads += 1
        Event().wait(self.answer_seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return json.dumps({"keys": answer}).encode()


def test_a_new_key_is_found_at_once() -> None:
    first, second = jwk(RSA_KEY, "rsa-1"), jwk(OTHER_RSA_KEY, "rsa-2")
    clocked = Clocked([first], [first, second])
    assert clocked.find("rsa-1", algorithm="RS256").key_id == "rsa-1"
    assert clocked.find("rsa-2", algorithm="RS256").key_id == "rsa-2"
    assert clocked.reads == 2


def test_a_second_key_of_a_known_id_is_found_at_once() -> None:
    """A provider that replaces a key may give the new one the same id, beside the old one or in its place."""
    first, second = jwk(RSA_KEY, "rsa-1"), jwk(OTHER_RSA_KEY, "rsa-1")
    clocked = Clocked([first], [first, second], [second])
    tried = [clocked.find("rsa-1", algorithm="RS256")]
    others = clocked.find_others(tried, "rsa-1")
    assert others[-1].key.public_numbers() == OTHER_RSA_KEY.public_key().public_numbers()
    assert clocked.find_others(tried, "rsa-1") == others  # nobody reads again what has been read since
    assert clocked.reads == 2


def test_wrong_signatures_do_not_flood_the_provider() -> None:
    clocked = Clocked([jwk(RSA_KEY, "rsa-1")])
    for _ in range(20):
        tried = [clocked.find("rsa-1", algorithm="RS256")]
        clocked.find_others(tried, "rsa-1")
    assert clocked.reads == 1 + 3


def test_made_up_keys_do_not_flood_the_provider() -> None:
    first, second = jwk(RSA_KEY, "rsa-1"), jwk(OTHER_RSA_KEY, "rsa-2")
    clocked = Clocked([first])
    clocked.find("rsa-1", algorithm="RS256")
    for number in range(20):
        with pytest.raises(UnknownKeyError):
            clocked.find(f"made-up-{number}", algorithm="RS256")
    assert clocked.reads == 1 + 3
    clocked.answers = [[first, second]]
    clocked.now += 10
    assert clocked.find("rsa-2", algorithm="RS256").key_id == "rsa-2"
    assert clocked.reads == 1 + 3 + 1


def test_a_key_that_cannot_be_looked_up_now_is_not_called_unknown() -> None:
    first, second = jwk(RSA_KEY, "rsa-1"), jwk(OTHER_RSA_KEY, "rsa-2")
    clocked = Clocked([first], ValueError("the provider is down"), [first, second])
    clocked.find("rsa-1", algorithm="RS256")
    for _ in range(2):
        with pytest.raises(KeysUnavailableError):
            clocked.find("rsa-2", algorithm="RS256")
    assert clocked.reads == 2
    clocked.now += 2
    assert clocked.find("rsa-2", algorithm="RS256").key_id == "rsa-2"


def test_many_who_bring_a_new_key_at_once_wait_for_one_reading() -> None:
    first, second = jwk(RSA_KEY, "rsa-1"), jwk(OTHER_RSA_KEY, "rsa-2")
    clocked = Clocked([first], [first, second])
    clocked.find("rsa-1", algorithm="RS256")
    together = Barrier(8)
    clocked.answer_seconds = 0.3

    def find(_: int) -> str | None:
        together.wait(60)
        return clocked.find("rsa-2", algorithm="RS256").key_id

    with ThreadPoolExecutor(8) as callers:
        assert set(callers.map(find, range(8))) == {"rsa-2"}
    assert clocked.reads == 2


def test_an_answer_that_is_no_key_set_is_an_outage() -> None:
    clocked = Clocked([jwk(RSA_KEY, "rsa-1")])
    clocked.keys = JwksKeys(lambda: b"{}", monotonic=lambda: clocked.now)
    with pytest.raises(KeysUnavailableError):
        clocked.find("rsa-1", algorithm="RS256")


def test_keys_outlive_an_outage_of_an_hour_and_no_longer() -> None:
    clocked = Clocked([jwk(RSA_KEY, "rsa-1")], ValueError("the provider is down"))
    clocked.find("rsa-1", algorithm="RS256")
    clocked.now += 3590
    assert clocked.find("rsa-1", algorithm="RS256").key_id == "rsa-1"
    with pytest.raises(KeysUnavailableError):  # it may be new: nobody can say now
        clocked.find("rsa-2", algorithm="RS256")
    clocked.now += 20
    with pytest.raises(KeysUnavailableError):
        clocked.find("rsa-1", algorithm="RS256")


def test_after_an_outage_keys_are_read_again_within_seconds() -> None:
    clocked = Clocked(ValueError("the provider is down"), [jwk(RSA_KEY, "rsa-1")])
    with pytest.raises(KeysUnavailableError):
        clocked.find("rsa-1", algorithm="RS256")
    clocked.now += 2
    assert clocked.find("rsa-1", algorithm="RS256").key_id == "rsa-1"


def test_a_withdrawn_key_is_forgotten_when_the_set_is_read_again() -> None:
    clocked = Clocked([jwk(RSA_KEY, "rsa-1")], [jwk(OTHER_RSA_KEY, "rsa-2")])
    clocked.find("rsa-1", algorithm="RS256")
    clocked.now += 301
    with pytest.raises(UnknownKeyError):
        clocked.find("rsa-1", algorithm="RS256")


@pytest.mark.parametrize(
    "unusable",
    [
        jwk(OTHER_RSA_KEY, "rsa-2", use="enc"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "rsa-2"},
        {"kty": "RSA", "kid": "rsa-2"},
        {"kid": "rsa-2"},
    ],
)
def test_keys_for_something_else_are_left_aside(unusable: dict[str, Any]) -> None:
    clocked = Clocked([unusable, jwk(RSA_KEY, "rsa-1")])
    assert clocked.find("rsa-1", algorithm="RS256").key_id == "rsa-1"
    with pytest.raises(UnknownKeyError):
        clocked.find("rsa-2", algorithm="RS256")


def test_a_short_rsa_key_is_not_used() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- that is the point
    clocked = Clocked([jwk(short, "rsa-1"), jwk(RSA_KEY, "rsa-2")])
    with pytest.raises(UnknownKeyError):
        clocked.find("rsa-1", algorithm="RS256")


@pytest.mark.parametrize("keys", [[], [{"kid": "rsa-1"}], ["rsa-1"]])
def test_a_set_without_keys_does_not_forget_the_last_good_one(keys: list[Any]) -> None:
    clocked = Clocked([jwk(RSA_KEY, "rsa-1")], keys, [jwk(RSA_KEY, "rsa-1")])
    clocked.find("rsa-1", algorithm="RS256")
    clocked.now += 301
    for _ in range(3):
        assert clocked.find("rsa-1", algorithm="RS256").key_id == "rsa-1"
    assert clocked.reads == 2


def test_in_an_outage_the_provider_is_asked_less_and_less() -> None:
    clocked = Clocked(ValueError("the provider is down"))
    asked = []
    for second in range(600):
        clocked.now = 1000.0 + second
        before = clocked.reads
        with pytest.raises(KeysUnavailableError):
            clocked.find("rsa-1", algorithm="RS256")
        asked += [second] * (clocked.reads - before)
    assert 10 < len(asked) < 60
    assert len([second for second in asked if second >= 300]) < 30


def test_whoever_brings_a_known_key_does_not_wait_for_the_provider() -> None:
    hangs, first = Event(), [jwk(RSA_KEY, "rsa-1")]
    clocked = Clocked(first)
    clocked.find("rsa-1", algorithm="RS256")

    def hanging() -> bytes:
        hangs.wait(120)
        return json.dumps({"keys": first}).encode()

    clocked.keys._fetch = hanging  # noqa: SLF001 -- the provider hangs from now on
    clocked.now += 301

    async def crowd() -> str | None:
        strangers = [
            asyncio.create_task(clocked.keys.find(f"made-up-{number}", algorithm="RS256")) for number in range(200)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            (key,) = await clocked.keys.find("rsa-1", algorithm="RS256")
        assert not any(task.done() for task in strangers)
        hangs.set()
        answers = await asyncio.gather(*strangers, return_exceptions=True)
        assert {type(answer) for answer in answers} == {UnknownKeyError}
        return key.key_id

    assert asyncio.run(crowd()) == "rsa-1"


def test_a_token_without_kid_does_not_choose_among_several_keys() -> None:
    clocked = Clocked([jwk(RSA_KEY, "rsa-1"), jwk(OTHER_RSA_KEY, "rsa-2")])
    with pytest.raises(UnknownKeyError):
        clocked.find(None, algorithm="RS256")
