"""Laws of stored profiles: no document makes reading fail, and every valid field is kept beside any invalid ones."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signtally.domain.stored_profiles import read_profile
from signtally.domain.tenants import TenantProfile
from tests.support.examples import examples

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text("\ud800\u202e\0", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SCHEDULES = [
    {"name": "weekly", "every": "week"},
    {"name": "monthly", "every": "month", "recipients": [{"email": "ann@acme.example"}]},
]
VALID: dict[str, list[Any]] = {
    "name": ["Acme", None],
    "timezone": ["Asia/Tokyo", "Europe/Berlin"],
    "locale": ["de", "xx"],
    "week_starts_on": ["sunday", 3],
    "branding": [{"accent": "#123456"}, {}],
    "allowance": [{"documents_per_month": 100}],
    "schedules": [SCHEDULES, SCHEDULES[:1], []],
}
INVALID: dict[str, list[Any]] = {
    "name": ["x" * 201, "", 5, "\ud800", "Acme\0", "Acme\u202edtL"],
    "locale": [5, ["de"]],
    "week_starts_on": ["someday", 8, True, [1]],
    "branding": [{"accent": "red"}, {"logo": "https://x"}, 7, {"unknown": 1}],
    "allowance": [{"documents_per_month": -1}, {"documents_per_month": "many"}, {"documents_per_month": True}],
    "schedules": [{"weekly": 1}, [5], [{"name": "a", "every": "hour"}], "no"],
    "colour": ["red"],
    "\ud800": [1],
}


@st.composite
def _documents(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document, and those of its fields that are valid."""
    valid = {name: draw(st.sampled_from(values)) for name, values in VALID.items() if draw(st.booleans())}
    invalid = {name: draw(st.sampled_from(values)) for name, values in INVALID.items() if draw(st.booleans())}
    invalid = {name: value for name, value in invalid.items() if name not in valid}
    items = draw(st.permutations([*valid.items(), *invalid.items(), ("tenant_id", "acme")]))
    return dict(items), valid


@settings(max_examples=examples(400))
@given(JSON | st.fixed_dictionaries({}, optional={**dict.fromkeys(TenantProfile.model_fields, JSON)}))
@example({"timezone": "\ud800"})
@example({"schedules": [{"name": "x", "every": "day", "recipients": [{"email": "\ud800@acme.example"}]}]})
def test_any_json_document_is_read(document: Any) -> None:
    profile, problems = read_profile(document, tenant_id="acme")
    assert profile.tenant_id == "acme"
    json.dumps(profile.model_dump(mode="json"))
    try:
        valid = TenantProfile.model_validate(document).tenant_id == "acme"
    except ValidationError:
        valid = False
    assert valid == (not problems)


@given(_documents())
def test_every_valid_field_is_kept_and_every_invalid_one_is_named(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, valid = case
    profile, problems = read_profile(document, tenant_id="acme")
    assert profile.model_dump() == TenantProfile.model_validate({"tenant_id": "acme", **valid}).model_dump()
    named = {problem.partition(":")[0].partition(".")[0].strip("'") for problem in problems}
    assert named == {
        name if name.isprintable() else "\\ud800" for name in document.keys() - valid.keys() - {"tenant_id"}
    }


@given(st.lists(st.sampled_from([*SCHEDULES, {"name": "bad"}, {"name": "weekly", "every": "day"}, 5]), max_size=6))
def test_only_bad_schedules_are_left_out_and_a_name_belongs_to_its_first(schedules: list[Any]) -> None:
    profile, _ = read_profile({"tenant_id": "acme", "schedules": schedules}, tenant_id="acme")
    first: dict[str, Any] = {}
    for schedule in schedules:
        if isinstance(schedule, dict) and "every" in schedule:
            first.setdefault(schedule["name"], schedule)
    kept = [schedule.model_dump(mode="json", exclude_unset=True) for schedule in profile.schedules]
    assert kept == list(first.values())


@pytest.mark.parametrize(
    "document",
    [None, 5, "acme", [], {"tenant_id": "other"}, {"tenant_id": 2}, {"tenant_id": "acme", "timezone": "Mars/Phobos"}],
)
def test_without_owner_or_zone_a_profile_is_unreadable(document: Any) -> None:
    profile, problems = read_profile(document, tenant_id="acme")
    assert profile.is_unreadable
    assert profile.timezone == "UTC"
    assert problems


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "suspnded"), ("members", [{"user_id": "u", "role": "owner"}]), ("recipient_domains", ["a..b"])],
)
def test_who_may_get_reports_is_not_guessed(field: str, value: object) -> None:
    profile, _ = read_profile({"tenant_id": "acme", "timezone": "Asia/Tokyo", field: value}, tenant_id="acme")
    assert (profile.hides_recipients, profile.is_unreadable, profile.timezone) == (True, False, "Asia/Tokyo")
    profile, _ = read_profile({"tenant_id": "acme", "name": 5, "schedules": 5}, tenant_id="acme")
    assert not profile.is_too_broken_to_send


def test_a_bad_part_of_the_branding_leaves_the_other() -> None:
    branding = {"accent": "red", "logo": "data:image/png;base64,AAAA", "motto": "Sign!"}
    profile, problems = read_profile({"tenant_id": "acme", "branding": branding}, tenant_id="acme")
    assert (profile.branding.accent, profile.branding.logo) == (None, "data:image/png;base64,AAAA")
    assert [problem.partition(":")[0] for problem in problems] == ["branding.accent", "branding.motto"]


def test_a_bad_recipient_or_destination_costs_nobody_else_the_report() -> None:
    schedule = {
        "name": "monthly",
        "every": "month",
        "recipients": [{"email": "ann@acme.example"}, {"email": "a..b@acme.example"}],
        "destinations": [
            {"name": "board", "kind": "slack", "url": "https://hooks..example/x"},
            {"name": "board", "kind": "teams", "url": "https://hooks.example/y"},
            {"name": "crm", "kind": "webhook", "url": "https://hooks.example/z"},  # without a secret
        ],
    }
    profile, problems = read_profile({"schedules": [schedule]}, tenant_id="acme")
    (kept,) = profile.schedules
    assert [each.email for each in kept.recipients] == ["ann@acme.example"]
    assert [each.label for each in kept.destinations] == ["teams:board"]
    assert [problem.partition(":")[0] for problem in problems] == [
        "schedules.0.recipients.1.email",
        "schedules.0.destinations.0.url",
        "schedules.0.destinations.2",
        "tenant_id",
    ]
