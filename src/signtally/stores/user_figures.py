"""What each report version said of each user, for comparisons with later versions."""

import polars as pl

from signtally.domain.report_changes import USER_FIGURES
from signtally.domain.reports import ReportKey, ReportManifest
from signtally.ports.objects import ObjectStore
from signtally.stores import keys
from signtally.stores.typed_objects import ParquetObject


class UserFigures:
    """One Parquet file a version, beside its manifest, which names it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, key: ReportKey, rows: pl.DataFrame, *, fingerprint: str) -> str:
        """Store rows of schema USER_FIGURES and return their key.

        It is named after the figures: a process at work on the same version does no harm.
        """
        object_key = f"{keys.report_version(key)}users-{fingerprint[:12]}.parquet"
        self._object(object_key).write(rows)
        return object_key

    def of(self, manifest: ReportManifest) -> pl.DataFrame | None:
        """Schema USER_FIGURES; None when they were not kept, or the object is gone or cannot be read."""
        if manifest.user_figures is None:
            return None
        try:
            return self._object(manifest.user_figures).read()
        except pl.exceptions.PolarsError:
            return None

    def _object(self, object_key: str) -> ParquetObject:
        return ParquetObject(self._objects, object_key, USER_FIGURES)
