"""The caller of an operation: its region, and the address under which it reached this server."""

import re
from dataclasses import dataclass

_SCOPE = re.compile(r"Credential=[^/,]+/[0-9]{8}/([a-z0-9-]+)/")
DEFAULT_REGION = "us-east-1"
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Context:
    """The caller's region, as its signature names it, and the address under which it reached this server."""

    region: str
    address: str

    @classmethod
    def of(cls, *, authorization: str, host: str, scheme: str) -> "Context":
        scope = _SCOPE.search(authorization)
        # An address without a scheme would be taken for https by boto3's endpoint discovery.
        return cls(scope[1] if scope else DEFAULT_REGION, f"{scheme}://{host}")

    def arn(self, path: str) -> str:
        return f"arn:aws:timestream:{self.region}:{ACCOUNT}:{path}"
