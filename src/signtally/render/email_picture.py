"""A picture within an email: nothing is loaded from elsewhere, and nobody sees that it was opened."""

import base64
import dataclasses
from email.message import EmailMessage

_CID = "cid:"
PNG_URI = "data:image/png;base64,"


@dataclasses.dataclass(frozen=True, slots=True)
class EmailPicture:
    """A PNG; *source* is how the HTML part names it, *width* and *height* are those at which it is shown, in pixels."""

    png: bytes
    width: int
    height: int
    source: str  # `cid:…`

    def add_to(self, message: EmailMessage) -> None:
        """Put the picture beside the HTML part of a message that has both parts, and beside the pictures there."""
        page = message.get_body(("related", "html"))
        if isinstance(page, EmailMessage):
            page.add_related(self.png, "image", "png", cid=f"<{self.source.removeprefix(_CID)}>", disposition="inline")


def standing_alone(message: EmailMessage) -> str:
    """The HTML part as a page that has its pictures in itself: where an email is previewed."""
    page = message.get_body(("html",))
    if page is None:
        return ""
    text = str(page.get_content())
    for part in message.walk():
        if part.get_content_type() == "image/png" and (name := str(part["Content-ID"] or "").strip("<> ")):
            picture = base64.b64encode(part.get_content()).decode()
            text = text.replace(f"{_CID}{name}", f"{PNG_URI}{picture}")
    return text
