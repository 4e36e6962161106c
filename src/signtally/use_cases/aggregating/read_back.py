"""The read-back: whether the events of touched batches were read, and whether the rows counted from them can be."""

import polars as pl

from signtally.use_cases.aggregating.written_rows import WrittenRows

_KEY = ["tenant_id", "hour", "event_id"]


class ReadBackCheck:
    """Compares the events of touched batches (*touched*, schema TOUCHED) with what a run reads. Thread-safe.

    *written* are the rows of daily usage that runs wrote and nobody has read yet.
    """

    def __init__(self, touched: pl.DataFrame, *, written: WrittenRows) -> None:
        self.written = written
        self._touched = touched
        self._visible: list[pl.DataFrame] = []

    @property
    def needs_ids(self) -> bool:
        """Whether `observe` looks at the ids of events."""
        return not self._touched.is_empty()

    def observe(self, events: pl.LazyFrame) -> None:
        """Take in events of schema EVENTS that were read and are about to be counted."""
        if not self.needs_ids:
            return
        keys = events.select("tenant_id", "event_id", hour=pl.col("occurred_at").dt.truncate("1h"))
        seen = keys.join(self._touched.lazy(), on=_KEY, how="semi").unique().collect(engine="streaming")
        self._visible.append(self._touched.join(seen, on=_KEY, how="semi"))

    def not_visible(self) -> pl.DataFrame:
        """The touched events that no read has shown, schema TOUCHED: they are stored, and cannot be read yet."""
        visible = pl.concat(self._visible) if self._visible else self._touched.clear()
        return self._touched.join(visible, on=_KEY, how="anti")

    def unconfirmed(self) -> pl.DataFrame:
        """Touched events near tenant-days with rows of daily usage that cannot be read yet, schema TOUCHED.

        Reads those rows. Raises ServiceError.
        """
        shifts = [pl.col("day") + pl.duration(days=shift) for shift in (-1, 0, 1)]  # its hours, in whatever zone
        near = self.written.unread_days().select("tenant_id", day=pl.concat_list(shifts)).explode("day").unique()
        return (
            self._touched.with_columns(day=pl.col("hour").dt.date())
            .join(near, on=["tenant_id", "day"], how="semi")
            .drop("day")
        )
