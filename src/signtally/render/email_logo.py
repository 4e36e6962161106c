"""A tenant's logo in an email."""

import base64
import binascii
import struct

from signtally.domain.tenants import TenantProfile
from signtally.render.email_picture import PNG_URI, EmailPicture

LOGO_SOURCE = "cid:logo@usage-reports"  # as the HTML part names it
_SIGNATURE, _SIZE_AT = b"\x89PNG\r\n\x1a\n", slice(16, 24)
_MOST_WIDTH, _MOST_HEIGHT = 220, 44  # CSS pixels


def logo_of(tenant: TenantProfile) -> EmailPicture | None:
    """None without a logo that is a PNG, as stores keep it."""
    uri = tenant.branding.logo or ""
    if not uri.startswith(PNG_URI):
        return None
    try:
        png = base64.b64decode(uri.removeprefix(PNG_URI), validate=True)
        width, height = struct.unpack(">II", png[_SIZE_AT])
    except (binascii.Error, struct.error):
        return None
    if not png.startswith(_SIGNATURE) or not width or not height:
        return None
    scale = min(1.0, _MOST_WIDTH / width, _MOST_HEIGHT / height)
    return EmailPicture(png, max(1, round(width * scale)), max(1, round(height * scale)), LOGO_SOURCE)
