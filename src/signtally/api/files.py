"""`/v1/reports/{id}/files/{format}`: the permanent address of a file, used in emails."""

import json
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import Field

from signtally.api.audit_recording import Audit
from signtally.api.auth import Caller, Credentials, authenticated
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.documents import ReportFileLink
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.api.report_documents import order_again
from signtally.api.reports import ReportId, VersionQuery, only_visible
from signtally.domain.audit import AuditAction
from signtally.domain.reports import ReportFormat, ReportKey, ReportManifest
from signtally.errors import SigntallyError
from signtally.ports.objects import ObjectMissingError
from signtally.stores.report_states import ReportState
from signtally.use_cases.reporting import file_link, only_user


class PageInsteadError(SigntallyError):
    """A browser without a token asked for a file; it is redirected to the page, which has a token and downloads it."""


class FileQuery(VersionQuery):
    """Which file, and how the answer leads to it."""

    redirect: Annotated[bool, Field(description="Whether the answer redirects to the file, or says where it is")] = True


async def _signed_in(request: Request, credentials: Credentials) -> Caller:
    """Raises PageInsteadError for a browser without a token, as when a link in an email is opened."""
    if credentials is None and "text/html" in request.headers.get("accept", ""):
        raise PageInsteadError
    return await authenticated(request, credentials)


async def _still_a_member(request: Request, caller: Annotated[Caller, Depends(_signed_in)]) -> None:
    """A token may be older than what it says: a link in an email is for who is a member, or an administrator, now."""
    await request.app.state.tenant_access.require_member(caller)


router = APIRouter(
    prefix="/reports",
    tags=["reports"],
    dependencies=[limit_concurrency("others", after=_signed_in), Depends(_still_a_member)],
)


@router.get(
    "/{report_id}/files/{format}",
    status_code=307,
    summary="Download a file",
    response_class=RedirectResponse,
    response_model=None,
    responses={
        200: {"model": ReportFileLink, "description": "The signed URL itself, with `redirect=false`"},
        303: {"description": "A browser without a token is led to the Usage Reports page, which downloads the file"},
        307: {"description": "To a fresh signed URL"},
        **problem_responses(ProblemKind.NOT_FOUND, ProblemKind.NOT_READY, ProblemKind.GONE),
    },
)
def file(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    report_id: ReportId,
    format: ReportFormat,  # noqa: A002 -- the word in the address
    query: Annotated[FileQuery, Query()],
    http: Request,
    caller: Annotated[Caller, Depends(_signed_in)],
    services: ServicesDep,
    audit: Audit,
) -> RedirectResponse | JSONResponse:
    """Leads to the newest version that is ready, or the one asked for. Follow it without the token.

    A script cannot see where a redirect leads: `redirect=false` answers the signed URL instead.
    """
    archive, now = services.stores.reports, services.clock()
    if query.version is None:
        state = archive.latest(caller.tenant_id, report_id, now=now)
        manifest = state.manifest or archive.latest_manifest(caller.tenant_id, report_id)
    else:
        state = archive.state(ReportKey(caller.tenant_id, report_id, query.version), now=now)
        manifest = state.manifest
    manifest = _ready(manifest, only_visible(state, caller, version=query.version))
    if format not in {stored.format for stored in manifest.files}:
        made = " and ".join(stored.format for stored in manifest.files)
        raise ProblemError(
            ProblemKind.NOT_FOUND, f"Report {report_id} was made as {made}, not as {format}. Order that format too."
        )
    try:
        about = only_user(manifest, services=services)
        url, expires_at = file_link(manifest, format, services=services, about=about)
    except ObjectMissingError:
        raise _gone(manifest, format, http) from None
    if not getattr(http.state, "is_head", False):
        version = str(manifest.key.version)
        audit.record(caller, AuditAction.REPORT_DOWNLOADED, subject=report_id, format=format, version=version)
    if query.redirect:
        return RedirectResponse(url, status_code=307)
    stored = next(each for each in manifest.files if each.format == format)
    link = ReportFileLink(format=format, url=url, expires_at=expires_at, bytes=stored.size_bytes, sha256=stored.sha256)
    return JSONResponse(link.model_dump(mode="json"))


def _gone(manifest: ReportManifest, format_: str, http: Request) -> ProblemError:
    again = order_again(manifest.request, http)
    return ProblemError(
        ProblemKind.GONE,
        f"The {format_} file of version {manifest.key.version} is no longer stored. Order the report again: POST "
        f"{json.dumps(again['body'])} to {again['href']} makes its next version.",
        members={"order": again},
    )


def page_instead(request: Request) -> RedirectResponse:
    """Redirect to the page on this host; the URL fragment, which is never sent to a server, names the file."""
    wanted = {**request.path_params, "version": request.query_params.get("version")}
    names = {"report": wanted["report_id"], "format": wanted["format"], "version": wanted["version"]}
    fragment = urlencode({name: value for name, value in names.items() if value})
    return RedirectResponse(f"{request.scope.get('root_path', '')}/#{fragment}", status_code=303)


def _ready(manifest: ReportManifest | None, state: ReportState) -> ReportManifest:
    if manifest is not None:
        return manifest
    if state.failure is not None:
        raise ProblemError(ProblemKind.NOT_READY, f"The report could not be made: {state.failure.detail}")
    raise ProblemError(
        ProblemKind.NOT_READY, "The report is still being made. Try again in a moment.", headers={"Retry-After": "1"}
    )
