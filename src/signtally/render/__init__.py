"""From a report snapshot to the bytes of a file or an email."""
