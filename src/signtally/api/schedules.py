"""`/v1/schedules`: the tenant's own recurring reports, for its administrators."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from signtally.api.audit_recording import Audit
from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.conditional import ETAG_HEADER, IfMatch, IfNoneMatch, etag_of, require_absent, require_match
from signtally.api.context import ServicesDep
from signtally.api.cursors import Cursor, cursor_after, position_of
from signtally.api.problems import InvalidPart, ProblemError, ProblemKind, invalid, problem_responses
from signtally.api.schedule_documents import ScheduleDefinition, ScheduleDocument, SchedulePage
from signtally.domain.audit import AuditAction
from signtally.domain.given_names import GivenName, name_key
from signtally.domain.schedule_terms import Schedule, schedule_named
from signtally.domain.tenants import TenantProfile

router = APIRouter(
    prefix="/schedules",
    tags=["schedules"],
    responses=problem_responses(ProblemKind.FORBIDDEN),
    dependencies=[limit_concurrency("others")],
)
NameInPath = Annotated[GivenName, Path(description="The schedule's name, unique in the tenant")]
_LISTING = "schedules"
_DEFAULT_SCHEDULES, _MOST_SCHEDULES = 100, 1000


class SchedulesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=_MOST_SCHEDULES)] = _DEFAULT_SCHEDULES


@router.get("", summary="All schedules", responses=problem_responses(ProblemKind.BAD_CURSOR, ProblemKind.INVALID))
def schedules(query: Annotated[SchedulesQuery, Query()], caller: Administrator, services: ServicesDep) -> SchedulePage:
    tenant = services.stores.tenants.get(caller.tenant_id)
    after = position_of(query.cursor, listing=_LISTING) or ""
    left = sorted((each for each in tenant.schedules if _position(each) > after), key=_position)
    page, now = left[: query.limit], services.clock()
    return SchedulePage(
        rows=[ScheduleDocument.of(each, tenant=tenant, now=now) for each in page],
        next_cursor=cursor_after(_LISTING, _position(page[-1])) if len(left) > len(page) else None,
    )


@router.get(
    "/{name}",
    summary="One schedule",
    responses={200: {"headers": ETAG_HEADER}, **problem_responses(ProblemKind.NOT_FOUND)},
)
def schedule(name: NameInPath, caller: Administrator, services: ServicesDep, response: Response) -> ScheduleDocument:
    tenant = services.stores.tenants.get(caller.tenant_id)
    known = found_schedule(tenant, name)
    response.headers["ETag"] = etag_of(known)
    return ScheduleDocument.of(known, tenant=tenant, now=services.clock())


@router.put(
    "/{name}",
    summary="Create or replace a schedule",
    responses={
        200: {"headers": ETAG_HEADER},
        201: {"model": ScheduleDocument, "description": "It is new", "headers": ETAG_HEADER},
        **problem_responses(
            ProblemKind.CONFLICT,
            ProblemKind.PRECONDITION_FAILED,
            ProblemKind.UNSUPPORTED_MEDIA_TYPE,
            ProblemKind.INVALID,
        ),
    },
)
def put_schedule(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    name: NameInPath,
    definition: ScheduleDefinition,
    response: Response,
    caller: Administrator,
    services: ServicesDep,
    audit: Audit,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> ScheduleDocument:
    """A new schedule starts with its next period. Simultaneous edits of other schedules are kept."""
    if definition.name not in {None, name}:
        detail = f"the body says name {definition.name!r}, the address {name!r}"
        raise invalid(InvalidPart(location="body.name", detail=detail, code="name-mismatch", values={"name": name}))
    now, before = services.clock(), None

    def replaced(profile: TenantProfile) -> TenantProfile:
        nonlocal before
        before = _known(profile, name)
        require_match(if_match, before)
        require_absent(if_none_match, before, errors=(_taken(name),))
        wanted = definition.named(name, before=before, now=now)
        services.schedule_limits.check(wanted, of=profile)
        kept = tuple(wanted if each is before else each for each in profile.schedules)
        changed = _with(profile, kept if before else (*kept, wanted))
        if before is None:
            services.schedule_limits.check_number(changed)
        return changed

    tenant = services.stores.tenants.edit(caller.tenant_id, replaced)
    stored = found_schedule(tenant, name)
    audit.record(
        caller,
        AuditAction.SCHEDULE_CHANGED if before else AuditAction.SCHEDULE_CREATED,
        subject=name,
        **(_told(before, stored) if before else {}),
    )
    response.status_code = 200 if before else 201
    response.headers["ETag"] = etag_of(stored)
    return ScheduleDocument.of(stored, tenant=tenant, now=now, before=before or _without_destinations(stored))


@router.delete(
    "/{name}",
    status_code=204,
    response_class=Response,  # an answer without a body has no type
    summary="Delete a schedule",
    responses=problem_responses(ProblemKind.NOT_FOUND, ProblemKind.CONFLICT, ProblemKind.PRECONDITION_FAILED),
)
def delete_schedule(
    name: NameInPath, caller: Administrator, services: ServicesDep, audit: Audit, if_match: IfMatch = None
) -> None:
    """Reports that it has made are kept."""

    def without(profile: TenantProfile) -> TenantProfile:
        gone = found_schedule(profile, name)
        require_match(if_match, gone)
        return _with(profile, tuple(kept for kept in profile.schedules if kept is not gone))

    services.stores.tenants.edit(caller.tenant_id, without)
    audit.record(caller, AuditAction.SCHEDULE_DELETED, subject=name)


def found_schedule(profile: TenantProfile, name: str) -> Schedule:
    """Raises ProblemError (404) when the tenant has no schedule of exactly this name."""
    known = next((each for each in profile.schedules if each.name == name), None)
    if known is None:
        raise ProblemError(ProblemKind.NOT_FOUND, f"There is no schedule called {name!r}.")
    return known


def _known(profile: TenantProfile, name: str) -> Schedule | None:
    """The schedule that `PUT` replaces. Raises ProblemError (409) when another counts as the same name."""
    known = schedule_named(name, profile.schedules)
    if known is not None and known.name != name:
        raise ProblemError(
            ProblemKind.CONFLICT,
            f"There is a schedule called {known.name!r}, and names that differ in capitals alone, or not to the "
            "eye, are one name. Change that schedule, or choose another name.",
            errors=(_taken(known.name),),
        )
    return known


def _taken(name: str) -> InvalidPart:
    detail = f"there is a schedule called {name!r}"
    return InvalidPart(location="path.name", detail=detail, code="name-taken", values={"name": name})


def _without_destinations(new: Schedule) -> Schedule:
    return new.model_copy(update={"destinations": ()})


def _with(profile: TenantProfile, schedules: tuple[Schedule, ...]) -> TenantProfile:
    return profile.model_copy(update={"schedules": schedules})


def _told(before: Schedule, after: Schedule) -> dict[str, str]:
    """What the audit trail says of an edit: which fields it changed, and who gets the report no more or from now on."""
    changed = [name for name in Schedule.model_fields if getattr(before, name) != getattr(after, name)]
    was, now = ([each.email for each in schedule.recipients] for schedule in (before, after))
    told = {
        "changed": ", ".join(changed),
        "removed": ", ".join(email for email in was if email not in now),
        "added": ", ".join(email for email in now if email not in was),
    }
    return {name: text for name, text in told.items() if text}


def _position(schedule: Schedule) -> str:
    return name_key(schedule.name)
