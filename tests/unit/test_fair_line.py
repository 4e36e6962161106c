"""A line serves tenants in turn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.fair_line import FairLine
from tests.support.examples import examples

TENANTS = st.sampled_from("abcd")
STEPS = st.lists(st.one_of(TENANTS, st.none()), max_size=60)  # a tenant adds an item; None takes one


@given(STEPS)
@settings(max_examples=examples(100))
def test_nobody_is_passed_over_and_nothing_is_lost(steps: list[str | None]) -> None:
    """Each tenant's items stay in order, and no tenant is served twice while another one waits."""
    line: FairLine[tuple[str, int]] = FairLine()
    added: list[tuple[str, int]] = []
    taken: list[tuple[str, int]] = []
    passed_over: dict[str, list[str]] = {}  # by tenant that waits: who was served since it was last
    for step in steps:
        if step is not None:
            added.append((step, len(added)))
            line.add(step, added[-1])
            passed_over.setdefault(step, [])
        elif len(line):
            expected = [*line]
            taken.append(line.take())
            assert [taken[-1], *line] == expected or len({tenant for tenant, _ in expected}) > 1
            tenant = taken[-1][0]
            for waiting, served in passed_over.items():
                served.append(tenant)
                assert served.count(tenant) <= 1 or waiting == tenant
            passed_over = {waiting: [] if waiting == tenant else since for waiting, since in passed_over.items()}
            passed_over = {waiting: since for waiting, since in passed_over.items() if waiting in {t for t, _ in line}}
    rest = line.take_all()
    assert sorted([*taken, *rest], key=lambda item: item[1]) == added
    for tenant in "abcd":
        numbers = [number for owner, number in [*taken, *rest] if owner == tenant]
        assert numbers == sorted(numbers)
    with pytest.raises(LookupError):
        line.take()


@given(st.lists(TENANTS, max_size=40))
@settings(max_examples=examples(60))
def test_the_order_that_it_tells_is_the_one_in_which_it_serves(tenants: list[str]) -> None:
    line: FairLine[int] = FairLine()
    for number, tenant in enumerate(tenants):
        line.add(tenant, number)
    assert (line.tenants, len(line)) == (len(set(tenants)), len(tenants))
    told = [*line]
    assert [line.take() for _ in tenants] == told
