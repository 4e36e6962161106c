"""`python -m signtally`."""

from signtally.cli import main

main()
