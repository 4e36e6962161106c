"""A whole Signtally on one machine: child processes, their ports, their logs, their end."""
