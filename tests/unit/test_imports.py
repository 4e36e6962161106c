"""What import-linter does not see: names that begin with an underscore stay in their module."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("src", "flows", "tasks", "tests", "benchmarks")
# Others' private modules that have no public name for what is needed.
ACCEPTED = {
    "_typeshed",  # types of the standard library, which only a type checker reads
    "openpyxl.worksheet._writer",  # writes a sheet around its rows; openpyxl has no other place to add to it
}


def private_imports(source: str) -> Iterator[str]:
    """Each private name that the module takes from another, as `module.name`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if any(map(is_private, name.split("."))))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("folder", SOURCES)
def test_no_module_imports_a_private_name(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in private_imports(file.read_text(encoding="utf-8"))
        if name not in ACCEPTED and name.rpartition(".")[0] not in ACCEPTED
    }
    assert found == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from signtally.stores.keys import _segment", ["signtally.stores.keys._segment"]),
        ("import signtally._hidden", ["signtally._hidden"]),
        ("from __future__ import annotations", []),
        ("from signtally.stores.keys import segment", []),
    ],
)
def test_private_names_are_seen(source: str, found: list[str]) -> None:
    assert list(private_imports(source)) == found
