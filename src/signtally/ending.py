"""What a process does last: once, when it is told to finish or when the interpreter ends.

Programs that end by the very signal that they got never come to what `atexit` has for them: these call `finish`.
"""

import atexit
import contextlib
from collections.abc import Callable

_last = contextlib.ExitStack()


def at_end(call: Callable[[], object]) -> None:
    """Have it called before what was registered earlier."""
    _last.callback(call)


def finish() -> None:
    """Do now what was to be done last."""
    _last.close()


atexit.register(finish)
