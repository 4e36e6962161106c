"""The development key: signs the tokens of `signtally token`; trusted by an API that runs against a local AWS."""

import datetime as dt
import os
import secrets
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signtally.errors import SigntallyError
from signtally.settings import Settings

ALGORITHM = "ES256"
_FILE = "development-key.pem"


class DevelopmentKeyError(SigntallyError):
    """The key file cannot be read or made; the text says which file and why."""


def development_token(*, settings: Settings, tenant_id: str, user_id: str, role: str, ttl: dt.timedelta) -> str:
    """A signed JWT for *user_id*, valid for *ttl* from now; a negative *ttl* gives an expired one."""
    key = load_development_key(settings.state_directory)
    now = dt.datetime.now(dt.UTC)
    claims = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": user_id,
        "tenant_id": tenant_id,
        "role": role,
        "iat": min(now, now + ttl),
        "exp": now + ttl,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id(key)})


def load_development_key(directory: Path) -> ec.EllipticCurvePrivateKey:
    """Read the key in *directory*, or make it at first use; when two processes make one, the first wins.

    Raises DevelopmentKeyError when the file cannot be read or made, or holds no such key.
    """
    path = directory / _FILE
    try:
        if not path.exists():
            _create(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise DevelopmentKeyError(
            f"the development key {path} cannot be used ({error}): make the directory writable, or delete the file"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DevelopmentKeyError(f"{path} is not a development key: delete it, and a new one is made")
    return key


def key_id(key: ec.EllipticCurvePrivateKey) -> str:
    """The `kid` of the key: a digest of its public half, so that a new key has a new id."""
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    return f"development-{digest.finalize().hex()[:16]}"


def _create(path: Path) -> None:
    """Write the key to a draft and link it to *path*, which fails when another process was first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{_FILE}.{secrets.token_hex(8)}")
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
