"""A statement compiled, run on a snapshot, and read in pages."""
