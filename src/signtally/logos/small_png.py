"""The form in which a logo is kept: a small PNG, of which something can be seen on paper."""

import io
import struct

from PIL import Image

from signtally.logos.limits import BOX_PIXELS, MOST_BYTES_KEPT

_SIZE = struct.Struct(">II")
_WHITE = 250  # and above, of 255: to the eye


def is_small_png(picture: bytes) -> bool:
    """Whether it is such as the drawing program makes: whole, visible, and so small that to decode it is safe."""
    if len(picture) > MOST_BYTES_KEPT or not _fits(picture):
        return False
    try:
        image = Image.open(io.BytesIO(picture), formats=("PNG",))
        return image.mode == "RGBA" and shows_on_white(image)
    except (OSError, SyntaxError, ValueError):
        return False


def _fits(picture: bytes) -> bool:
    """Whether its header, which comes first in every PNG, promises no more pixels than the box has."""
    header = picture[16:24]
    if len(header) < _SIZE.size:
        return False
    width, height = _SIZE.unpack(header)
    return bool(width <= BOX_PIXELS[0] and height <= BOX_PIXELS[1])


def shows_on_white(image: Image.Image) -> bool:
    paper = Image.new("RGBA", image.size, "white")
    shades = Image.alpha_composite(paper, image).convert("L").histogram()
    return any(shades[:_WHITE])
