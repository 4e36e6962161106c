"""What the API and the audit trail say in stable words, the page has words for, which are translated."""

import importlib.resources
import re

from signtally.api.problem_codes import CODES
from signtally.api.profile_documents import ProfileChange
from signtally.domain.report_failures import SENTENCES, FailureCode, FailureReason
from signtally.domain.schedule_terms import Schedule

_VALUES: dict[str, str | int] = {"format": "PDF", "limit": 60}


def keys_of(name: str, constant: str) -> set[str]:
    """The keys of an object that a script of the page defines, one a line."""
    script = importlib.resources.files("templates").joinpath("web", name).read_text()
    body = re.search(rf"^const {constant} = .*?{{\n(.*?)^}}", script, re.DOTALL | re.MULTILINE)
    assert body
    return set(re.findall(r'^  "?([\w.-]+)"?[:(]', body[1], re.MULTILINE))


def test_every_reason_of_a_failed_report() -> None:
    assert keys_of("files.js", "FAILURES") == set(FailureCode) == set(SENTENCES)
    assert all("{" not in str(FailureReason(code, _VALUES)) for code in FailureCode)


def test_every_reason_of_a_refused_logo() -> None:
    refused = {code for code in CODES if code.startswith("logo-")}
    assert refused - keys_of("problems.js", "CODES") == set()


def test_every_field_that_an_entry_of_the_audit_trail_may_name() -> None:
    labels = keys_of("activity.js", "partLabels")
    assert set(Schedule.model_fields) <= labels
    assert set(ProfileChange.model_fields) - {"branding"} <= labels
