"""What retention has ended goes: whole months of events, and the daily usage of the days before."""

import dataclasses
import datetime as dt

from signtally.postgresql.connections import PostgresqlConnections, Writing
from signtally.postgresql.schema import DAILY_USAGE, EVENTS, PostgresqlSchema, next_month

# The last event of a tenant's day may be a day and a half after the date began in UTC.
_LONGEST_DAY = dt.timedelta(days=2)
_PARTITIONS = """
    SELECT relname, coalesce(inhdetachpending, true), inhparent IS NOT NULL FROM pg_class
    LEFT JOIN pg_inherits ON inhrelid = pg_class.oid
    WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND relname ~ '^(events|daily_usage)_[0-9]{6}$'
    ORDER BY relname
"""


@dataclasses.dataclass(frozen=True, slots=True)
class _Partition:
    """*is_leaving*: somebody who detached it was broken off, before (*has_parent*) or after that was done."""

    name: str
    is_leaving: bool
    has_parent: bool

    @property
    def parent(self) -> str:
        return EVENTS if self.name.startswith(EVENTS) else DAILY_USAGE

    @property
    def ends(self) -> dt.date:
        """The day after its last one."""
        first = dt.datetime.strptime(self.name[-6:], "%Y%m").date()  # noqa: DTZ007 -- a date has no zone
        return next_month(first) if self.parent == EVENTS else first.replace(year=first.year + 1)


class Retention:
    """Drops what nobody may see any more; only the owner of the tables may."""

    def __init__(self, connections: PostgresqlConnections, schema: PostgresqlSchema) -> None:
        self._connections = connections
        self._schema = schema

    def drop(self, *, before: dt.datetime, dry_run: bool) -> list[str]:
        """Months of events that ended by then, years of daily usage before them: the names of the tables that go.

        Nobody waits for it: it waits itself, for everybody who still reads. Broken off, it goes on when called again.
        """
        first_kept = before.astimezone(dt.UTC).date().replace(day=1)

        def run(connection: Writing) -> list[str]:
            expired = self._expired(connection, first_kept)
            if expired and not dry_run:
                self._delete_days(connection, first_kept)
                self._drop(connection, expired)
            return [each.name for each in expired]

        dropped = self._connections.write(self._schema.what, run)
        if dropped and not dry_run:
            self._schema.recount_documents()
        return dropped

    def _expired(self, connection: Writing, first_kept: dt.date) -> list[_Partition]:
        """Of daily usage first: no day loses its events before its figures."""
        rows = connection.execute(_PARTITIONS, [self._schema.quoted_name]).fetchall()
        ends = {EVENTS: first_kept, DAILY_USAGE: _first_day_kept(first_kept)}
        found = [_Partition(*row) for row in rows]
        return sorted((each for each in found if each.ends <= ends[each.parent]), key=lambda each: each.parent)

    def _delete_days(self, connection: Writing, first_kept: dt.date) -> None:
        """Rows of the year of which other days are kept, and corrections."""
        with connection.transaction():
            connection.execute("SET LOCAL statement_timeout = 0")
            for table, column in (
                ("daily_usage", "day"),
                ("restatements", "day"),
                ("superseded_events", "occurred_at"),
            ):
                old = f"DELETE FROM {self._schema.table(table)} WHERE {column} < %s"  # noqa: S608 -- names of ours
                connection.execute(old.encode(), [_first_day_kept(first_kept)])

    def _drop(self, connection: Writing, partitions: list[_Partition]) -> None:
        """Detached first, which takes no lock for which readers or writers would wait, as dropping alone does."""
        connection.execute("SET statement_timeout = 0")
        try:
            for each in partitions:
                part, parent = (self._schema.table(name) for name in (each.name, each.parent))
                if each.has_parent:
                    how = "FINALIZE" if each.is_leaving else "CONCURRENTLY"
                    connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {part} {how}".encode())
                connection.execute(f"DROP TABLE {part}".encode())
        finally:
            connection.execute("RESET statement_timeout")


def _first_day_kept(first_kept: dt.date) -> dt.date:
    """Of daily usage, when events are kept from *first_kept* on."""
    return first_kept - _LONGEST_DAY + dt.timedelta(days=1)
