"""A local Amazon Timestream for LiveAnalytics: its write and query protocol over one DuckDB file.

Start it with ``python -m timestream_local`` and point any AWS SDK at it. See README.md for what works.
"""
