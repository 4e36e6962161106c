"""The operations of both services, one function each."""
