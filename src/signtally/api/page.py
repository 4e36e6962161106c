"""The Usage Reports page, the API's documentation with the schema of JSON reports, and the files they are made of."""

import functools
import re
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import FastAPI, Header, Path, Response
from fastapi.responses import HTMLResponse

from signtally.api.page_assets import Assets
from signtally.api.problem_advice import ADVICE
from signtally.api.problem_codes import CODES
from signtally.api.problems import ProblemError, ProblemKind
from signtally.domain.actions import MEASURES
from signtally.domain.highlights import STUCK_DAYS
from signtally.domain.report_failures import SENTENCES
from signtally.render.definitions import defined
from signtally.render.formats import locale_of
from signtally.render.report_schema import SCHEMA_NAME, schema
from signtally.render.templating import environment
from signtally.render.translation import LANGUAGES, Translation
from signtally.settings import Settings

_FOR_EVER = "public, max-age=31536000, immutable"  # the address changes with the bytes
_WORDS = (
    "completion rate",
    "turnaround",
    "open",
    "distinct documents",
    "busiest hour",
    "allowance used",
    "most significant change",
    "data through",
    "late events",
)
# RFC 9110, 12.5.4: a language, and perhaps how much it is wished for; spaces may stand around the semicolon.
_WISH = re.compile(
    r"\s*(?P<language>[a-z]+)(-[a-z0-9]+)*(\s*;\s*q=(?P<weight>\d(\.\d*)?))?\s*", re.ASCII | re.IGNORECASE
)
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def register(app: FastAPI, settings: Settings) -> None:
    """Add the page, `/docs` and their files; each is rendered once, the page in each language, at the first request.

    The endpoints are coroutines: they need no thread, so the page opens even when every thread waits for a service.
    """
    assets = Assets.load()

    @functools.cache
    def page(language: str) -> str:
        words = Translation.of(locale_of(language))
        texts = words.texts_of("templates/web/", ending=".js")
        about: dict[str, Any] = {
            "stuck_days": STUCK_DAYS,
            "texts": texts,
            "terms": _terms(words, MEASURES),
            "words": _terms(words, _WORDS),
        }
        return _render(
            "index", assets, words, development=settings.jwks_url is None, portal=settings.portal_url, **about
        )

    @app.get("/", include_in_schema=False)
    async def usage_reports(
        language: str | None = None, accept_language: Annotated[str | None, Header()] = None
    ) -> HTMLResponse:
        """In the language that is asked for, else the first that the browser accepts, else in English."""
        body = page(language if language in LANGUAGES else preferred_language(accept_language or ""))
        return HTMLResponse(body, headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"})

    @functools.cache
    def docs() -> str:
        return _render(
            "docs",
            assets,
            Translation.of(locale_of("en")),
            api=app.openapi(),
            problems=list(ProblemKind),
            advice=ADVICE,
            codes=CODES,
            failures=SENTENCES,
        )

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


def preferred_language(accepted: str) -> str:
    """The first of LANGUAGES that an `Accept-Language` header prefers, English when it names none."""
    wishes = [_wish(part) for part in accepted.split(",")]
    return next((tag for weight, tag in sorted(wishes, key=_by_weight) if weight and tag in LANGUAGES), "en")


def _wish(part: str) -> tuple[float, str]:
    """Weight and language of one part: `de-CH; q=0.8` is 0.8 and `de`."""
    wish = _WISH.fullmatch(part)
    return (float(wish["weight"] or 1), wish["language"].lower()) if wish else (0, "")


def _by_weight(wish: tuple[float, str]) -> float:
    return -wish[0]


def _render(name: str, assets: Assets, spoken: Translation, **values: Any) -> str:  # noqa: ANN401 -- a template takes anything
    static = f"static/{assets.digest}"
    template = environment(spoken).get_template(f"web/{name}.html")
    return template.render(static=static, spoken=spoken, **values)


def _terms(words: Translation, keys: Iterable[str]) -> list[dict[str, str]]:
    """Terms as the page heads and explains them."""
    lines = [(key, defined(key, words=words)) for key in keys]
    return [{"key": key, "heading": line.term, "meaning": line.meaning} for key, line in lines]


def _type_of(name: str) -> str:
    return next(kind for ending, kind in _TYPES.items() if name.endswith(ending))
