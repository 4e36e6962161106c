"""`/v1/profile`: administrators change what is theirs, field by field, and nothing else is touched."""

import base64
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from signtally.stores.keys import tenant_profile
from tests.api.conftest import World

Check = Callable[..., dict[str, Any]]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><rect width="60" height="20" fill="#b30"/></svg>'
LOGO = "data:image/svg+xml;base64," + base64.b64encode(SVG.encode()).decode()
AS_STORED: dict[str, Any] = {
    "tenant_id": "acme",
    "name": "Acme",
    "timezone": "Europe/Berlin",
    "locale": "en",
    "week_starts_on": "monday",
    "branding": {"logo": None, "accent": None},
    "csv": None,
    "allowance": {"documents_per_month": None},
    "invalid": [],
}


def stored(world: World) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(world.objects.get(tenant_profile("acme")).body)
    return document


def test_everybody_of_the_tenant_sees_it(admin: Any, member: Any, anonymous: Any, world: World) -> None:
    assert admin.get("/v1/profile").json() == member.get("/v1/profile").json() == AS_STORED
    unknown = anonymous.using(world.token(tenant_id="nobody")).get("/v1/profile").json()
    assert (unknown["tenant_id"], unknown["name"], unknown["timezone"]) == ("nobody", None, "UTC")


def test_what_is_left_out_stays_and_null_brings_the_default_back(admin: Any, world: World) -> None:
    admin.put("/v1/schedules/weekly", json={"every": "week"})
    change = {"name": "Acme GmbH", "locale": "de-CH", "week_starts_on": "sunday", "csv": "semicolon"}
    answer = admin.patch("/v1/profile", json=change | {"branding": {"accent": "#7A3E9D"}})
    assert answer.status_code == 200, answer.text
    accent = {"branding": {"logo": None, "accent": "#7A3E9D"}}
    assert answer.json() == AS_STORED | change | accent | {"recount": None}
    assert [schedule["name"] for schedule in stored(world)["schedules"]] == ["weekly"]
    back = admin.patch("/v1/profile", json={"csv": None, "name": None, "branding": {"accent": None}}).json()
    assert (back["csv"], back["name"], back["locale"], back["branding"]["accent"]) == (None, None, "de-CH", None)
    assert stored(world).keys() == {"tenant_id", "timezone", "locale", "week_starts_on", "branding", "schedules"}


def test_a_new_zone_says_what_is_counted_again(admin: Any) -> None:
    answer = admin.patch("/v1/profile", json={"timezone": "Asia/Kathmandu"}).json()
    recount = answer["recount"]
    assert (recount["from_timezone"], recount["to_timezone"]) == ("Europe/Berlin", "Asia/Kathmandu")
    assert "Every day since the first event is counted again" in recount["detail"]
    assert admin.patch("/v1/profile", json={"timezone": "Asia/Kathmandu"}).json()["recount"] is None


def test_a_logo_is_drawn_and_kept_as_a_small_png(admin: Any) -> None:
    branding = admin.patch("/v1/profile", json={"branding": {"logo": LOGO}}).json()["branding"]
    picture = Image.open(io.BytesIO(base64.b64decode(branding["logo"].removeprefix("data:image/png;base64,"))))
    assert picture.format == "PNG"
    assert admin.get("/v1/me").json()["logo"] == branding["logo"]
    assert admin.patch("/v1/profile", json={"branding": {"logo": None}}).json()["branding"]["logo"] is None


def test_a_stored_logo_that_is_an_address_hinders_no_edit(admin: Any, world: World) -> None:
    address = {"branding": {"logo": "https://acme.example/logo.png", "accent": "#112233"}}
    world.objects.put(tenant_profile("acme"), json.dumps({"tenant_id": "acme"} | address).encode())
    answer = admin.patch("/v1/profile", json={"name": "Bolt"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["invalid"][0].startswith("branding.logo: a logo is a data: URI")
    assert stored(world) == {"tenant_id": "acme", "name": "Bolt"} | address
    assert admin.put("/v1/schedules/weekly", json={"every": "week"}).status_code == 201
    assert admin.patch("/v1/profile", json={"branding": {"logo": None}}).json()["invalid"] == []
    assert stored(world)["branding"] == {"accent": "#112233"}


@pytest.mark.parametrize(
    ("change", "location", "advice"),
    [
        ({"timezone": "localtime"}, "body.timezone", "no IANA time zone"),
        ({"timezone": "Factory"}, "body.timezone", "no IANA time zone"),
        ({"timezone": "../../etc/passwd"}, "body.timezone", "no IANA time zone"),
        ({"locale": "x" * 100_000}, "body.locale", "at most 35"),
        ({"locale": "de DE"}, "body.locale", "should match pattern"),
        ({"name": ""}, "body.name", "at least 1"),
        ({"name": "x" * 201}, "body.name", "at most 200"),
        ({"name": "\ud800"}, "body.name", "string"),
        ({"week_starts_on": "someday"}, "body.week_starts_on", "'monday'"),
        ({"csv": "tab"}, "body.csv", "'comma' or 'semicolon'"),
        ({"branding": {"accent": "red"}}, "body.branding.accent", "pattern"),
        ({"branding": {"logo": "https://acme.example/x.png"}}, "body.branding.logo", "never fetched"),
        ({"branding": {"logo": "data:image/png;base64,AAAA"}}, "body.branding.logo", "cannot be read as a PNG"),
        ({"allowance": {"documents_per_month": 10**30}}, "body", "allowance is read-only"),
        ({"tenant_id": "globex"}, "body", "tenant_id is read-only"),
        ({"schedules": []}, "body.schedules", "unknown parameter"),
    ],
)
def test_what_is_refused_says_why(
    admin: Any, problem: Check, change: dict[str, Any], location: str, advice: str
) -> None:
    before = admin.get("/v1/profile").json()
    answer = admin.patch(
        "/v1/profile", content=json.dumps(change), headers={"Content-Type": "application/merge-patch+json"}
    )
    (part,) = problem(answer, 422, "invalid-request")["errors"]
    assert part["location"] == location
    assert advice in part["detail"]
    assert admin.get("/v1/profile").json() == before


def test_an_edit_that_rests_on_an_old_answer_can_be_made_to_fail(admin: Any, problem: Check) -> None:
    first = admin.get("/v1/profile").headers["etag"]
    changed = admin.patch("/v1/profile", json={"name": "Bolt"}, headers={"If-Match": first})
    assert changed.status_code == 200
    assert changed.headers["etag"] == admin.get("/v1/profile").headers["etag"] != first
    refused = admin.patch("/v1/profile", json={"name": "Crest"}, headers={"If-Match": first})
    problem(refused, 412, "precondition-failed")
    assert admin.get("/v1/profile").json()["name"] == "Bolt"
    for fitting in (f'"other", {changed.headers["etag"]}', "*"):
        assert admin.patch("/v1/profile", json={"csv": "comma"}, headers={"If-Match": fitting}).status_code == 200


def test_an_edit_rests_on_no_weak_tag(admin: Any, problem: Check) -> None:
    """RFC 9110, 13.1.1: what a proxy calls weakly equal may be another version."""
    weak = {"If-Match": f"W/{admin.get('/v1/profile').headers['etag']}"}
    problem(admin.patch("/v1/profile", json={"name": "Bolt"}, headers=weak), 412, "precondition-failed")
    admin.put("/v1/schedules/weekly", json={"every": "week"})
    weak = {"If-Match": f"W/{admin.get('/v1/schedules/weekly').headers['etag']}"}
    problem(admin.delete("/v1/schedules/weekly", headers=weak), 412, "precondition-failed")


def test_a_member_changes_nothing(member: Any, world: World, problem: Check) -> None:
    before = stored(world)
    problem(member.patch("/v1/profile", json={"name": "Bolt"}), 403, "forbidden")
    assert stored(world) == before


def test_changes_are_on_record(admin: Any, world: World) -> None:
    admin.patch("/v1/profile", json={"timezone": "Asia/Tokyo", "branding": {"logo": LOGO}, "csv": None})
    admin.patch("/v1/profile", json={})
    (entry,) = admin.get("/v1/audit").json()["rows"]
    assert (entry["action"], entry["subject"]) == ("profile.changed", "acme")
    assert entry["detail"] == {"timezone": "Europe/Berlin → Asia/Tokyo", "branding.logo": "changed"}
    world.now += dt.timedelta(seconds=1)  # entries of one instant have no order
    admin.patch("/v1/profile", json={"csv": "semicolon"})
    assert admin.get("/v1/audit").json()["rows"][0]["detail"] == {"csv": "— → semicolon"}


@pytest.mark.parametrize("character", ["\0", "\x9b", "\n", "\u2028", "\u200f", "\u202e", "\u2066"])
def test_a_name_steers_no_line_and_turns_no_text(admin: Any, problem: Check, character: str) -> None:
    found = problem(admin.patch("/v1/profile", json={"name": f"Acme{character}dtL"}), 422, "invalid-request")
    (part,) = found["errors"]
    shown = f"U+{ord(character):04X}"
    assert (part["location"], part["code"], part["values"]) == ("body.name", "name-character", {"character": shown})
    assert part["detail"] == f"a name cannot contain {shown}: write it without"
    kept = "Ac\u00admé می\u200cخواهم 👩\u200d💻"  # the soft hyphen and joiners do neither
    assert admin.patch("/v1/profile", json={"name": kept}).json()["name"] == kept


def test_a_name_is_more_than_blanks(admin: Any, problem: Callable[..., dict[str, Any]]) -> None:
    problem(admin.patch("/v1/profile", json={"name": " \t\u3000"}), 422, "invalid-request")
    assert admin.patch("/v1/profile", json={"name": "  Acme Ltd "}).json()["name"] == "Acme Ltd"
