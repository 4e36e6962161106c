"""Timestream SQL to DuckDB SQL: parsing, names, types, translation, macros."""
