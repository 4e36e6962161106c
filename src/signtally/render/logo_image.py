"""A tenant's logo as a PDF shows it: the small PNG that stores hand out, decoded."""

import base64
import binascii
import hashlib
import io

from PIL import Image
from weasyprint import DEFAULT_OPTIONS
from weasyprint.images import RasterImage
from weasyprint.pdf.stream import Stream

from signtally.render.paper import pixels

_PNG = "data:image/png;base64,"
_MOST_HEIGHT, _MOST_WIDTH = pixels(11), pixels(60)


class LogoImage:
    """*width* and *height* are in CSS pixels: its own size, or as much of it as there is room for."""

    def __init__(self, image: RasterImage) -> None:
        self._image = image
        scale = min(1.0, _MOST_HEIGHT / image.height, _MOST_WIDTH / image.width)
        self.width, self.height = image.width * scale, image.height * scale

    @classmethod
    def read(cls, uri: str) -> "LogoImage | None":
        """None when it is no PNG, or a broken one: then the report goes without."""
        if not uri.startswith(_PNG):
            return None
        try:
            data = base64.b64decode(uri.removeprefix(_PNG), validate=True)
            with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
                opened.load()
                return cls(RasterImage(opened, hashlib.sha256(data).hexdigest()[:32], data, options=DEFAULT_OPTIONS))
        except (binascii.Error, OSError, SyntaxError, ValueError):  # SyntaxError: Pillow's, of a broken PNG
            return None

    def drawn(self, stream: Stream) -> bytes:
        name = stream.add_image(self._image, True, 1)  # noqa: FBT003 -- smooth; WeasyPrint's own order of arguments
        return b"q %.2f 0 0 %.2f 0 %.2f cm /%s Do Q" % (self.width, -self.height, self.height, name.encode())
