"""The wire: errors, the checks of a request, types and values as JSON."""
