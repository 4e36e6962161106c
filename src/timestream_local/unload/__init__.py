"""UNLOAD: a query's rows as files in S3."""
