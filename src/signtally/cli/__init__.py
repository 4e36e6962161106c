"""The `signtally` command."""
