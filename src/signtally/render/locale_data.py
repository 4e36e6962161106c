"""Locales with data of their own.

Babel's locales share dictionaries with those that they inherit from, and write into them what an alias led to: once
the months of Japanese had been asked for by all their names, Arabic months were Japanese in that process.
"""

import copy
import functools
from typing import Any

from babel import Locale
from babel.localedata import LocaleDataDict, exists, load


class _OwnLocale(Locale):
    """A locale that writes into nobody else's data."""

    @functools.cached_property
    def _data(self) -> LocaleDataDict:
        """What Babel reads everything from."""
        identifier = str(self)
        name = identifier if exists(identifier) else identifier.partition("@")[0]
        shared: Any = load(name)
        return LocaleDataDict(copy.deepcopy(shared))


@functools.cache
def own_locale(name: str) -> Locale:
    """The locale of a name such as `pt_BR`; its data take about 30 ms, once in a process.

    Raises UnknownLocaleError, or ValueError or TypeError for what is no name.
    """
    return _OwnLocale.parse(name)
