"""`make audit` passes only when everything that is locked was looked up."""

import runpy
from pathlib import Path

VERDICT = runpy.run_path(str(Path(__file__).parents[2] / ".ci/advisories.py"))["verdict"]
CLEAN = {"name": "idna", "version": "3.7", "vulns": []}
UNKNOWN = {"name": "boto3", "skip_reason": "Dependency not found on PyPI and could not be audited: boto3 (1.43)"}
OPEN = {"name": "idna", "version": "3.6", "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}]}


def test_what_was_not_looked_up_is_no_pass() -> None:
    assert [*VERDICT([CLEAN])] == []
    assert [*VERDICT([OPEN, CLEAN])] == ["idna 3.6: PYSEC-2024-60, mended in: 3.7"]
    assert [*VERDICT([CLEAN, UNKNOWN])] == ["not looked up, for PyPI does not know them: boto3"]
    (said,) = VERDICT([UNKNOWN, UNKNOWN])
    assert said.startswith("nothing was looked up")
