"""`/v1/unsubscribe`: how a recipient ends the emails of a tenant, by a signed link and without a login.

`POST` is what RFC 8058 has mail programs send; `GET` shows a page with a button and changes nothing, because programs
that check links follow them.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import HTMLResponse

from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.page import preferred_language
from signtally.render.formats import locale_of
from signtally.render.templating import environment
from signtally.render.theme import Theme
from signtally.render.translation import Translation
from signtally.use_cases.delivering import BadUnsubscribeLinkError, Subscription, subscription_of, unsubscribe

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_LONGEST_TOKEN = 8000  # characters: with a tenant id of 256 emoji, and the longest address, one has 5,000
# Not limited by the framework, which would answer in JSON: to a person, and to a mail program that then gives up.
Token = Annotated[str, Query(alias="t")]
Languages = Annotated[str, Header(alias="accept-language")]


def _signed(services: ServicesDep, token: Token = "") -> Subscription | None:
    """What the link is about; None for one that was not made here: it takes no slot for long."""
    try:
        return subscription_of(token, services=services) if len(token) <= _LONGEST_TOKEN else None
    except BadUnsubscribeLinkError:
        return None


Signed = Annotated[Subscription | None, Depends(_signed)]
router = APIRouter(prefix="/v1/unsubscribe", dependencies=[limit_concurrency("others", after=_signed)])


@router.get("", include_in_schema=False)
def ask(services: ServicesDep, subscription: Signed, languages: Languages = "") -> HTMLResponse:
    return _page("ask", subscription, services=services, languages=languages)


@router.post("", include_in_schema=False)
def confirm(services: ServicesDep, subscription: Signed, languages: Languages = "") -> HTMLResponse:
    """The body, which RFC 8058 fixes as `List-Unsubscribe=One-Click`, is not looked at: the link says everything."""
    if subscription is not None:
        unsubscribe(subscription, services=services)
    return _page("done", subscription, services=services, languages=languages)


def _page(state: str, subscription: Subscription | None, *, services: ServicesDep, languages: str) -> HTMLResponse:
    words = Translation.of(locale_of(preferred_language(languages)))
    about: dict[str, str] = {}
    if subscription is not None:
        tenant = services.stores.tenants.get(subscription.tenant_id)
        about = {"tenant": tenant.display_name, "email": subscription.email}
    page = environment(words).get_template("web/unsubscribe.html")
    body = page.render(state=state if about else "broken", spoken=words, theme=Theme(), **about)
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(body, status_code=200 if about else 400, headers=headers)
