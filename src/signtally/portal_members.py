"""The members of a tenant from the portal, over HTTP: `GET` of SIGNTALLY_MEMBERS_URL.

The tenant's id stands where the URL has `{tenant_id}`, else in its query as `tenant_id`.
"""

import threading
import time
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, ValidationError

from signtally.ports.errors import AccessRefusedError, ServiceError, ServiceUnavailableError
from signtally.ports.members import MemberRole

PLACEHOLDER = "{tenant_id}"
_TIMEOUT_SECONDS = 5
_FRESH_SECONDS = 60
_MOST_TENANTS = 10_000  # kept at a time
_REFUSED, _ABSENT = {401, 403}, 404


class _Member(BaseModel):
    user_id: Annotated[str, Field(min_length=1)]
    role: MemberRole


class _Members(BaseModel):
    members: list[_Member]


class HttpMembers:
    """Asks the portal, and remembers an answer for a minute; thread-safe.

    A 404 means that there is no such tenant: nobody is a member. Any other answer but 200 is an error, and whoever asks
    must not take anybody for a member then.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self._url = url
        self._client = httpx.Client(
            timeout=_TIMEOUT_SECONDS, headers={"Authorization": f"Bearer {token}"} if token else None
        )
        self._known: dict[str, tuple[float, Mapping[str, MemberRole]]] = {}
        self._lock = threading.Lock()

    def roles(self, tenant_id: str) -> Mapping[str, MemberRole]:
        with self._lock:
            asked_at, known = self._known.get(tenant_id, (float("-inf"), {}))
        if time.monotonic() - asked_at < _FRESH_SECONDS:
            return known
        asked_at = time.monotonic()
        found = self._ask(tenant_id)
        with self._lock:
            if len(self._known) >= _MOST_TENANTS:
                self._known.clear()
            self._known[tenant_id] = (asked_at, found)
        return found

    def close(self) -> None:
        """Close its connections; for whoever does not keep it until the process ends."""
        self._client.close()

    def _ask(self, tenant_id: str) -> Mapping[str, MemberRole]:
        url, params = self._url, {"tenant_id": tenant_id}
        if PLACEHOLDER in url:
            url, params = url.replace(PLACEHOLDER, quote(tenant_id, safe="")), {}
        try:
            answer = self._client.get(url, params=params) if params else self._client.get(url)
        except httpx.HTTPError as error:
            raise ServiceUnavailableError(
                f"the members of {tenant_id} are not known now: {str(error) or type(error).__name__}; does "
                "SIGNTALLY_MEMBERS_URL name your portal, and is it running?"
            ) from error
        if answer.status_code == _ABSENT:
            return {}
        if answer.status_code in _REFUSED:
            raise AccessRefusedError(
                f"the portal refuses to name the members of {tenant_id} ({answer.status_code}); "
                "check SIGNTALLY_MEMBERS_TOKEN"
            )
        if answer.status_code != httpx.codes.OK:
            raise ServiceUnavailableError(
                f"the members of {tenant_id} are not known now: the portal answered {answer.status_code}"
            )
        try:
            members = _Members.model_validate_json(answer.content).members
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ServiceError(
                f"the portal names the members of {tenant_id} in another form than SIGNTALLY_MEMBERS_URL asks for: "
                f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            ) from None
        return {each.user_id: each.role for each in members}
