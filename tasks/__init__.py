"""Prefect tasks: retries, timeouts and what the operator sees; one call into `signtally` each."""
