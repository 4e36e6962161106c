"""Texts for operators, without what they must not have: whoever wrote it into an error."""

import re

from signtally.domain.mail_addresses import without_addresses

_SECRETS = re.compile(
    r"\b(?:eyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JWT
    r"|(?P<name>X-Amz-(?:Signature|Credential|Security-Token)=|token=|password=|secret=|Bearer\s+)[^\s&\"'<>]+)",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """*text* without tokens, signatures, passwords and addresses: for logs, runs, events and notifications."""
    return _SECRETS.sub(lambda found: f"{found['name'] or ''}‹secret›", without_addresses(text))
