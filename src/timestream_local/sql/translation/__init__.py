"""A resolved tree to DuckDB SQL."""
