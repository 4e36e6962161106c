"""The program that turns one PNG, JPEG or SVG into a small PNG, and limits its own time and memory.

Reads the picture from stdin and writes the PNG to stdout. Ends with REFUSED, and code, reason and values as JSON on the
last line of stderr, for what cannot be shown. It opens no file but fonts, and no connection.
"""

import io
import json
import resource
import sys
from xml.etree.ElementTree import Element, ParseError, fromstring

import resvg_py
from PIL import Image, ImageOps

from signtally.logos.errors import LogoError
from signtally.logos.limits import (
    BOX_PIXELS,
    CPU_SECONDS,
    MEMORY_MEBIBYTES,
    MOST_BYTES_KEPT,
    MOST_PIXELS_READ,
    REFUSED,
)
from signtally.logos.small_png import shows_on_white

Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS_READ is lower


def drawn(picture: bytes, *, is_svg: bool) -> bytes:
    """A PNG within BOX_PIXELS and MOST_BYTES_KEPT; `small_png` says what else. Raises LogoError."""
    image = _decoded(_rasterised(picture) if is_svg else picture)
    image.thumbnail(BOX_PIXELS, Image.Resampling.LANCZOS)
    if not shows_on_white(image):
        raise LogoError("logo-invisible", "nothing of it can be seen on white paper")
    while len(body := _png(image)) > MOST_BYTES_KEPT:
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)), Image.Resampling.LANCZOS)
    return body


def _decoded(picture: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(picture), formats=("PNG", "JPEG"))
        if image.width * image.height > MOST_PIXELS_READ:
            raise LogoError(
                "logo-pixels",
                f"it has {image.width} × {image.height} pixels; at most {MOST_PIXELS_READ:,} in all are read",
                {"width": image.width, "height": image.height, "limit": MOST_PIXELS_READ},
            )
        upright = ImageOps.exif_transpose(image)
        deep = upright.mode.startswith("I")  # 16 bits a pixel
        return (upright.point(lambda value: value / 256).convert("L") if deep else upright).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise LogoError("logo-unreadable", "it cannot be read as a PNG or JPEG") from None


def _rasterised(picture: bytes) -> bytes:
    try:
        text = picture.decode("utf-8-sig")
        if "<!ENTITY" in text:
            raise LogoError("logo-entities", "it declares entities; write what they stand for in their places")
        root = fromstring(text)  # noqa: S314 -- without entities there is nothing to expand or to fetch
    except (ValueError, ParseError):
        raise LogoError("logo-unreadable", "it cannot be read as an SVG in UTF-8") from None
    _refuse_what_lies_outside(root)
    width, height = BOX_PIXELS
    try:
        return resvg_py.svg_to_bytes(
            svg_string=text,
            width=width,
            height=height,
            font_family="Inter",  # and below: for text whose own typeface is not installed, those of the reports
            sans_serif_family="Inter",
            serif_family="Noto Serif",
            monospace_family="Noto Sans Mono",
        )
    except ValueError as error:
        if "limit reached" in str(error):
            raise LogoError("logo-complex", "it has too many parts: simplify it, or save it as a PNG") from None
        raise LogoError("logo-not-drawn", f"it cannot be drawn as an SVG ({error})") from None


def _refuse_what_lies_outside(root: Element) -> None:
    """A link leads nowhere on paper; every other reference must be to the picture itself."""
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "a":
            continue
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] == "href" and not value.strip().startswith(("#", "data:image/")):
                raise LogoError(
                    "logo-refers",
                    f"it refers to {value[:80]!r}, and nothing is fetched: embed it in the SVG",
                    {"reference": value[:80]},
                )


def _png(image: Image.Image) -> bytes:
    image.info = {}  # profiles, comments and cameras' data stay behind
    body = io.BytesIO()
    image.save(body, "PNG", optimize=True)
    return body.getvalue()


def _limit_this_process() -> None:
    memory = MEMORY_MEBIBYTES << 20
    for kind, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def main() -> int:
    _limit_this_process()
    try:
        body = drawn(sys.stdin.buffer.read(), is_svg="--svg" in sys.argv)
    except LogoError as error:
        sys.stderr.write(json.dumps([error.code, str(error), error.values]))
        return REFUSED
    sys.stdout.buffer.write(body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
