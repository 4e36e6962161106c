"""`/v1/profile`: a tenant's name, calendar and look; its administrators change them."""

from fastapi import APIRouter, Response

from signtally.api.audit_recording import Audit
from signtally.api.auth import Administrator, CurrentUser
from signtally.api.concurrency import limit_concurrency
from signtally.api.conditional import ETAG_HEADER, IfMatch, etag_of, require_match
from signtally.api.context import ServicesDep
from signtally.api.problems import ProblemKind, problem_responses
from signtally.api.profile_documents import ChangedProfile, ProfileChange, ProfileDocument, Recount
from signtally.domain.audit import AuditAction
from signtally.domain.tenants import TenantProfile

router = APIRouter(tags=["account"], dependencies=[limit_concurrency("others")])


@router.get("/profile", summary="The tenant's profile", responses={200: {"headers": ETAG_HEADER}})
def profile(caller: CurrentUser, services: ServicesDep, response: Response) -> ProfileDocument:
    """As it applies to reports, emails and the page. A tenant without one has the defaults."""
    known, invalid = services.stores.tenants.with_problems(caller.tenant_id)
    response.headers["ETag"] = etag_of(ProfileDocument.of(known))
    return ProfileDocument.of(known, invalid=invalid)


@router.patch(
    "/profile",
    summary="Change the tenant's profile",
    responses={
        200: {"headers": ETAG_HEADER},
        **problem_responses(
            ProblemKind.FORBIDDEN,
            ProblemKind.CONFLICT,
            ProblemKind.PRECONDITION_FAILED,
            ProblemKind.UNSUPPORTED_MEDIA_TYPE,
            ProblemKind.INVALID,
        ),
    },
)
def change_profile(  # noqa: PLR0913, PLR0917 -- FastAPI hands each of them over
    change: ProfileChange,
    caller: Administrator,
    services: ServicesDep,
    response: Response,
    audit: Audit,
    if_match: IfMatch = None,
) -> ChangedProfile:
    """A merge patch (RFC 7396): what is left out stays, null brings back the default.

    A logo is a `data:` URI of a PNG, JPEG or SVG; it is drawn and kept as a small PNG. A new `timezone` has every day
    counted again: `recount` says what that means. Simultaneous edits of other fields are kept.
    """
    before = TenantProfile(tenant_id=caller.tenant_id)

    def changed(stored: TenantProfile) -> TenantProfile:
        nonlocal before
        before = stored
        require_match(if_match, ProfileDocument.of(stored))
        return change.applied_to(stored)

    after = services.stores.tenants.edit(caller.tenant_id, changed, named=change.named)
    if told := _told(before, after, change):
        audit.record(caller, AuditAction.PROFILE_CHANGED, subject=caller.tenant_id, **told)
    _, invalid = services.stores.tenants.with_problems(caller.tenant_id)
    response.headers["ETag"] = etag_of(ProfileDocument.of(after))
    document = ProfileDocument.of(after, invalid=invalid)
    return ChangedProfile(**dict(document), recount=Recount.between(before, after))


def _told(before: TenantProfile, after: TenantProfile, change: ProfileChange) -> dict[str, str]:
    """What the audit trail says of each field: `UTC → Europe/Berlin`; of a logo only that it changed."""
    told = {}
    for name in sorted(change.named):
        if name == "branding.logo":
            told[name] = "changed"
            continue
        old, new = (_value(profile, name) for profile in (before, after))
        if old != new:
            told[name] = f"{old} → {new}"
    return told


def _value(profile: TenantProfile, name: str) -> object:
    """Of a field, such as `branding.accent`; a dash where nothing is set."""
    value: object = profile
    for part in name.split("."):
        value = getattr(value, part)
    return "—" if value is None else value
