"""Keys, profiles and counted zones: the same over the bucket in memory and over S3."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.ports.objects import ObjectStore
from signtally.stores.counted_zones import CountedZone, CountedZones
from signtally.stores.keys import segment, tenant_profile, text_of
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.stores.tenants import Tenants


@given(st.text(min_size=1, max_size=256))
@example(".")
@example("..")
@example("...")
@example("a/b")
@example("%2F")
@example("😀" * 256)
def test_a_segment_is_one_short_plain_path_segment(text: str) -> None:
    made = segment(text)
    assert made.isascii()
    assert "/" not in made
    assert made not in {"", ".", ".."}
    assert len(made) <= 200
    if "!" not in made:
        assert text_of(made) == text


@given(st.lists(st.text("aé/!~.%", min_size=1, max_size=256) | st.text(min_size=1, max_size=256), unique=True))
@example(["😀" * 255, "😀" * 255 + "!", "😀" * 256])
def test_different_ids_have_different_segments(texts: list[str]) -> None:
    assert len({segment(text) for text in texts}) == len(texts)


def test_a_segment_cannot_be_forged_for_an_id_that_is_too_long() -> None:
    long = "acme" * 64
    assert len(segment(long)) == 200
    assert segment(segment(long)) != segment(long)


def test_plain_ids_stay_readable() -> None:
    assert tenant_profile("acme-2.corp_x~1") == "tenants/acme-2.corp_x~1.json"


def test_a_profile_comes_back_as_it_was_put(objects: ObjectStore) -> None:
    profile = TenantProfile(
        tenant_id="O'Hara & Söhne",
        name="O'Hara",
        timezone="Asia/Kathmandu",
        schedules=(Schedule(name="monthly", every="month"),),
    )
    Tenants(objects).put(profile)
    assert Tenants(objects).get("O'Hara & Söhne") == profile
    assert Tenants(objects).get("unknown") == TenantProfile(tenant_id="unknown")


def test_the_catalogue_knows_what_was_put_changed_and_deleted(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    assert tenants.all() == {}
    for number in range(5):
        tenants.put(TenantProfile(tenant_id=f"t{number}", timezone="Europe/Berlin"))
    assert {tenant_id: profile.timezone for tenant_id, profile in tenants.all().items()} == dict.fromkeys(
        (f"t{number}" for number in range(5)), "Europe/Berlin"
    )
    tenants.put(TenantProfile(tenant_id="t1", timezone="Asia/Tokyo"))
    objects.delete([tenant_profile("t2")])
    assert {tenant_id: profile.timezone for tenant_id, profile in tenants.all().items()} == {
        "t0": "Europe/Berlin",
        "t1": "Asia/Tokyo",
        "t3": "Europe/Berlin",
        "t4": "Europe/Berlin",
    }
    tenants.put(TenantProfile(tenant_id="t2", timezone="Europe/Berlin"))  # as it was before
    assert tenants.all()["t2"].timezone == "Europe/Berlin"
    assert tenants.zones() == {tenant_id: profile.timezone for tenant_id, profile in tenants.all().items()}


BROKEN = {
    "no-json": (b"{tenant", "not JSON"),
    "no-text": (b"\xff\xfe\xff", "not JSON"),
    "deep": (b"[" * 100_000, "not JSON"),
    "list": (b"[]", "it is not a JSON object"),
    "alien": (b'{"tenant_id": "acme"}', "it says that it is of 'acme'"),
    "two": (b'{"tenant_id": 2, "colour": "red"}', "; colour: "),
}


@pytest.mark.parametrize("tenant_id", BROKEN)
def test_an_unreadable_profile_is_reported_and_harms_nobody(
    objects: ObjectStore, tenant_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    body, problem = BROKEN[tenant_id]
    tenants = Tenants(objects)
    acme = TenantProfile(tenant_id="acme", timezone="Asia/Tokyo")
    tenants.put(acme)
    objects.put(tenant_profile(tenant_id), body)
    for _ in range(2):  # from the profiles, then from the catalogue
        assert tenants.all() == {"acme": acme}
        assert tenants.zones() == {"acme": "Asia/Tokyo"}
        (told,) = tenants.survey()[1]
        assert (told.profile.tenant_id, problem in told.problems, told.profile.is_unreadable) == (tenant_id, True, True)
    assert tenants.get(tenant_id) == TenantProfile(tenant_id=tenant_id).as_unreadable()
    with pytest.raises(BrokenProfileError) as raised:
        tenants.read(tenant_id)
    assert raised.value.problems == told.problems
    errors = {record.getMessage() for record in caplog.records if record.levelname == "ERROR"}
    assert errors == {f"{told}; until it is mended, its days are counted in UTC and its scheduled sends wait"}
    assert "\n" not in str(told)


def test_a_profile_without_a_valid_zone_keeps_its_other_fields(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    weekly = {"name": "w", "every": "week"}
    document = {"tenant_id": "acme", "name": "Acme", "timezone": "Mars/Phobos", "schedules": [weekly]}
    objects.put(tenant_profile("acme"), json.dumps(document).encode())
    expected = TenantProfile(
        tenant_id="acme", name="Acme", schedules=(Schedule(name="w", every="week"),)
    ).as_unreadable()
    for _ in range(2):
        assert tenants.all() == {"acme": expected}
        assert tenants.zones() == {"acme": "UTC"}
        (told,) = tenants.survey()[1]
        assert told.profile.is_unreadable
        assert "timezone: 'Mars/Phobos' is no IANA time zone" in told.problems
    assert tenants.get("acme") == expected


def test_a_broken_profile_falls_back_field_by_field(objects: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    tenants = Tenants(objects)
    weekly, daily = {"name": "weekly", "every": "week"}, {"name": "daily", "every": "day", "at": "25:00"}
    broken = {"tenant_id": "acme", "name": "x" * 201, "timezone": "Asia/Tokyo", "schedules": [daily, weekly]}
    objects.put(tenant_profile("acme"), json.dumps(broken).encode())
    expected = TenantProfile(
        tenant_id="acme", timezone="Asia/Tokyo", schedules=(Schedule(name="weekly", every="week"),)
    )
    for _ in range(2):
        assert tenants.all() == {"acme": expected}
        assert tenants.zones() == {"acme": "Asia/Tokyo"}
        (told,) = tenants.survey()[1]
        assert not told.profile.is_unreadable
        assert "name: String should have at most 200" in told.problems
        assert "schedules.0.at: '25:00' is no time of day" in told.problems
    assert tenants.get("acme") == expected
    assert "what is invalid has its default, a bad schedule is left out, the rest applies" in caplog.text
    tenants.edit("acme", lambda profile: profile.model_copy(update={"csv": "comma"}))
    assert json.loads(objects.get(tenant_profile("acme")).body) == broken | {"csv": "comma"}
    tenants.edit("acme", lambda profile: profile.model_copy(update={"name": "Acme"}))
    assert json.loads(objects.get(tenant_profile("acme")).body)["name"] == "Acme"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"tenant_id": "globex"}', b"\xff"])
def test_what_is_no_profile_is_not_written_over_by_an_edit(objects: ObjectStore, body: bytes) -> None:
    objects.put(tenant_profile("acme"), body)
    with pytest.raises(BrokenProfileError, match="the tenant acme is broken"):
        Tenants(objects).edit("acme", lambda profile: profile)
    assert objects.get(tenant_profile("acme")).body == body


def test_a_mended_profile_counts_at_once(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    objects.put(tenant_profile("acme"), b"")
    assert tenants.all() == {}
    objects.put(tenant_profile("acme"), b'{"timezone": "Asia/Seoul"}')  # whose it is, the key says
    assert tenants.zones() == {"acme": "Asia/Seoul"}
    tenants.put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    assert tenants.zones() == {"acme": "Asia/Tokyo"}


def test_profiles_are_checked_again_when_the_rules_change(objects: ObjectStore) -> None:
    """A release of the world's clocks may know a zone that the last one did not."""
    tenants = Tenants(objects)
    tenants.put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    tenants.all()
    catalogue = json.loads(objects.get("state/tenants.json").body)
    catalogue["rules"] = "others"
    problems = ["timezone: 'Asia/Tokyo' is no IANA time zone"]
    catalogue["profiles"][tenant_profile("acme")] |= {"fields": None, "problems": problems, "is_unreadable": True}
    objects.put("state/tenants.json", json.dumps(catalogue).encode())
    assert tenants.zones() == {"acme": "Asia/Tokyo"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tenants/acme.json": ["etag", {"tenant_id": "acme"}]}'])
def test_a_catalogue_that_is_not_understood_is_made_anew(objects: ObjectStore, body: bytes) -> None:
    Tenants(objects).put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    objects.put("state/tenants.json", body)
    assert Tenants(objects).zones() == {"acme": "Asia/Tokyo"}


def test_a_tenant_is_moving_until_whoever_moves_it_is_done(objects: ObjectStore) -> None:
    zones = CountedZones(objects, generation="first")
    assert zones.read() is None
    zones.begin(["acme"])
    zones.begin(["acme", "late"])  # another run was first
    zones.enter({"acme": "UTC", "new": "Asia/Tokyo"})
    assert zones.read() == {"acme": CountedZone.unknown(), "new": CountedZone("Asia/Tokyo")}
    now = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
    moves = zones.begin_move({"acme": "Asia/Tokyo"}, now=now)
    later = now + dt.timedelta(hours=1)
    assert zones.begin_move({"acme": "Asia/Tokyo"}, now=later) == moves  # a twin on the same way
    assert moves["acme"].moving_since == now
    assert zones.read() == moves | {"new": CountedZone("Asia/Tokyo")}
    zones.finish_move(moves)
    assert zones.read() == dict.fromkeys(["acme", "new"], CountedZone("Asia/Tokyo"))
    assert zones.verify({"acme": "Asia/Tokyo"})


def test_who_was_crossed_does_not_arrive_and_is_due_again(objects: ObjectStore) -> None:
    zones = CountedZones(objects, generation="first")
    zones.begin(["acme"])
    now = dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC)
    tokyo, berlin = (zones.begin_move({"acme": zone}, now=now) for zone in ("Asia/Tokyo", "Europe/Berlin"))
    zones.finish_move(tokyo)
    assert zones.read() == berlin
    assert not zones.verify({"acme": "Asia/Tokyo"})
    zones.finish_move(berlin)
    assert zones.read() == {"acme": CountedZone.unknown()}


def test_many_who_enter_at_once_are_all_noted(objects: ObjectStore) -> None:
    zones = CountedZones(objects, generation="first")
    zones.begin([])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(zones.enter, [{f"t{number}": "UTC"} for number in range(16)]))
    assert zones.read() == {f"t{number}": CountedZone("UTC") for number in range(16)}


def test_a_long_id_in_any_script_has_a_profile_too(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    profiles = [TenantProfile(tenant_id=text * 256, timezone="Asia/Tokyo") for text in ("社", "😀", "a", "/")]
    for profile in profiles:
        tenants.put(profile)
        assert tenants.get(profile.tenant_id) == profile
    assert tenants.all() == {profile.tenant_id: profile for profile in profiles}
