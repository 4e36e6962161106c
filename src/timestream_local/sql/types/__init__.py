"""The types of expressions and of intervals."""
