"""The HTTP API and the Usage Reports page."""
