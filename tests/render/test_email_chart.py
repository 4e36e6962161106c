"""The chart of an email: a picture of bars, seen on any ground, and every figure in words."""

import dataclasses
import datetime as dt
import html
import io
import itertools
import re

import pytest
from PIL import Image

from signtally.domain.actions import Counts
from signtally.domain.periods import period_between
from signtally.domain.snapshot import DayUsage
from signtally.domain.tenants import Branding
from signtally.render.contents import Contents
from signtally.render.email_chart import EmailChart, email_chart
from signtally.render.theme import DARK, VISIBLE_CONTRAST, Theme, contrast
from tests.support.report_samples import ACME, snapshot, user

_EMPTY = Counts()


def chart(*counts: Counts, accent: str | None = None, locale: str = "en") -> EmailChart:
    """Of October, whose first days have these counts."""
    tenant = ACME.model_copy(update={"locale": locale, "branding": Branding(accent=accent)})
    report = snapshot((user(1),), tenant=tenant)
    days = [DayUsage(day.day, found) for day, found in zip(report.days, [*counts, *[_EMPTY] * 31], strict=False)]
    return email_chart(Contents(dataclasses.replace(report, days=tuple(days))))


def drawn(found: EmailChart) -> Image.Image:
    assert found.picture is not None
    return Image.open(io.BytesIO(found.picture.png)).convert("RGBA")


def height(image: Image.Image, colour: str, *, left: int, right: int) -> int:
    """Of the highest bar of a colour between two shares (%) of the width, in pixels."""
    wanted = (*bytes.fromhex(colour.removeprefix("#")), 255)
    part = image.crop((image.width * left // 100, 0, image.width * right // 100, image.height - 2))
    rows = [y for y in range(part.height) if any(part.getpixel((x, y)) == wanted for x in range(part.width))]
    return part.height - rows[0] if rows else 0


def test_a_range_of_decades_has_a_picture() -> None:
    """Hundreds of months, each with bars narrower than a pixel."""
    decades = snapshot((user(1),), period=period_between(dt.date(2000, 1, 1), dt.date(2029, 12, 31)))
    days = tuple(DayUsage(day.day, Counts(sent=1, completed=1)) for day in decades.days)
    assert drawn(email_chart(Contents(dataclasses.replace(decades, days=days)))).size == (1084, 192)


@pytest.mark.parametrize(("locale", "first"), [("en", (0, 4)), ("ar", (96, 100))])
def test_bars_are_as_high_as_their_figures_and_run_as_words_do(locale: str, first: tuple[int, int]) -> None:
    found = chart(Counts(sent=1000, completed=500), Counts(sent=1), locale=locale)
    image, (left, right) = drawn(found), first
    assert image.size == (1084, 192)
    assert height(image, found.sent_colour, left=left, right=right) == 190
    assert height(image, found.completed_colour, left=left, right=right) == 95
    rest = (4, 100) if first == (0, 4) else (0, 96)
    assert height(image, found.sent_colour, left=rest[0], right=rest[1]) == 4  # one document is seen beside a thousand
    assert image.getpixel((542, 0)) == (255, 255, 255, 0)  # whatever ground it stands on


@pytest.mark.parametrize(("days", "locale"), [(31, "en"), (7, "en"), (2, "en"), (31, "ar")])
def test_the_bars_of_a_step_stand_apart_also_where_they_are_hollow(days: int, locale: str) -> None:
    """Of equal bars; the last day is not over, so that both of its bars are outlines."""
    report = snapshot((user(1),), tenant=ACME.model_copy(update={"locale": locale}))
    some = tuple(DayUsage(each.day, Counts(sent=5, completed=5)) for each in report.days[:days])
    period, at = period_between(some[0].day, some[-1].day), dt.datetime.combine(some[-1].day, dt.time(12), dt.UTC)
    found = email_chart(Contents(dataclasses.replace(report, days=some, period=period, taken_at=at)))
    alpha = drawn(found).getchannel("A")
    row = [alpha.getpixel((x, 100)) != 0 for x in range(alpha.width)]
    runs = [(is_shown, len([*run])) for is_shown, run in itertools.groupby(row)][1:-1]
    empty = [width for is_shown, width in runs if not is_shown]
    if locale == "ar":
        empty.reverse()
    assert len(empty) == 2 * (days - 1) + 3  # the last step has two insides
    apart, between = [*empty[:-3:2], empty[-2]], empty[1:-3:2]
    assert 2 <= min(apart) <= max(apart) <= 5
    assert min(between) > 2 * max(apart)


@pytest.mark.parametrize("accent", [None, "#000000", "#FFFFFF", "#FFE600", "#0000FF", "#7F0000", "#3CB371"])
def test_every_tenants_colour_is_seen_on_light_and_dark(accent: str | None) -> None:
    found = chart(Counts(sent=3), accent=accent)
    for colour in (found.sent_colour, found.completed_colour):
        assert all(contrast(colour, ground) >= VISIBLE_CONTRAST for ground in (Theme().paper, DARK.paper))


def test_its_words_carry_every_figure() -> None:
    found = chart(Counts(sent=1000, completed=5), Counts(sent=7))
    assert found.words == (
        f"Documents sent and completed per day, October 2026. Sent: 1,000; 7{'; 0' * 29}. Completed: 5; 0{'; 0' * 29}."
    )
    assert html.escape(found.words) == found.words
    assert re.match(r"وثائق|المستندات", chart(Counts(sent=7), locale="ar").words)


def test_the_same_figures_are_the_same_small_picture_and_none_is_none() -> None:
    full = [Counts(sent=day * 977 % 83, completed=day * 311 % 71) for day in range(31)]
    one, other = chart(*full).picture, chart(*full).picture
    assert one == other
    assert one is not None
    assert len(one.png) < 3_000
    assert chart().picture is None
