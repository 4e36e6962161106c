"""The members of a tenant from the portal, over HTTP: `GET` of SIGNTALLY_MEMBERS_URL.

The tenant's id stands where the URL has `{tenant_id}`, else in its query as `tenant_id`.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, ValidationError

from signtally.bounded_answers import AnswerOutOfBoundsError, whole_answer
from signtally.ports.errors import AccessRefusedError, ServiceError, ServiceUnavailableError
from signtally.ports.members import MemberRole

PLACEHOLDER = "{tenant_id}"
_ALL_SECONDS = 10
_LARGEST_ANSWER_BYTES = 50_000_000
# Silence costs five seconds a tenant: after so many in a row nobody is asked about for a while, and all are told so.
_MOST_SILENCES, _REST_SECONDS = 3, 30
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

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        all_seconds: float = _ALL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._all_seconds = all_seconds
        self._monotonic = monotonic
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._known: dict[str, tuple[float, Mapping[str, MemberRole]]] = {}
        self._silences = 0  # in a row
        self._rests_until = float("-inf")
        self._lock = threading.Lock()

    def roles(self, tenant_id: str) -> Mapping[str, MemberRole]:
        with self._lock:
            asked_at, known = self._known.get(tenant_id, (float("-inf"), {}))
        if self._monotonic() - asked_at < _FRESH_SECONDS:
            return known
        asked_at = self._monotonic()
        found = self._ask(tenant_id)
        with self._lock:
            if len(self._known) >= _MOST_TENANTS:
                self._known.clear()
            self._known[tenant_id] = (asked_at, found)
        return found

    def _ask(self, tenant_id: str) -> Mapping[str, MemberRole]:
        if self._monotonic() < self._rests_until:
            raise ServiceUnavailableError(
                f"the members of {tenant_id} are not known now: the portal did not answer {_MOST_SILENCES} times in a "
                "row, and is asked again in a moment"
            )
        try:
            status, content = self._answer(tenant_id)
        except (httpx.HTTPError, AnswerOutOfBoundsError) as error:
            self._note_silence()
            raise ServiceUnavailableError(
                f"the members of {tenant_id} are not known now: {str(error) or type(error).__name__}; does "
                "SIGNTALLY_MEMBERS_URL name your portal, and is it running?"
            ) from error
        self._silences = 0
        return _members_in(status, content, tenant_id=tenant_id)

    def _answer(self, tenant_id: str) -> tuple[int, bytes]:
        """Its status and body. Raises AnswerOutOfBoundsError and what httpx raises."""
        url, params = self._url, {"tenant_id": tenant_id}
        if PLACEHOLDER in url:
            url, params = url.replace(PLACEHOLDER, quote(tenant_id, safe="")), {}
        return whole_answer(
            url,
            seconds=self._all_seconds,
            most_bytes=_LARGEST_ANSWER_BYTES,
            params=params or None,
            headers=self._headers,
        )

    def _note_silence(self) -> None:
        with self._lock:
            self._silences += 1
            if self._silences >= _MOST_SILENCES:
                self._rests_until = self._monotonic() + _REST_SECONDS


def _members_in(status: int, content: bytes, *, tenant_id: str) -> Mapping[str, MemberRole]:
    """The role of each member by user id. Raises a ServiceError for an answer that does not say."""
    if status == _ABSENT:
        return {}
    if status in _REFUSED:
        raise AccessRefusedError(
            f"the portal refuses to name the members of {tenant_id} ({status}); check SIGNTALLY_MEMBERS_TOKEN"
        )
    if status != httpx.codes.OK:
        raise ServiceUnavailableError(f"the members of {tenant_id} are not known now: the portal answered {status}")
    try:
        members = _Members.model_validate_json(content).members
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ServiceError(
            f"the portal names the members of {tenant_id} in another form than SIGNTALLY_MEMBERS_URL asks for: "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None
    return {each.user_id: each.role for each in members}
