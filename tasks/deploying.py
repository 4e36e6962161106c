"""`python -m tasks.deploying FILE…`: `prefect deploy --all` for each file, then limits and automations.

Any number of times. It is one program because each one imports Prefect, which takes seconds. What Prefect prints goes
to stderr.
"""

import contextlib
import sys
from pathlib import Path

from prefect.cli import app as prefect_program

from tasks import automations


def main() -> None:
    for prefect_file in map(Path, sys.argv[1:]):
        with contextlib.chdir(prefect_file.parent), contextlib.redirect_stdout(sys.stderr):
            _deploy_all(prefect_file)
    automations.main()


def _deploy_all(prefect_file: Path) -> None:
    """Raises SystemExit with Prefect's code when the server does not take it all."""
    sys.argv = ["prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(prefect_file)]
    try:
        prefect_program()
    except SystemExit as ended:
        if ended.code:
            raise


if __name__ == "__main__":
    main()
