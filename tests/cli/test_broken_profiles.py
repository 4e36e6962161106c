"""One bad profile in the bucket: the commands name its tenant, and serve everybody else."""

from typing import Any

import pytest

from signtally import wiring
from signtally.domain.tenants import TenantProfile
from signtally.settings import Settings
from signtally.stores.keys import tenant_profile
from signtally.stores.tenants import Tenants

Signtally = Any


@pytest.mark.usefixtures("local_aws")
def test_a_broken_profile_is_named_and_holds_up_nobody(signtally: Signtally, real_settings: Settings) -> None:
    signtally("provision")
    objects = wiring.services(real_settings).objects
    Tenants(objects).put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    objects.put(tenant_profile("broken"), b'{"tenant_id": "broken", "timezone": "Mars/Phobos"}')

    listed = signtally("tenants", "list", "--json")
    assert listed.code == 0
    acme, broken = listed.answer["tenants"]
    assert acme == {"tenant_id": "acme", "name": "acme", "timezone": "Asia/Tokyo"}
    assert (broken["tenant_id"], broken["timezone"]) == ("broken", "UTC")
    assert "'Mars/Phobos' is no IANA time zone" in broken["broken"]
    assert "BROKEN" in signtally("tenants", "list").out

    shown = signtally("tenants", "show", "broken")
    assert (shown.code, shown.out) == (1, "")
    assert shown.failed_with("tenant broken is broken: timezone: 'Mars/Phobos'")
    assert signtally("tenants", "show", "acme").code == 0

    for command in (["aggregate"], ["schedules", "run"], ["digests", "run"], ["aggregate", "--tenant", "broken"]):
        ran = signtally(*command)
        assert ran.code == 0, ran.err
        assert "tenant broken is broken" in ran.err
