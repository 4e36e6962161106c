"""What is kept: the DuckDB file, the catalog in memory, how long and from when records are readable."""
