"""A process that dies in the middle of its work."""


class CrashError(BaseException):
    """The process is gone: no `except Exception` may catch this, and whatever it still tries fails as well."""
