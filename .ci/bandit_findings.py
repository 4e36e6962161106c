"""Bandit's findings that nobody has given a reason for. Ruff knows the same rules by the same numbers: B608 is S608.

A reason stands where the code does, as `# noqa: S608 -- names of ours`, and holds for both: for bandit in the whole
function, since it also looks at the parts of which a text is made.
usage: .ci/bandit_findings.py   exit code 1 when there is one
"""

import ast
import re
import sys
from pathlib import Path

from bandit.core.config import BanditConfig
from bandit.core.issue import Issue
from bandit.core.manager import BanditManager

_ROOT = Path(__file__).resolve().parents[1]
_WHERE = ("src", "flows", "tasks", ".ci")
_SKIPPED = {
    *("B403", "B404", "B405"),  # importing pickle, subprocess, ElementTree is no fault; each use is looked at
    "B603",  # as ruff's S603, in pyproject.toml
    *("B105", "B106", "B107"),  # ruff's S105 to S107 do not take every text beside the word "token" for one
}


def findings() -> list[Issue]:
    manager = BanditManager(BanditConfig(), "file")
    manager.discover_files([str(_ROOT / each) for each in _WHERE], recursive=True)
    manager.run_tests()
    found: list[Issue] = manager.get_issue_list()
    return [each for each in found if each.test_id not in _SKIPPED and not _has_reason(each)]


def _has_reason(issue: Issue) -> bool:
    """Whether its function (outside of any, its statement) or the whole file has a `noqa` of the same number."""
    text = Path(issue.fname).read_text(encoding="utf-8")
    rule = f"S{issue.test_id[1:]}"
    if re.search(rf"^# ruff: noqa: .*\b{rule}\b", text, re.MULTILINE):
        return True
    tree = ast.parse(text)
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    around = [_lines(each) for each in [*functions, *tree.body] if issue.lineno in _lines(each)]
    innermost = min(around, key=len)
    return any(re.search(rf"# noqa: .*\b{rule}\b", text.splitlines()[number - 1]) for number in innermost)


def _lines(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


if __name__ == "__main__":
    unexplained = findings()
    for each in unexplained:
        sys.stdout.write(f"{Path(each.fname).relative_to(_ROOT)}:{each.lineno}: {each.test_id} {each.text}\n")
    sys.exit(bool(unexplained))
