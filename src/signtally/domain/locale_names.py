"""Names of locales (BCP 47), each in one spelling, so that no report is made twice for the letters of its language."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

LOCALE_LIMIT_CHARACTERS = 35  # the longest that any standard tag takes
_LANGUAGE_TAG = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"
_SCRIPT, _REGION = re.compile("[A-Za-z]{4}"), re.compile("[A-Za-z]{2}|[0-9]{3}")


def usual_spelling(name: str) -> str:
    """`de-DE` for `DE_de`, `zh-Hant-TW` for `zh_hant_tw` (RFC 5646, 2.1.1); what is no tag stays as it is."""
    if not re.fullmatch(_LANGUAGE_TAG, name):
        return name
    language, *subtags = re.split("[-_]", name.lower())
    extension = next((index for index, subtag in enumerate(subtags) if len(subtag) == 1), len(subtags))
    return "-".join([language, *map(_spelt, subtags[:extension]), *subtags[extension:]])


def _spelt(subtag: str) -> str:
    if _SCRIPT.fullmatch(subtag):
        return subtag.capitalize()
    return subtag.upper() if _REGION.fullmatch(subtag) else subtag


LocaleName = Annotated[str, Field(max_length=LOCALE_LIMIT_CHARACTERS), AfterValidator(usual_spelling)]
LanguageTag = Annotated[
    str, Field(pattern=_LANGUAGE_TAG, max_length=LOCALE_LIMIT_CHARACTERS), AfterValidator(usual_spelling)
]
