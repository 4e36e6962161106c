"""A tenant's logo in an email: a picture within the message, so that nothing is loaded and no open is seen."""

import base64
import binascii
import dataclasses
import struct
from email.message import EmailMessage

from signtally.domain.tenants import TenantProfile

LOGO_SOURCE = "cid:logo@usage-reports"  # as the HTML part names it
_PNG = "data:image/png;base64,"
_SIGNATURE, _SIZE_AT = b"\x89PNG\r\n\x1a\n", slice(16, 24)
_MOST_WIDTH, _MOST_HEIGHT = 220, 44  # CSS pixels


@dataclasses.dataclass(frozen=True, slots=True)
class EmailLogo:
    """A PNG; *width* and *height* are those at which it is shown, in CSS pixels."""

    png: bytes
    width: int
    height: int

    @property
    def source(self) -> str:
        return LOGO_SOURCE

    def add_to(self, message: EmailMessage) -> None:
        """Put the picture beside the HTML part of a message that has both parts."""
        page = message.get_body(("html",))
        if isinstance(page, EmailMessage):
            page.add_related(
                self.png, "image", "png", cid=f"<{LOGO_SOURCE.removeprefix('cid:')}>", disposition="inline"
            )


def logo_of(tenant: TenantProfile) -> EmailLogo | None:
    """None without a logo that is a PNG, as stores keep it."""
    uri = tenant.branding.logo or ""
    if not uri.startswith(_PNG):
        return None
    try:
        png = base64.b64decode(uri.removeprefix(_PNG), validate=True)
        width, height = struct.unpack(">II", png[_SIZE_AT])
    except (binascii.Error, struct.error):
        return None
    if not png.startswith(_SIGNATURE) or not width or not height:
        return None
    scale = min(1.0, _MOST_WIDTH / width, _MOST_HEIGHT / height)
    return EmailLogo(png, max(1, round(width * scale)), max(1, round(height * scale)))


def standing_alone(message: EmailMessage) -> str:
    """The HTML part as a page that has its logo in itself: where an email is previewed."""
    page = message.get_body(("html",))
    if page is None:
        return ""
    text = str(page.get_content())
    for part in message.walk():
        if part.get_content_type() == "image/png" and (name := str(part["Content-ID"] or "").strip("<> ")):
            picture = base64.b64encode(part.get_content()).decode()
            text = text.replace(f"cid:{name}", f"{_PNG}{picture}")
    return text
