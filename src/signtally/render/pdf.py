"""The PDF file: an A4 report printed by WeasyPrint, which fetches nothing but the images written into the page."""

import logging

from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from signtally.domain.counts import Counts
from signtally.domain.snapshot import ReportIdentity, UserUsage
from signtally.render.chart import usage_chart
from signtally.render.contents import Contents, rest_of, shown_names
from signtally.render.formats import shortened
from signtally.render.templating import environment

# A row costs about 8 ms, so a longer list would keep a person waiting; the file says how many it leaves out.
MOST_USERS_PRINTED = 200
# The page's ellipsis hides what is too wide, but leaves it in the text layer, where readers take only so much.
_NAME_LIMIT_CHARACTERS = 60
_FOOTER_LIMIT_CHARACTERS = 90


class ForbiddenUrlError(RuntimeError):
    """The page asked for something outside itself: a fault in the template or in a logo."""


class _OwnImagesOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint is untyped
    """Hands out `data:` URIs and stops the rendering at anything else, `file:` and `https:` alike."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if not url.startswith("data:"):
            raise FatalURLFetchingError(f"a report fetches nothing, and this one asked for {url[:200]}")
        return super().fetch(url, headers)


def write(contents: Contents, identity: ReportIdentity) -> bytes:
    """The whole file; equal bytes for an equal snapshot and identity. Raise ForbiddenUrlError."""
    html = page(contents, identity)
    try:
        document = HTML(string=html, url_fetcher=_OwnImagesOnly(allowed_protocols=["data"]))
        body: bytes = document.write_pdf(pdf_identifier=_identifier(contents, identity), pdf_tags=True)
    except FatalURLFetchingError as error:  # a BaseException, which retries and error handlers would let pass
        raise ForbiddenUrlError(str(error)) from None
    return body


def page(contents: Contents, identity: ReportIdentity) -> str:
    """The HTML behind the file."""
    printed = contents.snapshot.users[:MOST_USERS_PRINTED]
    rest = contents.snapshot.users[MOST_USERS_PRINTED:]
    return (
        environment()
        .get_template("report/report.html")
        .render(
            contents=contents,
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
            names=_row_names,
            longest_figure=max(len(contents.formats.number(value)) for value in contents.snapshot.totals.as_tuple()),
        )
    )


def _row_names(user: UserUsage) -> tuple[str, str]:
    name, detail = shown_names(user)
    return shortened(name, _NAME_LIMIT_CHARACTERS), shortened(detail, _NAME_LIMIT_CHARACTERS)


def _own_logo(contents: Contents) -> str | None:
    """The tenant's logo where it is part of the profile; one that lies elsewhere would have to be fetched."""
    logo = contents.snapshot.tenant.branding.logo
    return logo if logo and logo.startswith("data:") else None


def _identifier(contents: Contents, identity: ReportIdentity) -> bytes:
    return f"{contents.snapshot.tenant.tenant_id}/{identity.report_id}/{identity.version}".encode()


# A font that lacks a property or a CSS rule for screens is no news to an operator.
logging.getLogger("weasyprint").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)
