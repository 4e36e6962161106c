"""Figures read from a replica: only while it has everything that the primary had when the read began.

So it makes no difference to anybody where a figure was read: what was stored before is in it, data-through is as true
as ever, and whoever reads twice never sees less the second time.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from signtally.ports.errors import ServiceError
from signtally.postgresql.connections import PostgresqlConnections
from signtally.postgresql.usage_store import PostgresqlUsageStore

# What the API and reports ask for. Everything else, such as what is counted and proven from, stays with the primary.
FIGURES = frozenset(
    {
        *("day_totals", "day_totals_by_tenant", "user_usage", "user_counts", "event_counts"),
        *("first_usage_day", "first_usage_days", "restatements"),
        *("documents", "documents_by_tenant", "documents_sent", "document_page", "document_count"),
        *("cohorts", "cohorts_by_tenant", "sender_cohorts", "sender_cohorts_by_tenant"),
        *("activity", "activity_by_tenant"),
    }
)
_LONGEST_WAIT_SECONDS = 0.3  # for a replica that is a little behind, as each is while others write
_POLL_SECONDS = 0.005
_STAND_BACK_SECONDS = 10.0
_WRITTEN = "SELECT pg_current_wal_flush_lsn()::text, system_identifier::text FROM pg_control_system()"
_REPLAYED = """SELECT pg_is_in_recovery() AND system_identifier::text = %s, pg_last_wal_replay_lsn() >= %s::pg_lsn
    FROM pg_control_system()"""

_log = logging.getLogger(__name__)


class ReplicaBehindError(ServiceError):
    """The replica does not have yet, or never will have, what the primary has."""


class Replica:
    """A streaming replica, and how far behind its primary it is."""

    def __init__(self, primary: PostgresqlConnections, replica: PostgresqlConnections) -> None:
        self._primary = primary
        self._replica = replica
        self._pause = threading.Event()  # which nobody sets

    def wait_for_all(self) -> None:
        """Return once the replica has all that the primary says now is written. Raises ServiceError.

        What others can see in the primary is written there: transactions are confirmed when they are on its disk.
        """
        ((written, system),) = self._primary.rows("the primary", _WRITTEN)
        until = time.monotonic() + _LONGEST_WAIT_SECONDS
        while True:
            ((is_replica, has_all),) = self._replica.rows("the replica", _REPLAYED, [system, written])
            if not is_replica:
                raise ReplicaBehindError("SIGNTALLY_USAGE_STORE_REPLICA is no replica of SIGNTALLY_USAGE_STORE")
            if has_all:
                return
            if time.monotonic() >= until:
                raise ReplicaBehindError(f"the replica is more than {_LONGEST_WAIT_SECONDS:g} s behind")
            self._pause.wait(_POLL_SECONDS)


class ReplicaReads:
    """A `UsageStore`: figures come from *replica* while it has them all, everything else from *primary*."""

    def __init__(
        self,
        primary: PostgresqlUsageStore,
        replica: PostgresqlUsageStore,
        progress: Replica,
        *,
        stand_back_seconds: float = _STAND_BACK_SECONDS,
    ) -> None:
        """*stand_back_seconds* is how long a replica that was away or behind is not asked again."""
        self._primary = primary
        self._replica = replica
        self._progress = progress
        self._stand_back_seconds = stand_back_seconds
        self._asked_again_at = 0.0

    def __getattr__(self, name: str) -> object:
        of_primary = getattr(self._primary, name)
        return functools.partial(self._read, name, of_primary) if name in FIGURES else of_primary

    def close(self) -> None:
        """Close the connections that nobody uses, to both."""
        self._primary.close()
        self._replica.close()

    def _read(self, name: str, of_primary: Callable[..., Any], *values: object, **named: object) -> object:
        if time.monotonic() >= self._asked_again_at:
            try:
                self._progress.wait_for_all()
                return getattr(self._replica, name)(*values, **named)
            except ServiceError as error:
                self._asked_again_at = time.monotonic() + self._stand_back_seconds
                _log.warning("figures come from the primary for %g s: %s", self._stand_back_seconds, error)
        return of_primary(*values, **named)
