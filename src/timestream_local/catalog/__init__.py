"""What exists (databases, tables, columns), and its names as DuckDB has them."""
