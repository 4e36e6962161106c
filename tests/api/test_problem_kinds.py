"""Every kind of problem is explained to whoever meets it."""

from typing import Any

from signtally.api.problem_advice import ADVICE
from signtally.api.problems import ProblemKind


def test_every_kind_has_its_advice_on_the_page_that_its_type_leads_to(anonymous: Any) -> None:
    assert ADVICE.keys() == {*ProblemKind}
    page = anonymous.get("/docs").text
    assert [kind for kind in ProblemKind if f'id="{kind.fragment}"' not in page] == []
    assert [kind for kind, advice in ADVICE.items() if not advice.endswith(".")] == []
