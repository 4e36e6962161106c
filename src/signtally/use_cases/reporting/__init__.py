"""Reports in versions: found or claimed, made, linked to, compared, deleted."""

from signtally.use_cases.reporting.deletion import ReportInWorkError
from signtally.use_cases.reporting.finding import find_or_claim, in_progress, up_to_date
from signtally.use_cases.reporting.groups import ReportGroup, group_versions, report_group, report_groups
from signtally.use_cases.reporting.linking import file_link, only_user
from signtally.use_cases.reporting.making import fail_report, make_report, report_now, report_with_figures
from signtally.use_cases.reporting.version_diff import OtherGroupError, VersionDiff, VersionNotReadyError, diff_versions

__all__ = [
    "OtherGroupError",
    "ReportGroup",
    "ReportInWorkError",
    "VersionDiff",
    "VersionNotReadyError",
    "diff_versions",
    "fail_report",
    "file_link",
    "find_or_claim",
    "group_versions",
    "in_progress",
    "make_report",
    "only_user",
    "report_group",
    "report_groups",
    "report_now",
    "report_with_figures",
    "up_to_date",
]
