"""What a command imports: nobody pays for what the command does not use."""

import subprocess
import sys

import pytest

HEAVY = {"fastapi", "httpx", "weasyprint", "openpyxl", "prefect", "polars", "boto3"}


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("main", set()),
        ("token", set()),
        ("reports", {"polars", "boto3"}),
        ("report_diff", {"polars", "boto3"}),
        ("tenants", {"polars", "boto3"}),
    ],
)
def test_a_command_imports_no_more_than_it_needs(module: str, needed: set[str]) -> None:
    program = f"import sys, signtally.cli.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert HEAVY.intersection(loaded.stdout.split()) == needed
