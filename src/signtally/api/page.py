"""The Usage Reports page, the API's documentation with the schema of JSON reports, and the files they are made of."""

import dataclasses
import functools
import hashlib
import importlib.resources
from typing import Annotated, Any

from fastapi import FastAPI, Path, Response
from fastapi.responses import HTMLResponse

from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.actions import MEASURES
from signtally.domain.definitions import Definition, definition
from signtally.render.report_schema import SCHEMA_NAME, schema
from signtally.render.templating import environment
from signtally.render.theme import HEADINGS, Theme

_FOR_EVER = "public, max-age=31536000, immutable"  # the address changes with the bytes
_WORDS = ("completion rate", "turnaround", "open", "distinct documents", "busiest hour", "allowance used")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclasses.dataclass(frozen=True, slots=True)
class Assets:
    """Style sheets, scripts and pictures by name, under one address that names their content."""

    bodies: dict[str, bytes]
    digest: str

    @classmethod
    def load(cls) -> "Assets":
        folder = importlib.resources.files("templates").joinpath("web")
        bodies = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.endswith(tuple(_TYPES))}
        bodies["theme.css"] = theme_style(Theme()).encode()
        everything = b"".join(name.encode() + body for name, body in sorted(bodies.items()))
        return cls(bodies, hashlib.sha256(everything).hexdigest()[:16])


def theme_style(theme: Theme) -> str:
    """The theme as CSS custom properties: `--ink`, `--accent` and so on."""
    properties = "".join(f"  --{name}: {value};\n" for name, value in dataclasses.asdict(theme).items())
    return f":root {{\n{properties}}}\n"


def register(app: FastAPI, *, development: bool) -> None:
    """Add the page, `/docs` and their files; the page is rendered here once, the documentation at its first request.

    The endpoints are coroutines: they need no thread, so the page opens even when every thread waits for a service.
    """
    assets = Assets.load()
    page = _render("index", assets, development=development, terms=_terms(), words=_words())

    @app.get("/", include_in_schema=False)
    async def usage_reports() -> HTMLResponse:
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    @functools.cache
    def docs() -> str:
        return _render("docs", assets, api=app.openapi(), problems=list(ProblemKind))

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> HTMLResponse:
        return HTMLResponse(docs(), headers={"Cache-Control": "no-cache"})

    @app.get(f"/schemas/{SCHEMA_NAME}", include_in_schema=False)
    async def report_schema() -> Response:
        return Response(
            schema(), media_type="application/schema+json", headers={"Cache-Control": "public, max-age=3600"}
        )

    @app.get("/static/{digest}/{name}", include_in_schema=False)
    async def static(digest: str, name: Annotated[str, Path()]) -> Response:
        body = assets.bodies.get(name)
        if body is None or digest != assets.digest:
            raise ProblemError(ProblemKind.NOT_FOUND, "This file does not exist. Reload the page.")
        return Response(body, media_type=_type_of(name), headers={"Cache-Control": _FOR_EVER})


def _render(name: str, assets: Assets, **values: Any) -> str:  # noqa: ANN401 -- a template takes anything
    static = f"static/{assets.digest}"
    return environment().get_template(f"web/{name}.html").render(static=static, **values)


def _terms() -> list[dict[str, str]]:
    """The eight measures as the page heads and explains them."""
    headings = {str(action): heading for action, heading in HEADINGS.items()}
    return [{"key": key, "heading": headings[key], "meaning": definition(key).meaning} for key in MEASURES]


def _words() -> list[Definition]:
    """The other terms that the page shows."""
    return [definition(term) for term in _WORDS]


def _type_of(name: str) -> str:
    return next(kind for ending, kind in _TYPES.items() if name.endswith(ending))
