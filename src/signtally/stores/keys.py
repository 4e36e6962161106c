"""Where things lie in the bucket."""

import hashlib
import re
from urllib.parse import quote, unquote

from signtally.domain.deliveries import DeliveryKey
from signtally.domain.reports import ReportKey

STATE = "state/"
TENANTS = "tenants/"
AUDIT = "audit/"
IDEMPOTENCY = "idempotency/"
REPORT_INDEX = "report-index/"
REPORT_DAYS = "report-days/"
UNLOADS = "unloads/"  # files of bulk reads on their way; nothing in it is worth keeping for a day
DELIVERIES = "deliveries/"
SUPPRESSIONS = "suppressions/"
ERASURES = "erasures/"  # who was erased: not to be lost, or their names are shown again
SENT_MAILS = "sent-mails/"  # which delivery was it, for 90 days
_SEGMENT_LIMIT_BYTES = 200  # with room for endings such as `.json`
_CUT_ESCAPE = re.compile(r"%[0-9A-F]?$")


def segment(text: str) -> str:
    """One path segment for any id: letters, digits and `-_.~` stay, the rest is percent-encoded; never `.` or `..`.

    What would be too long for a key of S3 (1,024 bytes) or a file name (255 bytes) keeps its beginning and ends in a
    digest of the whole, behind a `!`, which encoding leaves nowhere else: still another segment for every other id.
    """
    quoted = quote(text, safe="")
    if set(quoted) == {"."}:
        return quoted.replace(".", "%2E")
    if len(quoted) <= _SEGMENT_LIMIT_BYTES:
        return quoted
    digest = hashlib.sha256(text.encode()).hexdigest()
    beginning = _CUT_ESCAPE.sub("", quoted[: _SEGMENT_LIMIT_BYTES - len(digest) - 1])
    return f"{beginning}!{digest}"


def name_segment(name: str) -> str:
    """One path segment for a name that a customer gave (`domain.given_names`): its letters outside ASCII stay.

    So it is at most 192 bytes long, and `text_of` reads every one.
    """
    if name.isascii():
        return segment(name)
    return "".join(quote(character, safe="") if character.isascii() else character for character in name)


def text_of(path_segment: str) -> str:
    """The id behind a `segment` that was not too long for it."""
    return unquote(path_segment)


def schedule_deliveries(tenant_id: str, schedule: str) -> str:
    return f"{DELIVERIES}{segment(tenant_id)}/{name_segment(schedule)}/"


def occurrence_deliveries(key: DeliveryKey) -> str:
    return f"{schedule_deliveries(key.tenant_id, key.schedule)}{segment(key.period)}/"


def tenant_profile(tenant_id: str) -> str:
    return f"{TENANTS}{segment(tenant_id)}.json"


def tenant_reports(tenant_id: str) -> str:
    return f"reports/{segment(tenant_id)}/"


def report_versions(tenant_id: str, report_id: str) -> str:
    return f"{tenant_reports(tenant_id)}{segment(report_id)}/"


def report_version(key: ReportKey) -> str:
    return f"{report_versions(key.tenant_id, key.report_id)}v{key.version}/"
