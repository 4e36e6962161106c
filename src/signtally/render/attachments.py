"""A report's files as attachments of an email."""

import dataclasses
from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP

from signtally.render.files import CONTENT_TYPES

_SEVEN_BIT = SMTP.clone(cte_type="7bit")


@dataclasses.dataclass(frozen=True, slots=True)
class AttachedFile:
    """One file with the name that a reader saves it under, which is ASCII."""

    format: str
    filename: str
    body: bytes


class Attachments:
    """Files encoded once, however many emails they go out with."""

    def __init__(self, files: Iterable[AttachedFile] = ()) -> None:
        self._parts = [_part(file) for file in files]

    def add_to(self, message: EmailMessage) -> EmailMessage:
        """Add every file to a complete message, and return that."""
        if self._parts:
            message.make_mixed()
        for part in self._parts:
            message.attach(part)
        return message


def _part(file: AttachedFile) -> EmailMessage:
    content_type, _, charset = CONTENT_TYPES[file.format].partition("; charset=")
    main, _, sub = content_type.partition("/")
    part = EmailMessage(policy=_SEVEN_BIT)
    part.set_content(
        file.body,
        maintype=main,
        subtype=sub,
        cte="base64",
        disposition="attachment",
        filename=file.filename,
        params={"charset": charset} if charset else None,
    )
    return part
