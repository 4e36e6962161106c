"""The list of `GET /v1/documents` as a CSV file: every row, a page of the list at a time, so that memory is bounded."""

import dataclasses
from collections.abc import AsyncIterator
from urllib.parse import quote

import anyio.to_thread
from fastapi.responses import StreamingResponse

from signtally.api.concurrency import ConcurrencyLimit
from signtally.domain.document_pages import DocumentSelection
from signtally.domain.periods import Period
from signtally.domain.tenants import TenantProfile
from signtally.render.csv import document_lines
from signtally.render.files import CONTENT_TYPES, documents_name
from signtally.services import Services
from signtally.use_cases.figures import DocumentPage, read_document_page, stuck_ones

ROWS_AT_ONCE = 5000
_WAIT_SECONDS = 60  # a file half read would have to be begun again


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentExport:
    """What is listed, for whom; the clock of *services* stands still, so that all pages are of one instant."""

    tenant: TenantProfile
    period: Period
    selection: DocumentSelection
    stuck: bool
    services: Services

    def first_page(self) -> DocumentPage:
        """Raises FuturePeriodError or a ServiceError: before anything is answered."""
        return self._page(dataclasses.replace(self.selection, limit=ROWS_AT_ONCE))

    def answer(self, first: DocumentPage, *, limit: ConcurrencyLimit) -> StreamingResponse:
        """The whole file. A service that fails on the way breaks it off, so that nobody takes a part for the whole."""
        name = quote(documents_name(self.tenant, first.period), safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return StreamingResponse(self._lines(first, limit=limit), media_type=CONTENT_TYPES["csv"], headers=headers)

    async def _lines(self, page: DocumentPage, *, limit: ConcurrencyLimit) -> AsyncIterator[bytes]:
        yield await anyio.to_thread.run_sync(self._first_lines, page)
        while page.after is not None:
            selection = dataclasses.replace(self.selection, limit=ROWS_AT_ONCE, after=page.after)
            await limit.acquire(wait_seconds=_WAIT_SECONDS)
            try:
                page = await anyio.to_thread.run_sync(self._page, selection)
            finally:
                limit.release()
            yield await anyio.to_thread.run_sync(self._lines_of, page)

    def _page(self, selection: DocumentSelection) -> DocumentPage:
        page = read_document_page(self.tenant, self.period, services=self.services, selection=selection)
        return stuck_ones(page) if self.stuck else page

    def _first_lines(self, page: DocumentPage) -> bytes:
        return document_lines(page.rows, tenant=self.tenant, is_first=True)

    def _lines_of(self, page: DocumentPage) -> bytes:
        return document_lines(page.rows, tenant=self.tenant, is_first=False)
