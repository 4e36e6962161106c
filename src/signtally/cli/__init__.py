"""The `signtally` command: runs the use cases without Prefect, for scripts and operators."""

from signtally.cli.main import main

__all__ = ["main"]
