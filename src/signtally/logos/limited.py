"""Calls the drawing program in a process of its own, whose time and memory are limited."""

import functools
import json
import subprocess
import sys
import threading

from signtally.logos.errors import LogoError
from signtally.logos.limits import CPU_SECONDS, MEMORY_MEBIBYTES, REFUSED, WALL_SECONDS

_AT_ONCE = threading.BoundedSemaphore(2)
_KEPT = 64  # results, each at most 200 kB
_Refusal = tuple[str, str, dict[str, str | int]]  # as LogoError takes it
_TOO_MUCH: _Refusal = (
    "logo-complex",
    f"drawing it takes more than {CPU_SECONDS} seconds or {MEMORY_MEBIBYTES} MiB: simplify it, or save it as a PNG",
    {},
)


def png_of(picture: bytes, *, is_svg: bool) -> bytes:
    """The picture as a small PNG; what was drawn or refused before is not drawn again. Raises LogoError."""
    outcome = _outcome(picture, is_svg)
    if isinstance(outcome, tuple):
        raise LogoError(*outcome)
    return outcome


@functools.lru_cache(_KEPT)
def _outcome(picture: bytes, is_svg: bool) -> bytes | _Refusal:  # noqa: FBT001 -- lru_cache tells keywords apart
    """The PNG, or why there is none. Raises LogoError where another try may do better."""
    command = [sys.executable, "-I", "-m", "signtally.logos.drawing", *(["--svg"] if is_svg else [])]
    with _AT_ONCE:
        try:
            # No variable of ours goes with it: the process needs none, and some are secrets.
            done = subprocess.run(
                command, input=picture, capture_output=True, timeout=WALL_SECONDS, check=False, env={}
            )
        except subprocess.TimeoutExpired:
            raise LogoError("logo-busy", f"it was not drawn within {WALL_SECONDS} seconds; try again") from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == 0:
        return done.stdout
    if done.returncode == REFUSED:
        code, detail, values = json.loads(said.rpartition("\n")[2])
        return code, detail, values
    if done.returncode < 0 or said.endswith("MemoryError"):  # stopped by a limit
        return _TOO_MUCH
    raise LogoError("logo-not-drawn", f"it could not be drawn: {said.rpartition(chr(10))[2]}")
