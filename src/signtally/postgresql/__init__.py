"""PostgreSQL as the usage store: psycopg writes, ADBC reads straight into Polars' frames."""
