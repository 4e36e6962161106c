"""The `signtally` command: what a script, an operator at night or a laptop needs, without Prefect."""

from signtally.cli.main import main

__all__ = ["main"]
