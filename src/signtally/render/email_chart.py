"""The usage chart of an email: a picture of its bars, and its figures in words for those who see no picture.

The picture has no words, so it needs no font, and nothing in it is to be read; and no ground, so it stands on whatever
a mail program puts below it: its colours are seen on light and on dark.
"""

import dataclasses
import io

from PIL import Image, ImageDraw

from signtally.domain.actions import Action
from signtally.domain.wording import translatable
from signtally.render.chart import UsageChart, usage_chart
from signtally.render.contents import Contents
from signtally.render.email_picture import EmailPicture
from signtally.render.formats import Formats
from signtally.render.theme import DARK, VISIBLE_CONTRAST, Theme, seen_on

CHART_SOURCE = "cid:chart@usage-reports"
_MOST_BARS = 31  # of a few pixels each on a phone
_WIDTH, _HEIGHT = 542, 96  # CSS pixels
_SCALE = 2  # pixels drawn for each: for screens that have them
_GAP = 0.28  # of a step, between its bars and the next one's
_WIDEST_BAR = 28 * _SCALE
_APART = 0.04  # of a step's bars, between the two, as on the page; so outlines of hollow ones do not touch
_LEAST_APART = 1 * _SCALE
_OUTLINE = 1 * _SCALE  # of a bar whose step is counted in part
_LEAST_BAR = 2 * _SCALE  # high: one document is seen beside thousands
_BASELINE = _SCALE
_NOTHING, _SENT, _COMPLETED = range(3)  # in the palette
_BUSIEST = {
    "day": translatable("Busiest day: %(number)s sent (%(when)s)"),
    "week": translatable("Busiest week: %(number)s sent (%(when)s)"),
    "month": translatable("Busiest month: %(number)s sent (%(when)s)"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class EmailChart:
    """What an email shows of its usage chart; *picture* is None where there is nothing to compare."""

    title: str
    caption: str
    is_shown: bool  # a period of several steps
    peak: str  # `Busiest day: 66 sent (Fri, 2 Oct 2026)`; empty when nothing was sent
    ends: tuple[str, str]  # of the time axis
    words: str  # all figures, for those who see no picture
    sent_colour: str
    completed_colour: str
    picture: EmailPicture | None


def email_chart(contents: Contents) -> EmailChart:
    chart, formats, period = usage_chart(contents, most_bars=_MOST_BARS), contents.formats, contents.snapshot.period
    theme = contents.theme
    sent, completed = _colour(theme.fill), _colour(theme.neutral)
    is_shown = len(chart.bars) > 1
    picture = None
    if is_shown and chart.highest:
        png = _drawn(chart, colours=(sent, completed), is_mirrored=contents.words.direction == "rtl")
        picture = EmailPicture(png, _WIDTH, _HEIGHT, CHART_SOURCE)
    return EmailChart(
        title=chart.title,
        caption=chart.caption,
        is_shown=is_shown,
        peak=_peak(chart, formats),
        ends=(formats.short_date(period.first), formats.short_date(period.last)),
        words=_words(chart, contents),
        sent_colour=sent,
        completed_colour=completed,
        picture=picture,
    )


def _colour(colour: str) -> str:
    """The nearest shade that is seen on light and on dark."""
    return seen_on(colour, grounds=(Theme().paper, DARK.paper), least_contrast=VISIBLE_CONTRAST)


def _drawn(chart: UsageChart, *, colours: tuple[str, str], is_mirrored: bool) -> bytes:
    """The bars as a PNG: the same bytes for the same figures."""
    width, height = _WIDTH * _SCALE, _HEIGHT * _SCALE
    image = Image.new("P", (width, height), _NOTHING)
    image.putpalette(bytes.fromhex("".join(each.removeprefix("#") for each in ("#FFFFFF", *colours))))
    draw = ImageDraw.Draw(image)
    base, step = height - _BASELINE, width / len(chart.bars)
    both = min(step * (1 - _GAP), 2 * _WIDEST_BAR)
    apart = max(_LEAST_APART, round(both * _APART))
    bar_width = (both - apart) / 2
    for index, bar in enumerate(chart.bars):
        middle = (index + 0.5) * step
        for value, left, colour in (
            (bar.sent, middle - both / 2, _SENT),
            (bar.completed, middle + apart / 2, _COMPLETED),
        ):
            if value:
                top = base - max(_LEAST_BAR, round(base * value / chart.highest))
                right = max(round(left), round(left + bar_width) - 1)  # a pixel at least, of hundreds of months too
                corners = (round(left), top, right, base - 1)
                draw.rectangle(corners, fill=colour)
                if bar.is_partial:
                    _hollow_out(draw, corners)
    draw.rectangle((0, base, width, height), fill=_COMPLETED)
    if is_mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    png = io.BytesIO()
    image.save(png, "PNG", transparency=_NOTHING, optimize=True)
    return png.getvalue()


def _hollow_out(draw: ImageDraw.ImageDraw, corners: tuple[int, int, int, int]) -> None:
    """Leave the outline of a bar, where there is room for one."""
    left, top, right, bottom = corners
    if min(right - left, bottom - top) > 3 * _OUTLINE:
        draw.rectangle((left + _OUTLINE, top + _OUTLINE, right - _OUTLINE, bottom - _OUTLINE), fill=_NOTHING)


def _words(chart: UsageChart, contents: Contents) -> str:
    """`Documents sent and completed per day, October 2026. Documents sent: 12; 66; …`, and so on."""
    number = contents.formats.number
    return contents.words.gettext(
        "%(subject)s, %(period)s. %(one)s: %(ones)s. %(other)s: %(others)s.",
        subject=chart.subject,
        period=contents.period_in_text,
        one=contents.heading(Action.SENT),
        ones="; ".join(number(bar.sent) for bar in chart.bars),
        other=contents.heading(Action.COMPLETED),
        others="; ".join(number(bar.completed) for bar in chart.bars),
    )


def _peak(chart: UsageChart, formats: Formats) -> str:
    highest = max(chart.bars, key=lambda bar: bar.sent)
    if not highest.sent:
        return ""
    when = formats.weekday_date(highest.first) if chart.step == "day" else formats.dates(highest.first, highest.last)
    return formats.words.gettext(_BUSIEST[chart.step], number=formats.number(highest.sent), when=when)
