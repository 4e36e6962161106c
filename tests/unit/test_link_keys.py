"""The key of unsubscribe links is replaced without breaking the links of emails that were sent."""

import pytest

from signtally.stores.link_key import LinkKey
from signtally.use_cases.delivering import BadUnsubscribeLinkError, Subscription, subscription_of
from signtally.use_cases.delivering.unsubscribing import unsubscribe_url
from tests.support.fakes import fake_services


def test_links_of_earlier_keys_stay_good_until_those_are_forgotten() -> None:
    services = fake_services()
    ann = Subscription("acme", "ann@acme.example")

    def token() -> str:
        return unsubscribe_url(ann.tenant_id, ann.email, services=services).partition("?t=")[2]

    first = token()
    services.stores.link_key.rotate()
    second = token()
    services.stores.link_key.rotate()
    third = token()
    assert len({first, second, third}) == 3
    assert {subscription_of(each, services=services) for each in (first, second, third)} == {ann} == {ann}
    assert services.stores.link_key.names() == LinkKey(services.objects).names()
    assert len(services.stores.link_key.names()) == 3
    services.stores.link_key.rotate(forget_earlier=True)
    for each in (first, second, third):
        with pytest.raises(BadUnsubscribeLinkError):
            subscription_of(each, services=services)
    assert subscription_of(token(), services=services) == ann


def test_a_key_from_before_there_were_several_is_read() -> None:
    services = fake_services()
    services.objects.put("state/link-key.json", b'{"key": "00ff"}')
    assert services.stores.link_key.accepted() == [b"\x00\xff"]
    services.stores.link_key.rotate()
    assert services.stores.link_key.accepted()[1:] == [b"\x00\xff"]
