"""Known vulnerabilities of all that is locked, as PyPI knows them. Where it cannot be asked, that is what it says.

usage: .ci/advisories.py   exit code 1 when there is one, or when not everything could be looked up
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_LOCKED = ("production", "development", "build")


def verdict(dependencies: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each fault of what pip-audit answered."""
    unknown = [f"{each['name']}" for each in dependencies if "skip_reason" in each]
    if len(unknown) == len(dependencies):
        yield "nothing was looked up: PyPI's advisories cannot be read from here; run `make audit` where they can"
        return
    if unknown:
        yield f"not looked up, for PyPI does not know them: {', '.join(unknown)}"
    for each in dependencies:
        for found in each.get("vulns", ()):
            better = ", ".join(found["fix_versions"]) or "none yet"
            yield f"{each['name']} {each['version']}: {found['id']}, mended in: {better}"


def _answer() -> list[dict[str, Any]]:
    """Raises SystemExit with pip-audit's own words when it has none."""
    files = [f"--requirement={_ROOT / 'requirements' / name}.txt" for name in _LOCKED]
    options = ["--format=json", "--progress-spinner=off", "--disable-pip", "--require-hashes"]
    program = Path(sys.executable).with_name("pip-audit")
    ran = subprocess.run([program, *options, *files], check=False, capture_output=True, text=True, cwd=_ROOT)
    if not ran.stdout.strip():
        raise SystemExit(f"nothing was looked up, pip-audit ended with {ran.returncode}:\n{ran.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    return found


if __name__ == "__main__":
    faults = [*verdict(_answer())]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    sys.exit(bool(faults))
