"""The files of the page: its scripts joined into one, its style sheets into another, under an address of their content.

The scripts in `templates/web` are ES modules. `joined` puts each into a function of its own, in an order in which every
module comes after those that it imports, so that a browser makes one request instead of thirty. It knows the forms of
import and export that `_IMPORT` and `_EXPORT` say; a module that uses another fails the tests.
"""

import dataclasses
import functools
import graphlib
import hashlib
import importlib.resources
import re
from collections.abc import Mapping

from signtally.errors import SigntallyError
from signtally.render.theme import Theme

_ENTRY = "main.js"
_IMPORT = re.compile(r'^import (\{[^}]*\}|\* as \w+) from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_STYLES = ("page.css", "sections.css")


class ScriptError(SigntallyError):
    """A script of the page imports or exports in a form that `joined` does not know."""


@dataclasses.dataclass(frozen=True, slots=True)
class Assets:
    """Style sheets, scripts and pictures by name, under one address that names their content."""

    bodies: dict[str, bytes]
    digest: str

    @classmethod
    @functools.cache
    def load(cls) -> "Assets":
        """Read them from the package `templates`, once in a process. Raises ScriptError."""
        folder = importlib.resources.files("templates").joinpath("web")
        files = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
        theme = theme_style(Theme())
        scripts = {name: body.decode() for name, body in files.items() if name.endswith(".js")}
        bodies = {
            "page.js": joined(scripts).encode(),
            "page.css": (theme + "".join(files[name].decode() for name in _STYLES)).encode(),
            "docs.css": files["docs.css"],
            "favicon.svg": files["favicon.svg"],
        }
        everything = b"".join(name.encode() + body for name, body in sorted(bodies.items()))
        return cls(bodies, hashlib.sha256(everything).hexdigest()[:16])


def theme_style(theme: Theme) -> str:
    """The theme as CSS custom properties: `--ink`, `--accent` and so on."""
    properties = "".join(f"  --{name}: {value};\n" for name, value in dataclasses.asdict(theme).items())
    return f":root {{\n{properties}}}\n"


def joined(scripts: Mapping[str, str], *, entry: str = _ENTRY) -> str:
    """One script that does what the modules do, *entry* last. Raises ScriptError, also for modules in a circle."""
    needs = {name: {found[2] for found in _IMPORT.finditer(source)} for name, source in scripts.items()}
    try:
        order = list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        raise ScriptError(f"scripts of the page import each other in a circle: {' → '.join(error.args[1])}") from None
    if missing := set(order) - set(scripts):
        raise ScriptError(f"there is no {', '.join(sorted(missing))} to import")
    ordered = [name for name in order if name != entry] + [entry]
    return '"use strict";\n' + "".join(_as_function(name, scripts[name]) for name in ordered)


def _as_function(name: str, source: str) -> str:
    """A module as a constant: what its function returns, by the names that it exports."""
    exported = [found[2] for found in _EXPORT.finditer(source)]
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(_as_constant, source))
    if strange := _OTHER.search(body):
        raise ScriptError(f"{name}: the page's scripts cannot be joined because of {strange[0]!r}")
    return f"const {_constant(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def _as_constant(found: re.Match[str]) -> str:
    names = found[1].removeprefix("* as ").replace(" as ", ": ")
    return f"const {names} = {_constant(found[2])};\n"


def _constant(name: str) -> str:
    return f"module_{name.removesuffix('.js').replace('-', '_')}"
