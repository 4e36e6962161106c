"""Daily usage made again from events, for any span of days, whatever was stored and whatever state was lost."""

from signtally.use_cases.rebuilding.preview import DayChange, Preview, preview
from signtally.use_cases.rebuilding.run import RebuildOutcome, RebuildProgress, rebuild

__all__ = ["DayChange", "Preview", "RebuildOutcome", "RebuildProgress", "preview", "rebuild"]
