"""Passwords for databases of Amazon RDS and Aurora that admit by IAM: tokens, valid for a quarter of an hour."""

import functools
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import boto3

from signtally.aws.errors import map_errors
from signtally.ports.errors import StoreAddressError

_PORT = 5432


def rds_password(address: str) -> Callable[[], str]:
    """What makes a token for each connection to postgresql://USER@HOST:PORT/…; it is signed here, nobody is asked.

    Raises StoreAddressError when the address names no user or no single host.
    """
    parts = urlsplit(address)
    if not parts.username or not parts.hostname or "," in parts.netloc:
        raise StoreAddressError(
            "must name one user and host, for whom SIGNTALLY_POSTGRESQL_AUTH=iam makes a password: write "
            "postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full"
        )
    return functools.partial(_token, unquote(parts.username), parts.hostname, parts.port or _PORT)


def _token(user: str, host: str, port: int) -> str:
    with map_errors("RDS", f"user {user} on {host}"):
        client = boto3.client("rds")
        token: str = client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    return token
