"""Names that customers give: one form each, and every name that was allowed before stays as it was."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.given_names import given_name, name_key
from signtally.domain.profile_edits import edited
from signtally.domain.stored_profiles import read_profile
from signtally.stores.keys import name_segment, schedule_deliveries, segment, text_of
from tests.support.examples import examples

OF_ASCII = re.compile("[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
LETTERS = st.text(st.characters(whitelist_categories=("L", "M", "N", "Zs", "Pd", "Po", "So", "Cf")), max_size=70)


@given(st.from_regex(OF_ASCII, fullmatch=True))
@settings(max_examples=examples(60), deadline=None)
def test_a_name_of_ascii_is_what_it_always_was(name: str) -> None:
    assert (given_name(name), name_key(name)) == (name, name.casefold())
    assert name_segment(name) == segment(name)


@given(LETTERS)
@settings(max_examples=examples(100), deadline=None)
def test_a_name_has_one_form_and_one_key(text: str) -> None:
    try:
        name = given_name(text)
    except ValueError:
        return
    assert given_name(name) == name
    assert text.isascii() or given_name(unicodedata.normalize("NFD", text)) == name
    assert text_of(name_segment(name)) == name
    assert "/" not in name_segment(name)
    assert len(name_segment(name).encode()) <= 192


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MÜNCHEN", "mu\u0308nchen"),
        ("ＴＯＫＹＯ", "tokyo"),
        ("カ\u3099", "ガ"),
        ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
        ("می\u200cخ", "میخ"),
    ],
)
def test_names_that_look_alike_are_one(one: str, other: str) -> None:
    assert name_key(given_name(one)) == name_key(given_name(other))


def test_a_name_that_was_written_decomposed_is_edited_in_its_own_form() -> None:
    """Nobody gets two schedules for one that an operator wrote on a Mac."""
    stored = {"tenant_id": "acme", "schedules": [{"name": "Mu\u0308nchen", "every": "week"}]}
    profile, problems = read_profile(stored, tenant_id="acme")
    assert (profile.schedules[0].name, problems) == ("München", ())
    schedule = profile.schedules[0].model_copy(update={"at": "09:00"})
    after = profile.model_copy(update={"schedules": (schedule,)})
    assert [each["name"] for each in edited(stored, before=profile, after=after)["schedules"]] == ["München"]
    assert schedule_deliveries("acme", "München") == "deliveries/acme/München/"
