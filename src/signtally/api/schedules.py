"""`/v1/schedules`: the tenant's own recurring reports, for its administrators."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from signtally.api.audit_recording import Audit
from signtally.api.auth import Administrator
from signtally.api.concurrency import limit_concurrency
from signtally.api.context import ServicesDep
from signtally.api.documents import SchedulePage
from signtally.api.problems import ProblemError, ProblemKind, problem_responses
from signtally.domain.audit import AuditAction
from signtally.domain.tenants import Schedule, ScheduleName, ScheduleTerms, TenantProfile

router = APIRouter(
    prefix="/schedules",
    tags=["schedules"],
    responses=problem_responses(ProblemKind.FORBIDDEN),
    dependencies=[limit_concurrency("others")],
)
NameInPath = Annotated[ScheduleName, Path(description="The schedule's name, unique in the tenant")]


class ScheduleDefinition(ScheduleTerms):
    """A schedule as `GET` returns it; `name` may be left out, because it is in the address."""

    name: ScheduleName | None = Field(default=None)


@router.get("", summary="All schedules")
def schedules(caller: Administrator, services: ServicesDep) -> SchedulePage:
    profile = services.stores.tenants.get(caller.tenant_id)
    return SchedulePage(rows=list(profile.schedules), next_cursor=None)


@router.get("/{name}", summary="One schedule", responses=problem_responses(ProblemKind.NOT_FOUND))
def schedule(name: NameInPath, caller: Administrator, services: ServicesDep) -> Schedule:
    return _found(services.stores.tenants.get(caller.tenant_id), name)


@router.put(
    "/{name}",
    summary="Create or replace a schedule",
    responses={
        201: {"model": Schedule, "description": "It is new"},
        **problem_responses(ProblemKind.CONFLICT, ProblemKind.UNSUPPORTED_MEDIA_TYPE, ProblemKind.INVALID),
    },
)
def put_schedule(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    name: NameInPath,
    definition: ScheduleDefinition,
    response: Response,
    caller: Administrator,
    services: ServicesDep,
    audit: Audit,
) -> Schedule:
    """Simultaneous edits of other schedules are kept."""
    if definition.name not in {None, name}:
        raise ProblemError(ProblemKind.INVALID, f"The body says name {definition.name!r}, the address {name!r}.")
    wanted = Schedule.model_validate({**definition.model_dump(exclude_unset=True), "name": name})
    existed = False

    def replaced(profile: TenantProfile) -> TenantProfile:
        nonlocal existed
        existed = any(known.name == name for known in profile.schedules)
        kept = tuple(wanted if known.name == name else known for known in profile.schedules)
        return _with(profile, kept if existed else (*kept, wanted))

    services.stores.tenants.edit(caller.tenant_id, replaced)
    action = AuditAction.SCHEDULE_CHANGED if existed else AuditAction.SCHEDULE_CREATED
    audit.record(caller, action, subject=name)
    response.status_code = 200 if existed else 201
    return wanted


@router.delete(
    "/{name}",
    status_code=204,
    response_class=Response,  # an answer without a body has no type
    summary="Delete a schedule",
    responses=problem_responses(ProblemKind.NOT_FOUND, ProblemKind.CONFLICT),
)
def delete_schedule(name: NameInPath, caller: Administrator, services: ServicesDep, audit: Audit) -> None:
    """Reports that it has made are kept."""

    def without(profile: TenantProfile) -> TenantProfile:
        gone = _found(profile, name)
        return _with(profile, tuple(kept for kept in profile.schedules if kept != gone))

    services.stores.tenants.edit(caller.tenant_id, without)
    audit.record(caller, AuditAction.SCHEDULE_DELETED, subject=name)


def _found(profile: TenantProfile, name: str) -> Schedule:
    for known in profile.schedules:
        if known.name == name:
            return known
    raise ProblemError(ProblemKind.NOT_FOUND, f"There is no schedule called {name!r}.")


def _with(profile: TenantProfile, schedules: tuple[Schedule, ...]) -> TenantProfile:
    return profile.model_copy(update={"schedules": schedules})
