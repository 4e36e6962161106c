"""The logo of a profile: as it is stored, and what applies of one that cannot be shown."""

import base64
import binascii
import functools

from signtally.domain.tenants import Branding, TenantProfile
from signtally.logos.errors import LogoError
from signtally.logos.limited import png_of

_PNG, _SVG = "data:image/png;base64,", "data:image/svg+xml;base64,"


def with_png_logo(profile: TenantProfile) -> TenantProfile:
    """The profile with its logo as a small PNG; itself where it has none or it is one already. Raises LogoError."""
    logo = profile.branding.logo
    if logo is None or _is_small_png(logo):
        return profile
    return _branded(profile, _PNG + base64.b64encode(png_of(_bytes(logo), is_svg=logo.startswith(_SVG))).decode())


def with_logo_that_shows(profile: TenantProfile) -> tuple[TenantProfile, tuple[str, ...]]:
    """The profile as it applies, and what is wrong with its logo, if anything: then it has none. Never raises."""
    try:
        return with_png_logo(profile), ()
    except (LogoError, OSError) as error:  # an OSError: no process could be started
        return _branded(profile, None), (f"branding.logo: {error}",)


def _bytes(logo: str) -> bytes:
    try:
        return base64.b64decode(logo.partition(",")[2], validate=True)
    except binascii.Error:
        raise LogoError("logo-unreadable", "it is not in base64") from None


def _branded(profile: TenantProfile, logo: str | None) -> TenantProfile:
    branding = profile.branding.model_dump(exclude_unset=True, exclude={"logo"})
    return profile.model_copy(update={"branding": Branding.model_validate(branding | ({"logo": logo} if logo else {}))})


@functools.lru_cache(64)
def _is_small_png(logo: str) -> bool:
    from signtally.logos.small_png import is_small_png  # noqa: PLC0415 -- only who meets a logo pays for Pillow

    return logo.startswith(_PNG) and is_small_png(_bytes(logo))
