"""`/v1/reports/{id}/events`: how a report goes on, as server-sent events, until it is ready or failed."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from signtally.api.auth import Caller, CurrentUser
from signtally.api.concurrency import Bulkheads, limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.documents import Report
from signtally.api.examples import EVENTS
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.api.report_documents import Answers, ReportAnswers
from signtally.api.reports import ReportId, UrlsQuery, only_visible
from signtally.domain.reports import ReportStatus
from signtally.ports.errors import ServiceError
from signtally.services import Services
from signtally.stores.report_states import ReportState

router = APIRouter(prefix="/reports", tags=["reports"])
_ENDED = {ReportStatus.READY, ReportStatus.FAILED}
_LONGEST_SECONDS = 600  # then the stream ends, and whoever still waits asks again
_COMMENT_SECONDS = 10  # a proxy ends connections on which nothing is said
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 3.0
_PAUSE_SECONDS_AN_ORDER = 0.1  # whoever is far behind need not be told at once


def _visible_state(report_id: ReportId, caller: CurrentUser, services: ServicesDep) -> ReportState:
    return only_visible(_newest(report_id, caller=caller, services=services), caller)


def _newest(report_id: str, *, caller: Caller, services: Services) -> ReportState:
    return services.stores.reports.latest(caller.tenant_id, report_id, now=services.clock())


@router.get(
    "/{report_id}/events",
    summary="How a report goes on, live",
    response_class=EventSourceResponse,
    dependencies=[limit_concurrency("others")],
    responses={
        200: {"description": "An event `report` at once and at every change", "content": {"text/event-stream": EVENTS}},
        **problem_responses(ProblemKind.NOT_FOUND),
    },
)
async def events(
    state: Annotated[ReportState, Depends(_visible_state)], query: Annotated[UrlsQuery, Query()], answers: Answers
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events of the newest version, until it is ready or failed.

    The data of an event is what `GET /v1/reports/{id}` answers. The bearer token goes into the header, so read the
    stream by `fetch`; comments keep it open. After ten minutes it ends in any case: then ask again. Where the stream
    does not come through, poll `GET /v1/reports/{id}`.
    """
    if getattr(answers.http.state, "is_head", False):
        return
    follower = _Follower(state, answers=answers, urls=query.urls)
    until = said_at = time.monotonic()
    until += _LONGEST_SECONDS
    while (now := time.monotonic()) < until:
        if (changed := await follower.change()) is not None:
            said_at = now
            yield ServerSentEvent(event="report", data=changed)
        elif now - said_at > _COMMENT_SECONDS:
            said_at = now
            yield ServerSentEvent(comment="still here")
        if follower.has_ended:
            return
        await asyncio.sleep(follower.pause_seconds)


class _Follower:
    """Looks at one version again and again, with a slot of the API only while it looks."""

    def __init__(self, state: ReportState, *, answers: ReportAnswers, urls: bool) -> None:
        self._key = state.claim.key
        self._answers = answers
        self._urls = urls
        self._shown: Report | None = None

    @property
    def has_ended(self) -> bool:
        return self._shown is not None and self._shown.status in _ENDED

    @property
    def pause_seconds(self) -> float:
        ahead = (self._shown.orders_ahead if self._shown else None) or 0
        return min(_LONGEST_PAUSE_SECONDS, max(_SHORTEST_PAUSE_SECONDS, ahead * _PAUSE_SECONDS_AN_ORDER))

    async def change(self) -> Report | None:
        """The report if it is not what was shown last; None also while a service does not answer."""
        bulkheads: Bulkheads = self._answers.http.app.state.bulkheads
        try:
            await bulkheads.others.acquire()
        except ProblemError:  # busy: the next look will do
            return None
        try:
            found = await run_in_threadpool(self._read)
        except ServiceError:
            return None
        finally:
            bulkheads.others.release()
        if found == self._shown:
            return None
        self._shown = found
        return found

    def _read(self) -> Report:
        services = self._answers.services
        state = services.stores.reports.state(self._key, now=services.clock())
        return self._answers.document(state, urls=self._urls)
