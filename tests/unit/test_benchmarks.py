"""Benchmarks run seldom: what they import of the product and of the tests' support must still be there."""

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
_OURS = ("signtally", "timestream_local", "warm_worker", "flows", "tasks", "tests")


@pytest.mark.parametrize("path", sorted(_BENCHMARKS.rglob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(path: Path) -> None:
    assert [name for name in _imported(ast.parse(path.read_text())) if not _exists(*name)] == []


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each name that is imported from a module of ours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in _OURS:
            yield from ((node.module, each.name) for each in node.names)


def _exists(module: str, name: str) -> bool:
    found = importlib.import_module(module)
    return hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}") is not None
