"""Whether the rows that a run wrote can be read: the store may show them later, those of old days hours later."""

import datetime as dt

import polars as pl

from signtally.domain.actions import MEASURES
from signtally.ports.usage_store import DailyUsageStore

_KEPT = ["tenant_id", "user_id", "day", *MEASURES]
_DAY = ["tenant_id", "day"]
_FEW = 1_000  # rows that a query reads back; of more, a bulk read


class WrittenRows:
    """Called from several threads."""

    def __init__(self) -> None:
        self._rows: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Rows of schema DAILY_USAGE were written."""
        if len(rows):
            self._rows.append(rows.select(_KEPT))

    def unread(self, store: DailyUsageStore) -> pl.DataFrame:
        """The tenants and days of which a row cannot be read yet as it was written. Raise a ServiceError."""
        if not self._rows:
            return pl.DataFrame(schema={"tenant_id": pl.String, "day": pl.Date})
        written = pl.concat(self._rows).unique(["tenant_id", "user_id", "day"], keep="last", maintain_order=True)
        first, last = written["day"].min(), written["day"].max()
        assert isinstance(first, dt.date)  # noqa: S101 -- the schema says so; mypy cannot see it
        assert isinstance(last, dt.date)  # noqa: S101 -- as above
        tenant_ids = written["tenant_id"].unique().to_list()
        if len(written) <= _FEW:
            stored = store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
            return _differing(written, stored.lazy())
        with store.scan_daily_usage(first=first, last=last, tenant_ids=tenant_ids) as rows:
            return _differing(written, rows)


def _differing(written: pl.DataFrame, stored: pl.LazyFrame) -> pl.DataFrame:
    unread = written.lazy().join(stored.select(_KEPT), on=_KEPT, how="anti")
    return unread.select(_DAY).unique().collect(engine="streaming")
