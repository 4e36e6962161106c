"""`make soak-stack`: `signtally up` lives under everything at once for MINUTES, and is proved.

    .venv/bin/python -m tests.soak.soak_stack [MINUTES]      (20 unless given; FAULT_SEED chooses another chance)

Prints what it did and what each program held; the exit code is 1 when anything is not right.
"""

import os
import sys
import tempfile
from pathlib import Path

from signtally.settings import Settings
from tests.soak.running_up import running_up
from tests.soak.soak import programs_of, soaking
from tests.support.leftovers import end_with_this_process


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    end_with_this_process()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        with running_up(folder, settings={}, log=Path("soak-stack.log")) as (process_id, stack):
            os.environ.update(stack.shell_environment)
            settings = Settings(state_directory=folder / ".signtally")
            programs, seed = programs_of(process_id, stack), int(os.environ.get("FAULT_SEED", "1"))
            with soaking(stack, settings, programs, minutes=minutes, seed=seed) as soak:
                sys.stdout.write(f"{soak.run(minutes)}\n")


if __name__ == "__main__":
    main()
