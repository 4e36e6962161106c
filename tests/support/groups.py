"""Which tests share one pytest-xdist worker, and which start first."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

# The tests in a directory that cost a server or a browser to start: one worker pays for it.
_BY_DIRECTORY = {"flows": "prefect", "browser": "browser"}
# Tests that measure how long an answer takes: never two of them at once.
_BY_FILE = {"test_api_stalls.py": "timing"}
_BY_FIXTURE = {"postgresql": "postgresql"}
# What takes longest starts first, so that no worker is left alone with it at the end.
_FIRST = ("flows", "browser", "demo", "year", "faults", "cli", "contract")


def assign_groups(items: Iterable[pytest.Item]) -> None:
    """Mark each test that must run on the same worker as others with the group that they share."""
    for item in items:
        if (group := _group(item)) is not None:
            item.add_marker(pytest.mark.xdist_group(group))


def expect_groups_known(items: Iterable[pytest.Item]) -> None:
    """Raise AssertionError when pytest-xdist, which writes an item's group behind its id, took no notice of it."""
    for item in items:
        for mark in item.iter_markers("xdist_group"):
            assert item.nodeid.endswith(f"@{mark.args[0]}"), f"{item.nodeid} may run on any worker"


def longest_first(items: Sequence[pytest.Item], *, tests: Path) -> list[pytest.Item]:
    """Return *items* in the order in which workers take them; *tests* is the directory of all tests."""

    def rank(item: pytest.Item) -> int:
        directory = item.path.relative_to(tests).parts[0]
        return _FIRST.index(directory) if directory in _FIRST else len(_FIRST)

    return sorted(items, key=rank)


def _group(item: pytest.Item) -> str | None:
    fixtures = [*getattr(item, "fixturenames", ()), *_parameters(item)]
    by_fixture = next((group for fixture, group in _BY_FIXTURE.items() if fixture in fixtures), None)
    return _BY_DIRECTORY.get(item.path.parent.name) or _BY_FILE.get(item.path.name) or by_fixture


def _parameters(item: pytest.Item) -> list[str]:
    """Those that are texts: a test over several stores asks for the fixture of one by its name."""
    values = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    return [value for value in values if isinstance(value, str)]
