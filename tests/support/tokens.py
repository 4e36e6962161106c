"""Tokens as an identity provider signs them, and such as prove nothing."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER, AUDIENCE = "https://id.acme.example", "usage-reports"


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says, with *changes*; a change to None leaves the claim out."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
        "sub": "u_1",
        "tenant_id": "acme",
        "role": "tenant_admin",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(key: Any = RSA_KEY, *, algorithm: str = "RS256", kid: str | None = "rsa-1", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid} if kid else None)


def jwk(key: Any, kid: str, **members: str) -> dict[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, **members}


def unsigned() -> str:
    """With the algorithm `none`."""
    return jwt.encode(claims(), "", algorithm="none")


def signed_with_the_public_key() -> str:
    """The classic confusion: the public key, which anyone has, taken for an HMAC secret."""
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "rsa-1"}, claims(exp=4_000_000_000)]
    body = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return f"{body.decode()}.{_hmac(pem, body)}"


def _hmac(secret: bytes, body: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.new(secret, body, hashlib.sha256).digest()).rstrip(b"=").decode()
