"""Tenants' logos: decoded in a limited process, bounded, and kept as small PNGs that every reader can show."""
