"""What the search for the seconds at which clocks are set relies on; that its dates are right: test_reconciling."""

import datetime as dt
import importlib.resources
import itertools
import struct
from collections.abc import Iterator

_COUNTS_AT, _HEADER_BYTES = 20, 44
_SECOND_DATA_BYTES_A_TIME = 9  # in the second block of a file: 8 of the instant, 1 of the type
_TYPE_BYTES = 6


def test_nowhere_are_clocks_set_twice_within_a_day() -> None:
    zones = importlib.resources.files("tzdata").joinpath("zones").read_text().split()
    shortest = min(later - earlier for zone in zones for earlier, later in itertools.pairwise(instants_of_change(zone)))
    assert dt.timedelta(seconds=shortest) > dt.timedelta(days=6)
    assert len(zones) > 500


def instants_of_change(zone: str) -> Iterator[int]:
    """The seconds since 1970 at which the zone's offset becomes another, as its TZif file (RFC 9636) has them."""
    data = importlib.resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()
    _, _, leaps, times, types, characters = struct.unpack_from(">6l", data, _COUNTS_AT)
    second_block = _HEADER_BYTES + times * 5 + types * _TYPE_BYTES + characters + leaps * 8
    indicators_utc, indicators_std, *_ = struct.unpack_from(">6l", data, _COUNTS_AT)
    second_block += indicators_utc + indicators_std
    _, _, _, times, types, _ = struct.unpack_from(">6l", data, second_block + _COUNTS_AT)
    body = second_block + _HEADER_BYTES
    instants = struct.unpack_from(f">{times}q", data, body)
    kinds = data[body + 8 * times : body + _SECOND_DATA_BYTES_A_TIME * times]
    offsets = [
        struct.unpack_from(">l", data, body + _SECOND_DATA_BYTES_A_TIME * times + _TYPE_BYTES * kind)[0]
        for kind in range(types)
    ]
    before = None
    for instant, kind in zip(instants, kinds, strict=True):
        if offsets[kind] != before:
            yield instant
        before = offsets[kind]
