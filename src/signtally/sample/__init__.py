"""Sample traffic: an invented portal whose messages, and whose true counts, are known beforehand."""
