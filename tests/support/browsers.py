"""Chromium, as tests and benchmarks start it."""

import shutil

from playwright.sync_api import Browser, Playwright

# As in .ci/setup. The first one has no windows of its own, and needs a third of the processor time of the others.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch_chromium(playwright: Playwright) -> Browser:
    """The best Chromium of this machine, headless. Raises StopIteration when there is none."""
    return playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, _NAMES))), args=_FLAGS)
