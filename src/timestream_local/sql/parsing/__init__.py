"""A query string to a statement and its tree."""
