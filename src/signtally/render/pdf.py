"""The PDF file: an A4 report printed by WeasyPrint, which fetches nothing but the images written into the page."""

import dataclasses
import functools
import logging
import math

from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from signtally.domain.actions import Counts
from signtally.domain.snapshot import ReportIdentity, UserUsage
from signtally.errors import SigntallyError
from signtally.render.chart import usage_chart
from signtally.render.contents import Contents, rest_of, shown_names
from signtally.render.fitting import fitted, width_ems
from signtally.render.formats import shortened
from signtally.render.insights import InsightContents
from signtally.render.restatements import restatement_lines
from signtally.render.templating import environment

# A row costs about 8 ms, so a longer list would keep a person waiting; the file says how many it leaves out.
MOST_USERS_PRINTED = 200
MOST_RESTATED_DAYS_PRINTED = 31
_FOOTER_LIMIT_CHARACTERS = 90
_DETAIL_SIZE = 0.88  # of the name's; `i` in report.css
_GAP_EMS, _LEAST_DETAIL_EMS = 0.8, 6.0


@dataclasses.dataclass(frozen=True, slots=True)
class PeopleColumns:
    """How the table of users shares its width between names and figures; the sizes are those of report.css."""

    css_class: str
    most_characters: float  # of the longest figure
    name_ems: float


_PEOPLE_COLUMNS = (
    PeopleColumns("", 7, 20.0),
    PeopleColumns("wide", 9, 16.8),
    PeopleColumns("widest", math.inf, 16.8),
)


class ForbiddenUrlError(SigntallyError, RuntimeError):
    """The page asked for something outside itself: a fault in the template or in a logo."""


class _OwnImagesOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint is untyped
    """Hands out `data:` URIs and stops the rendering at anything else, `file:` and `https:` alike."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if not url.startswith("data:"):
            raise FatalURLFetchingError(f"a report fetches nothing, and this one asked for {url[:200]}")
        return super().fetch(url, headers)


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file; equal bytes for an equal snapshot and identity. Raises ForbiddenUrlError."""
    html = page(contents, identity)
    try:
        document = HTML(string=html, url_fetcher=_OwnImagesOnly(allowed_protocols=["data"]))
        body: bytes = document.write_pdf(pdf_identifier=_identifier(contents, identity), pdf_tags=True)
    except FatalURLFetchingError as error:  # a BaseException, which retries and error handlers would let pass
        raise ForbiddenUrlError(str(error)) from None
    return body


def page(contents: Contents, identity: ReportIdentity) -> str:
    """The HTML behind the file."""
    columns = _columns_for(contents)
    printed = contents.snapshot.users[:MOST_USERS_PRINTED]
    rest = contents.snapshot.users[MOST_USERS_PRINTED:]
    return (
        environment(contents.words)
        .get_template("report/report.html")
        .render(
            contents=contents,
            insights=InsightContents.of(contents),
            restated=restatement_lines(contents),
            most_restated=MOST_RESTATED_DAYS_PRINTED,
            snapshot=contents.snapshot,
            identity=identity,
            facts=contents.facts(identity),
            formats=contents.formats,
            theme=contents.theme,
            chart=usage_chart(contents),
            logo=_own_logo(contents),
            users=printed,
            rest_count=len(rest),
            rest=rest_of(contents.snapshot.totals, Counts.total(user.counts for user in printed)),
            footer_name=shortened(contents.tenant_name, _FOOTER_LIMIT_CHARACTERS),
            names=functools.partial(_row_names, columns=columns),
            columns=columns,
        )
    )


def _columns_for(contents: Contents) -> PeopleColumns:
    longest = max(len(contents.formats.number(value)) for value in contents.snapshot.totals.as_tuple())
    return next(columns for columns in _PEOPLE_COLUMNS if longest <= columns.most_characters)


def _row_names(user: UserUsage, *, columns: PeopleColumns) -> tuple[str, str]:
    """What fits into the first column: the name, and beside it as much of the detail as has a use."""
    name, detail = shown_names(user)
    shown = fitted(name, columns.name_ems)
    room = (columns.name_ems - width_ems(shown) - _GAP_EMS) / _DETAIL_SIZE
    return shown, fitted(detail, room) if room >= _LEAST_DETAIL_EMS else ""


def _own_logo(contents: Contents) -> str | None:
    """The tenant's logo where it is part of the profile; one that lies elsewhere would have to be fetched."""
    logo = contents.snapshot.tenant.branding.logo
    return logo if logo and logo.startswith("data:") else None


def _identifier(contents: Contents, identity: ReportIdentity) -> bytes:
    return f"{contents.snapshot.tenant.tenant_id}/{identity.report_id}/{identity.version}".encode()


# A font that lacks a property or a CSS rule for screens is no news to an operator.
logging.getLogger("weasyprint").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)
