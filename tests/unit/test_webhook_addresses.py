"""Addresses and secrets of webhooks: what is posted to, what is refused, and without repeating it."""

import base64

import pytest

from signtally.domain.destinations import Destination
from signtally.domain.public_addresses import ip_address, is_public


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 -- nothing is bound to it
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::1", False),
    ],
)
def test_public_addresses(text: str, expected: bool) -> None:  # noqa: FBT001 -- what is expected
    address = ip_address(text)
    assert address is not None
    assert is_public(address) is expected


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://hooks.example.com/x", "by https only"),
        ("ftp://hooks.example.com/x", "by https only"),
        ("https://user:pass@hooks.example.com/x", "no user, password or fragment"),
        ("https://hooks.example.com/x#y", "no user, password or fragment"),
        ("https://169.254.169.254/latest/meta-data", "public one"),
        ("https://[::ffff:10.0.0.1]/", "public one"),
        ("https://hooks.example.com:99999/x", "no web address"),
        ("https:///x", "no web address"),
        ("https://hooks..example.com/x", "no web address"),
        (f"https://{'a' * 64}.example.com/x", "no web address"),
        ("https://hooks.example.com/a b", "no web address"),
        ("https://hooks.example.com/a\r\nHost: evil", "no web address"),
        ("https://hooks.slack.com/…", "shortened"),
    ],
)
def test_an_address_that_nothing_is_posted_to_is_refused_without_repeating_it(url: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice) as refused:
        Destination(name="board", kind="slack", url=url)
    assert url not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"x" * 23).decode(), None])
def test_a_secret_is_one_of_the_standards(secret: str | None) -> None:
    with pytest.raises(ValueError, match="secret"):
        Destination(name="crm", kind="webhook", url="https://crm.example/hook", secret=secret)
