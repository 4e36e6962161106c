"""PostgreSQL's errors, by SQLSTATE, mapped in one place to those of the ports; whichever driver met them."""

import contextlib
import re
from collections.abc import Iterator

import adbc_driver_manager
import polars as pl
import psycopg

from signtally.ports.errors import AccessRefusedError, NotProvisionedError, ServiceError, ServiceUnavailableError

# Classes and codes of SQLSTATE. Connections, transactions that others undid, resources (disk, memory, connections),
# the operator (shut down, cancelled, too slow), the system (I/O); locks not had in time; a standby that was not
# promoted yet.
_TRANSIENT = ("08", "40", "53", "57", "58", "55P03", "25006")
_LOST = ("08", "57P01", "57P02", "57P03", "25006")
_REFUSED = ("28", "42501")
_MISSING = ("3D000", "3F000", "42P01", "42703", "42883")
_BAD_DATA = ("22", "23", "54000")  # of a value; constraints; sizes
# A connection that was not made has no SQLSTATE: only its text says that it never will be.
_NEVER_ADMITTED = ("authentication failed", "no password supplied", "pg_hba.conf", "permission denied", "role ")
_NOT_ENCRYPTED = (
    "does not support SSL",
    "certificate verify failed",
    "root certificate file",
    "server certificate for",
)
# What libpq, or the server, cannot read in the address.
_NOT_UNDERSTOOD = re.compile(
    r"invalid \S+ value: |invalid (?:integer value|value for parameter|port number)\b|bad value for "
    r"|unrecognized configuration parameter|could not parse network address|definition of service "
)
_DATABASE_MISSING = ("database ", "does not exist")

# What goes wrong in the middle of a result reaches Polars, which reads it.
DRIVER_ERRORS = (psycopg.Error, adbc_driver_manager.Error, pl.exceptions.ComputeError)


class BadDataError(ServiceError):
    """PostgreSQL refused a value for good; *reason* is its own text."""


@contextlib.contextmanager
def map_errors(what: str) -> Iterator[None]:
    """Turn the drivers' errors into a ServiceError that names *what* (`schema signtally`)."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise service_error(error, what=what) from error


def service_error(error: Exception, *, what: str) -> ServiceError:
    """The error of the ports that says what this one means."""
    state, text = _sqlstate(error), " ".join(str(error).split())
    if state is None:
        return _error_without_state(error, text, what=what)
    if state.startswith(_REFUSED):
        return AccessRefusedError(f"PostgreSQL refused access to {what} ({text}); check user, password and grants")
    if state.startswith(_TRANSIENT):
        return ServiceUnavailableError(f"PostgreSQL could not serve {what} now ({text}); try again")
    if state.startswith(_MISSING):
        return NotProvisionedError(f"PostgreSQL: {what} is not there or older; run `signtally provision` ({text})")
    if state.startswith(_BAD_DATA):
        return BadDataError(f"PostgreSQL: {what}: {text}")
    return ServiceError(f"PostgreSQL: {what}: {state}: {text}")


def _error_without_state(error: Exception, text: str, *, what: str) -> ServiceError:
    if isinstance(error, psycopg.DataError):  # refused on this side, before it was sent
        return BadDataError(f"PostgreSQL: {what}: {text}")
    if any(mark in text for mark in _NOT_ENCRYPTED):
        return AccessRefusedError(f"PostgreSQL: no connection to {what} is as safe as sslmode demands ({text})")
    if _NOT_UNDERSTOOD.search(text):
        return ServiceError(f"PostgreSQL: the address of {what} has a value that cannot be ({text}); correct it there")
    if all(part in text for part in _DATABASE_MISSING):
        return NotProvisionedError(f"PostgreSQL: the database of {what} does not exist; create it ({text})")
    if any(mark in text for mark in _NEVER_ADMITTED):
        return AccessRefusedError(f"PostgreSQL does not admit us to {what} ({text}); check user and password")
    return ServiceUnavailableError(f"PostgreSQL could not serve {what} now ({text}); try again")


def is_lost(error: Exception) -> bool:
    """Whether the connection is gone, so that the same call may succeed at once over another."""
    state = _sqlstate(error)
    if state is not None:
        return state.startswith(_LOST)
    means = _error_without_state(error, str(error), what="")
    return isinstance(means, ServiceUnavailableError) and "timeout" not in str(error)


def is_without_partition(error: Exception) -> bool:
    """Whether a row found no partition to lie in."""
    return isinstance(error, psycopg.errors.CheckViolation) and "no partition of relation" in str(error)


def _sqlstate(error: Exception) -> str | None:
    """None when the server never said anything, or said it in the middle of a result."""
    if isinstance(error, psycopg.Error | adbc_driver_manager.Error):
        return (error.sqlstate or "").strip("\0") or None
    return None
