"""Whether what ingest says it wrote is among what was read, and what was counted from it can be read in turn."""

import polars as pl

from signtally.use_cases.aggregating.written_rows import WrittenRows

_KEY = ["tenant_id", "hour", "event_id"]


class NotedEvents:
    """Rows of schema TOUCHED, and which of them were seen; called from several threads."""

    def __init__(self, rows: pl.DataFrame, *, written: WrittenRows) -> None:
        self.written = written
        self._rows = rows
        self._found: list[pl.DataFrame] = []

    def see(self, events: pl.LazyFrame) -> None:
        """Events of schema EVENTS were read, and are about to be counted."""
        if self._rows.is_empty():
            return
        keys = events.select("tenant_id", "event_id", hour=pl.col("occurred_at").dt.truncate("1h"))
        seen = keys.join(self._rows.lazy(), on=_KEY, how="semi").unique().collect(engine="streaming")
        self._found.append(self._rows.join(seen, on=_KEY, how="semi"))

    def missing(self) -> pl.DataFrame:
        """What nobody has seen: it is stored, and cannot be read yet."""
        found = pl.concat(self._found) if self._found else self._rows.clear()
        return self._rows.join(found, on=_KEY, how="anti")

    def unconfirmed(self) -> pl.DataFrame:
        """Rows near days with daily usage that some run wrote and nobody can read yet. Raise a ServiceError."""
        shifts = [pl.col("day") + pl.duration(days=shift) for shift in (-1, 0, 1)]  # its hours, in whatever zone
        near = self.written.unread().select("tenant_id", day=pl.concat_list(shifts)).explode("day").unique()
        return (
            self._rows.with_columns(day=pl.col("hour").dt.date())
            .join(near, on=["tenant_id", "day"], how="semi")
            .drop("day")
        )
