"""One bad profile in the bucket: the commands name its tenant, and serve everybody else."""

from pathlib import Path

import pytest

from signtally import wiring
from signtally.domain.tenants import TenantProfile
from signtally.settings import Settings
from signtally.stores.keys import tenant_profile
from signtally.stores.tenants import Tenants
from tests.support.commands import Command


@pytest.mark.usefixtures("local_aws")
def test_a_broken_profile_is_named_and_holds_up_nobody(signtally: Command, real_settings: Settings) -> None:
    signtally("provision")
    objects = wiring.services(real_settings).objects
    Tenants(objects).put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    Tenants(objects).put(TenantProfile(tenant_id="rests", name="Rest Ltd", status="suspended"))
    objects.put(tenant_profile("broken"), b'{"tenant_id": "broken", "timezone": "Mars/Phobos"}')

    listed = signtally("tenants", "list", "--json")
    assert listed.code == 0
    acme, broken, rests = listed.answer["tenants"]
    assert acme == {"tenant_id": "acme", "name": "acme", "timezone": "Asia/Tokyo", "status": "active"}
    assert (broken["tenant_id"], broken["timezone"], rests["status"]) == ("broken", "UTC", "suspended")
    assert "'Mars/Phobos' is no IANA time zone" in broken["broken"]
    assert broken["sends_on_hold"] is True
    told = signtally("tenants", "list").out
    assert "BROKEN (scheduled sends wait until it is mended)" in told
    assert "Rest Ltd   SUSPENDED" in told

    shown = signtally("tenants", "show", "broken")
    assert (shown.code, shown.out) == (1, "")
    assert shown.failed_with("tenant broken is broken: timezone: 'Mars/Phobos'")
    assert signtally("tenants", "show", "acme").code == 0

    for command in (["aggregate"], ["schedules", "run"], ["digests", "run"], ["aggregate", "--tenant", "broken"]):
        ran = signtally(*command)
        assert ran.code == 0, ran.err
        assert "tenant broken is broken" in ran.err


@pytest.mark.usefixtures("local_aws")
def test_an_invalid_field_is_named_and_the_others_apply(signtally: Command, real_settings: Settings) -> None:
    signtally("provision")
    objects = wiring.services(real_settings).objects
    objects.put(tenant_profile("acme"), b'{"tenant_id": "acme", "timezone": "Asia/Tokyo", "name": ""}')
    (listed,) = signtally("tenants", "list", "--json").answer["tenants"]
    assert (listed["timezone"], listed["sends_on_hold"]) == ("Asia/Tokyo", False)
    assert "name: String should have at least 1 character" in listed["broken"]
    shown = signtally("tenants", "show", "acme", "--json")
    assert (shown.code, shown.answer["timezone"], shown.answer["name"]) == (0, "Asia/Tokyo", None)
    assert "tenant acme is broken: name: String should have" in shown.err


@pytest.mark.usefixtures("local_aws")
def test_a_logo_that_cannot_be_shown_is_refused_and_named_where_it_is_stored(
    signtally: Command, real_settings: Settings, tmp_path: Path
) -> None:
    signtally("provision")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"tenant_id": "good"}')
    bad.write_text('{"tenant_id": "acme", "branding": {"logo": "data:image/png;base64,AAAA"}}')
    refused = signtally("tenants", "put", str(good), str(bad))
    assert refused.failed_with("bad.json: branding.logo: it cannot be read as a PNG or JPEG")
    assert signtally("tenants", "list", "--json").answer["tenants"] == []

    wiring.services(real_settings).objects.put(tenant_profile("acme"), bad.read_bytes())
    shown = signtally("tenants", "show", "acme", "--json")
    assert (shown.code, shown.answer["branding"]["logo"]) == (0, None)
    assert "tenant acme is broken: branding.logo: it cannot be read as a PNG or JPEG" in shown.err
