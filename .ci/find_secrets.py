"""Secrets in tracked files: keys, tokens, passwords in addresses. Says where each is and of which kind, never which.

detect-secrets' own scan reads line by line, which takes half a minute here; its patterns are looked for in whole files.
usage: .ci/find_secrets.py [FILE…]   all tracked ones unless some are named; exit code 1 when there is one
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.ip_public import IPPublicDetector

_ROOT = Path(__file__).resolve().parents[1]
# Nobody's: what documents write for a password, and tests.
_EXAMPLES = {"PASSWORD", "password", "pass", "…", "secret", "s%40cret", "geheim", "hunter2"}
_SIGNED_BY_NOBODY = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJaZWJlZGVlIn0."  # a test's token


def secrets(files: Iterable[str]) -> Iterator[str]:
    kinds = get_mapping_from_secret_type_to_class().values()
    detectors = [kind() for kind in kinds if issubclass(kind, RegexBasedDetector) and kind is not IPPublicDetector]
    for name in files:
        try:
            text = (_ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # a picture; deleted and not yet committed
            continue
        for detector in detectors:
            for found in {*detector.analyze_string(text)}:
                if not _is_example(found):
                    line = text.count("\n", 0, text.index(found)) + 1
                    yield f"{name}:{line}: {detector.secret_type}"


def _is_example(found: str) -> bool:
    is_filled_in = found.startswith("{")  # by an f-string
    return found in _EXAMPLES or is_filled_in or found.startswith(_SIGNED_BY_NOBODY)


def _tracked() -> list[str]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    return listed.split("\0")[:-1]


if __name__ == "__main__":
    places = [*secrets(sys.argv[1:] or _tracked())]
    sys.stdout.writelines(f"{each}\n" for each in places)
    sys.exit(bool(places))
