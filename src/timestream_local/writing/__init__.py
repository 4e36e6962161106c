"""From a WriteRecords request to rows on disk."""
