"""Past actions where they lie: CSV and Parquet files, a PostgreSQL database."""
