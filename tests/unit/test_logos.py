"""Logos: what can be shown becomes a small PNG, what cannot is refused with the reason, and neither takes long."""

import base64
import io
import json
import struct
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from signtally.domain.tenants import Branding, TenantProfile
from signtally.logos.errors import LogoError
from signtally.logos.limited import png_of
from signtally.logos.limits import BOX_PIXELS, MOST_BYTES_KEPT
from signtally.logos.profile_logos import with_png_logo
from signtally.memory.objects import MemoryObjectStore
from signtally.stores.keys import tenant_profile
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.stores.tenants import Tenants
from tests.support.examples import examples

RED = (200, 30, 40)


def svg(inside: str, size: str = 'width="100" height="40"') -> bytes:
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {namespaces} {size}>{inside}</svg>".encode()


def nested_uses(levels: int) -> bytes:
    """10 ** levels rectangles in some hundred bytes."""
    groups = "".join(
        f'<g id="a{level}">{f"""<use xlink:href="#a{level - 1}"/>""" * 10}</g>' for level in range(1, levels + 1)
    )
    return svg(f'<defs><rect id="a0" width="1" height="1"/>{groups}</defs><use href="#a{levels}"/>')


def raster(kind: str, *, size: tuple[int, int] = (300, 100), mode: str = "RGB", colour: object = RED) -> bytes:
    body = io.BytesIO()
    Image.new(mode, size, colour).save(body, kind)  # type: ignore[arg-type]  # a colour is what the mode makes of it
    return body.getvalue()


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header promises any size, and whose body is short."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(10))), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def branded(picture: bytes, *, kind: str) -> TenantProfile:
    logo = f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
    return TenantProfile(tenant_id="acme", name="Acme", branding=Branding(logo=logo, accent="#123456"))


def picture_in(profile: TenantProfile) -> Image.Image:
    head, _, text = (profile.branding.logo or "").partition(",")
    assert head == "data:image/png;base64"
    body = base64.b64decode(text)
    assert len(body) <= MOST_BYTES_KEPT
    return Image.open(io.BytesIO(body), formats=("PNG",))


@pytest.mark.parametrize(
    ("picture", "kind", "size"),
    [
        (raster("PNG"), "png", (300, 100)),
        (raster("PNG", mode="1", colour=0), "png", (300, 100)),
        (raster("PNG", mode="I;16", colour=20_000), "png", (300, 100)),
        (raster("PNG", mode="LA", colour=(20, 128)), "png", (300, 100)),
        (raster("JPEG", size=(3000, 500)), "jpeg", (720, 120)),
        (raster("JPEG", mode="CMYK", colour=(0, 200, 200, 20)), "jpeg", (300, 100)),
        (raster("JPEG"), "png", (300, 100)),
        (svg('<rect width="50" height="20" fill="red"/>'), "svg+xml", (600, 240)),
        (svg("<text y='20'>Logotype</text>"), "svg+xml", (600, 240)),
        (svg('<rect width="5" height="2"/>', 'viewBox="0 0 10 1"'), "svg+xml", (720, 72)),
        (svg('<a href="https://acme.example"><rect width="50" height="20"/></a>'), "svg+xml", (600, 240)),
        (b'<?xml version="1.0" encoding="UTF-8"?>' + svg('<rect width="50" height="20"/>'), "svg+xml", (600, 240)),
        (svg('<circle r="9"/>' * 2000), "svg+xml", (600, 240)),
    ],
)
def test_what_can_be_shown_becomes_a_small_png(picture: bytes, kind: str, size: tuple[int, int]) -> None:
    profile = branded(picture, kind=kind)
    stored = with_png_logo(profile)
    assert picture_in(stored).size == size
    assert stored.branding.accent == "#123456"
    assert with_png_logo(stored) is stored


def test_a_photograph_is_kept_small_enough() -> None:
    noise = Image.effect_noise((720, 240), 90).convert("RGB")
    body = io.BytesIO()
    noise.save(body, "JPEG", quality=80)
    width, height = picture_in(with_png_logo(branded(body.getvalue(), kind="jpeg"))).size
    assert width / height == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(
    ("picture", "kind", "reason"),
    [
        (b"\x00\x00\x00", "png", "cannot be read as a PNG or JPEG"),
        (raster("PNG")[:200], "png", "cannot be read as a PNG or JPEG"),
        (raster("GIF", mode="P", colour=1), "png", "cannot be read as a PNG or JPEG"),
        (png_that_says(60_000, 60_000), "png", "60000 × 60000 pixels"),
        (png_that_says(4_000, 4_000), "png", "cannot be read as a PNG or JPEG"),
        (raster("PNG", colour="white"), "png", "nothing of it can be seen"),
        (raster("PNG", mode="RGBA", colour=(0, 0, 0, 0)), "png", "nothing of it can be seen"),
        (raster("PNG", mode="RGBA", colour=(255, 255, 255, 255)), "png", "nothing of it can be seen"),
        (b"<svg", "svg+xml", "cannot be read as an SVG in UTF-8"),
        (b"\xff\xfe<\x00", "svg+xml", "cannot be read as an SVG in UTF-8"),
        (b"<html/>", "svg+xml", "cannot be drawn as an SVG"),
        (svg(""), "svg+xml", "nothing of it can be seen"),
        (svg('<image href="file:///etc/hostname" width="9" height="9"/>'), "svg+xml", "nothing is fetched"),
        (svg('<image href="/logo.png" width="9" height="9"/>'), "svg+xml", "nothing is fetched"),
        (svg('<use xlink:href="https://a.example/b.svg#c"/>'), "svg+xml", "nothing is fetched"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"), "svg+xml", "declares entities"),
        (nested_uses(6), "svg+xml", "simplify it"),
        (nested_uses(7), "svg+xml", "simplify it"),
        (svg("<g>" * 900 + "</g>" * 900), "svg+xml", "cannot be|takes more than|nothing of it"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_reason(picture: bytes, kind: str, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(LogoError, match=reason):
        with_png_logo(branded(picture, kind=kind))
    assert time.monotonic() - started < 90


@pytest.mark.parametrize("logo", ["https://acme.example/logo.png", "data:image/gif;base64,AAAA", "logo.png", ""])
def test_a_logo_is_never_an_address(logo: str) -> None:
    with pytest.raises(ValidationError, match="never fetched"):
        Branding(logo=logo)


_TOKENS = (
    "<g>",
    "</g>",
    '<g id="a">',
    '<use href="#a"/>',
    "<text>x</text>",
    "&amp;",
    "<",
    "</svg>",
    "\u0000",
    "<style>",
)
_SHAPES = ('<image href="data:image/png;base64,AA"/>', '<svg width="1e9" height="1e9">', '<rect width="9" height="9"/>')
_SVG_PARTS = st.lists(
    st.sampled_from(_TOKENS + _SHAPES),
    max_size=12,
).map(lambda parts: svg("".join(parts)))


@settings(max_examples=examples(20), deadline=None)
@given(
    st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: raster("PNG")[:-40] + tail) | _SVG_PARTS,
    st.booleans(),
)
def test_any_bytes_are_shown_or_refused(picture: bytes, is_svg: bool) -> None:  # noqa: FBT001 -- drawn by Hypothesis
    try:
        body = png_of(picture, is_svg=is_svg)
    except LogoError:
        return
    width, height = Image.open(io.BytesIO(body), formats=("PNG",)).size
    assert (width <= BOX_PIXELS[0], height <= BOX_PIXELS[1]) == (True, True)


def test_a_stored_logo_that_cannot_be_shown_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Put into the bucket by hand: drawn once, named each time, and never handed on."""
    objects = MemoryObjectStore()
    hostile = branded(nested_uses(6), kind="svg+xml")
    objects.put(tenant_profile("acme"), hostile.model_dump_json(exclude_unset=True).encode())
    tenants = Tenants(objects)
    started = time.monotonic()
    for profile in (tenants.get("acme"), tenants.get("acme"), tenants.all()["acme"]):
        assert (profile.branding.logo, profile.branding.accent, profile.name) == (None, "#123456", "Acme")
    assert time.monotonic() - started < 90
    assert caplog.text.count("simplify it, or save it as a PNG; what is invalid has its default") == 3
    with pytest.raises(BrokenProfileError, match=r"branding\.logo: .* simplify it"):
        tenants.read("acme")


def test_a_logo_is_stored_as_a_small_png() -> None:
    objects = MemoryObjectStore()
    tenants = Tenants(objects)
    tenants.put(branded(svg('<rect width="50" height="20"/>'), kind="svg+xml"))
    stored = json.loads(objects.get(tenant_profile("acme")).body)["branding"]
    assert stored["logo"].startswith("data:image/png;base64,")
    tenants.edit("acme", lambda _: branded(raster("JPEG"), kind="jpeg"))
    assert picture_in(tenants.read("acme")).size == (300, 100)
    with pytest.raises(LogoError):
        tenants.edit("acme", lambda _: branded(b"<svg", kind="svg+xml"))
    assert picture_in(tenants.read("acme")).size == (300, 100)


def test_a_sound_logo_of_another_kind_put_by_hand_is_shown() -> None:
    objects = MemoryObjectStore()
    drawn = branded(svg('<rect width="50" height="20"/>'), kind="svg+xml")
    objects.put(tenant_profile("acme"), drawn.model_dump_json(exclude_unset=True).encode())
    assert picture_in(Tenants(objects).read("acme")).size == (600, 240)


def test_what_hangs_or_eats_memory_is_stopped() -> None:
    """The limits hold by themselves, whatever the library that draws would stop."""
    blur = '<filter id="b" width="9" height="9"><feTurbulence numOctaves="90000" baseFrequency="0.9"/></filter>'
    started = time.monotonic()
    with pytest.raises(LogoError, match=r"more than 3 seconds|not drawn within"):
        with_png_logo(branded(svg(blur + '<rect width="99" height="39" filter="url(#b)"/>' * 40), kind="svg+xml"))
    assert time.monotonic() - started < 90
