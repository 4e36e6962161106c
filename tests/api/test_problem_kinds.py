"""Every kind of problem is explained to whoever meets it."""

import importlib.resources
import re
from pathlib import Path
from typing import Any

import pytest

from signtally.api.problem_advice import ADVICE
from signtally.api.problem_codes import CODES
from signtally.api.problems import ProblemKind


def test_every_kind_has_its_advice_on_the_page_that_its_type_leads_to(anonymous: Any) -> None:
    assert ADVICE.keys() == {*ProblemKind}
    page = anonymous.get("/docs").text
    assert [kind for kind in ProblemKind if f'id="{kind.fragment}"' not in page] == []
    assert [kind for kind, advice in ADVICE.items() if not advice.endswith(".")] == []


def test_every_code_is_explained_and_the_page_knows_those_of_its_forms(anonymous: Any) -> None:
    page = anonymous.get("/docs").text
    assert [code for code in CODES if f'id="code-{code}"' not in page] == []
    package = Path(str(importlib.resources.files("signtally")))
    given = r"""(?:invalid_value\(|_wrong_day\(|code=)\s*"([a-z-]+)\""""
    used = {code for path in package.rglob("*.py") for code in re.findall(given, path.read_text(encoding="utf-8"))}
    assert used - CODES.keys() == set()
    words = importlib.resources.files("templates").joinpath("web/problems.js").read_text(encoding="utf-8")
    said = set(re.findall(r"""^  "?([a-z-]+)"?: (?:[A-Z_]+,|\()""", words.partition("const CODES")[2], re.MULTILINE))
    assert said - CODES.keys() == set()
    of_programs = {
        "read-only",
        "unknown",
        "date",
        "malformed",
        "not-a-choice",
        "name-mismatch",
        "secret",
        "secret-not-taken",
        "destination-unknown",
    }
    assert used - said == of_programs & used


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"every": "day", "recipients": [{"email": "nobody"}]},
            ("body.recipients.0.email", "email", {"address": "nobody"}),
        ),
        ({"every": "day", "at": "7:00"}, ("body.at", "time", {"time": "7:00"})),
        ({"every": "week", "on": 15}, ("body", "sending-day", {"every": "week"})),
        ({"every": "month", "on": 32}, ("body.on", "not-a-choice", {})),
        ({"every": "month", "on": "mondy"}, ("body.on", "not-a-choice", {})),
        ({"every": "day", "formats": []}, ("body.formats", "too-short", {"limit": 1})),
        ({"every": "hour"}, ("body.every", "not-a-choice", {})),
        ({"every": 5}, ("body.every", "not-a-choice", {})),
        ({"every": "day", "digest": "so"}, ("body.digest", "malformed", {})),
        ({"every": "day", "recipient": []}, ("body.recipient", "unknown", {})),
        ({}, ("body.every", "required", {})),
    ],
)
def test_a_part_that_is_not_valid_has_a_code_and_its_values(
    admin: Any, problem: Any, body: dict[str, Any], expected: tuple[str, str, dict[str, Any]]
) -> None:
    found = problem(admin.put("/v1/schedules/weekly", json=body), 422, "invalid-request")["errors"]
    assert expected in [(part["location"], part["code"], part["values"]) for part in found]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([], "body: write a JSON object"),
        ({"period": "2026-10", "formats": "pdf"}, "body.formats: write a JSON array"),
        ({"period": "2026-10", "formats": []}, "body.formats: name one at least"),
        ({"period": "2026-10", "formats": ["pdf"] * 11}, "body.formats: name 10 at most"),
        ({"period": "2026-10", "formats": ["doc"]}, "body.formats.0: write 'pdf', 'xlsx', 'csv', 'zip' or 'json'"),
        ({"period": "2026-10", "filters": []}, "body.filters: write a JSON object"),
    ],
)
def test_what_is_wrong_is_said_without_the_validators_words(admin: Any, problem: Any, body: Any, detail: str) -> None:
    assert problem(admin.post("/v1/reports", json=body), 422, "invalid-request")["detail"] == detail
