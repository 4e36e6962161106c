"""A Prefect worker whose flow runs start at once."""
