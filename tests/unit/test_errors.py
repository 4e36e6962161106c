"""One tree of errors, as the docstring of `signtally.errors` draws it."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import signtally
from signtally import errors
from signtally.errors import SigntallyError

LINE = re.compile(r"(?P<indent>[│ ]*)[├└]── (?P<name>\w+) +(?P<module>[\w.]+): \S.*")


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(signtally.__path__, "signtally."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def drawn() -> set[tuple[str, str, str]]:
    """Parent, name and module of each line of the tree."""
    parents = ["SigntallyError"]
    tree: set[tuple[str, str, str]] = set()
    for line in filter(None, map(LINE.fullmatch, (inspect.getdoc(errors) or "").splitlines())):
        depth = len(line["indent"]) // 4
        parents[depth + 1 :] = [line["name"]]
        tree.add((parents[depth], line["name"], f"signtally.{line['module']}"))
    return tree


def derived(parent: type[SigntallyError]) -> Iterator[tuple[str, str, str]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("signtally.") and not child.__name__.startswith("_"):
            yield parent.__name__, child.__name__, child.__module__
            yield from derived(child)


def test_the_docstring_draws_the_tree_of_errors() -> None:
    assert list(modules())
    assert drawn() == set(derived(SigntallyError))


def test_every_error_of_the_product_is_in_the_tree() -> None:
    loose = {
        f"{module.__name__}.{name}"
        for module in modules()
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, Exception) and found.__module__ == module.__name__
        if not issubclass(found, SigntallyError)
    }
    assert loose == set()
