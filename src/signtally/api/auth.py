"""Authentication: checks the bearer JWT of a request and reads the caller from its claims."""

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from signtally.api.problems import ProblemError, ProblemKind
from signtally.api.signing_keys import ALGORITHMS, KeysUnavailableError, SigningKeys, UnknownKeyError
from signtally.domain.ids import ID_LIMIT_CHARACTERS
from signtally.log_fields import add_log_fields
from signtally.settings import Settings

_RETRY_AFTER_SECONDS = 5
_LEEWAY_SECONDS = 30  # that the issuer's clock and ours may differ
_TIMES = ("exp", "nbf")
_REASONS: dict[type[Exception], str] = {
    jwt.InvalidAlgorithmError: f"it must be signed with {' or '.join(ALGORITHMS)}",
    jwt.InvalidIssuerError: "it comes from another issuer (claim `iss`)",
    jwt.InvalidAudienceError: "it is meant for another audience (claim `aud`)",
    jwt.ImmatureSignatureError: "it is not valid yet (claim `nbf`)",
    jwt.InvalidSignatureError: "its signature is wrong",
    UnknownKeyError: "it is not signed with a trusted key",
}
_MALFORMED = "it is not a well-formed signed JWT"
_bearer = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    auto_error=False,
    description="RS256 or ES256, with the claims `iss`, `aud`, `exp`, `sub`, `tenant_id` and `role` "
    "(`tenant_admin`, or `member`, who sees only their own activity).",
)


class Role(enum.StrEnum):
    TENANT_ADMIN = "tenant_admin"
    MEMBER = "member"


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated user; they may only ever see data of their own tenant."""

    tenant_id: str
    user_id: str
    role: Role

    @property
    def visible_user_ids(self) -> tuple[str, ...] | None:
        """The users whose activity the caller may see; None means all users of the tenant."""
        return None if self.role is Role.TENANT_ADMIN else (self.user_id,)


class Authenticator:
    """Turns a token into a Caller; raises a ProblemError that says what is wrong with the token."""

    def __init__(self, keys: SigningKeys, *, settings: Settings) -> None:
        self._keys = keys
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience

    async def caller(self, token: str) -> Caller:
        claims = await self._claims(token)
        tenant_id, user_id = _id_in(claims, "tenant_id"), _id_in(claims, "sub")
        try:
            role = Role(claims["role"])
        except (KeyError, ValueError):
            raise ProblemError(
                ProblemKind.FORBIDDEN,
                "The token's claim `role` is neither tenant_admin nor member. Ask the administrator of your portal.",
                headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
            ) from None
        return Caller(tenant_id, user_id, role)

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims = await self._verified(token)
        except jwt.ExpiredSignatureError:
            raise _refusal("it has expired; sign in again", kind=ProblemKind.EXPIRED_TOKEN) from None
        except (jwt.PyJWTError, UnknownKeyError, ValueError, OverflowError, RecursionError) as error:
            raise _refusal(_reason(error)) from None
        except KeysUnavailableError:
            raise ProblemError(
                ProblemKind.KEYS_UNAVAILABLE,
                "The identity provider's signing keys cannot be read at the moment. Try again in a few seconds.",
                headers={"Retry-After": str(_RETRY_AFTER_SECONDS)},
            ) from None

        for name in _TIMES:
            if isinstance(claims.get(name, 0), bool) or not isinstance(claims.get(name, 0), int | float):
                raise _refusal(f"its claim {name} must be a number of seconds")
        return claims

    async def _verified(self, token: str) -> dict[str, Any]:
        """The claims, by a key that is known, or by one that has come under the same id since the keys were read."""
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        keys = await self._keys.find(kid, algorithm=algorithm)
        try:
            return self._decoded_by(token, keys)
        except jwt.InvalidSignatureError:
            others = await self._keys.find_others(keys, kid, algorithm=algorithm)
            if not others:
                raise
        return self._decoded_by(token, others)

    def _decoded_by(self, token: str, keys: Sequence[jwt.PyJWK]) -> dict[str, Any]:
        """The claims, by the first of several keys of one id that fits the signature."""
        *others, last = keys
        for key in others:
            try:
                return self._decoded(token, key)
            except jwt.InvalidSignatureError:
                continue
        return self._decoded(token, last)

    def _decoded(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=self._issuer,
            audience=self._audience,
            leeway=_LEEWAY_SECONDS,
            # An iat ahead of our clock says nothing about trust; exp and nbf are checked.
            options={"require": ["iss", "aud", "exp", "sub"], "verify_iat": False},
        )


Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def authenticated(request: Request, credentials: Credentials) -> Caller:
    """The caller. A coroutine: neither a flood of bad tokens nor a key server that hangs takes a thread from others."""
    if credentials is None:
        raise ProblemError(
            ProblemKind.MISSING_TOKEN,
            "Send a token in the header `Authorization: Bearer …`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    authenticator: Authenticator = request.app.state.authenticator
    caller = await authenticator.caller(credentials.credentials)
    add_log_fields(tenant=caller.tenant_id)
    request.app.state.rates.count_call(caller.tenant_id)
    return caller


async def require_admin(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
    if caller.role is not Role.TENANT_ADMIN:
        raise ProblemError(ProblemKind.FORBIDDEN, "This is for the role tenant_admin only.")
    return caller


CurrentUser = Annotated[Caller, Depends(authenticated)]
Administrator = Annotated[Caller, Depends(require_admin)]


def _id_in(claims: Mapping[str, object], name: str) -> str:
    claim = claims.get(name)
    if isinstance(claim, str) and 1 <= len(claim) <= ID_LIMIT_CHARACTERS and _is_unicode(claim):
        return claim
    raise _refusal(f"its claim {name} must be a text of 1 to {ID_LIMIT_CHARACTERS} characters")


def _is_unicode(text: str) -> bool:
    """False for half of a surrogate pair, which JSON can name and nothing can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reason(error: Exception) -> str:
    """What is wrong with a token, without repeating any part of the token."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks the claim {error.claim}"
    return next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), _MALFORMED)


def _refusal(reason: str, *, kind: ProblemKind = ProblemKind.BAD_TOKEN) -> ProblemError:
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    return ProblemError(kind, f"The token is not accepted: {reason}.", headers={"WWW-Authenticate": challenge})
