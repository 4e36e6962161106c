"""Where things lie in the bucket."""

from urllib.parse import quote, unquote

from signtally.domain.reports import ReportKey

STATE = "state/"
TENANTS = "tenants/"
REPORT_INDEX = "report-index/"


def segment(text: str) -> str:
    """One path segment for any id: letters, digits and `-_.~` stay, the rest is percent-encoded; never `.` or `..`."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if set(quoted) == {"."} else quoted


def text_of(path_segment: str) -> str:
    """The id behind `segment`."""
    return unquote(path_segment)


def tenant_profile(tenant_id: str) -> str:
    return f"{TENANTS}{segment(tenant_id)}.json"


def tenant_reports(tenant_id: str) -> str:
    return f"reports/{segment(tenant_id)}/"


def report_versions(tenant_id: str, report_id: str) -> str:
    return f"{tenant_reports(tenant_id)}{segment(report_id)}/"


def report_version(key: ReportKey) -> str:
    return f"{report_versions(key.tenant_id, key.report_id)}v{key.version}/"
