"""Snapshots to render: made by hand, and made by Hypothesis with the nastiest names it finds."""

import dataclasses
import datetime as dt
from typing import Any

from hypothesis import strategies as st

from signtally.domain.actions import MEASURES, Counts
from signtally.domain.activity import PeriodActivity
from signtally.domain.allowance import allowance_use
from signtally.domain.documents import Cohort
from signtally.domain.insights import DocumentFigures, Insights, Turnaround
from signtally.domain.periods import Period, PeriodKind, parse_period, period_between
from signtally.domain.restatements import RestatedDay
from signtally.domain.snapshot import DayUsage, ReportIdentity, UsageSnapshot, UserUsage
from signtally.domain.tenants import TenantProfile

MADE_AT = dt.datetime(2026, 11, 1, 8, 12, 2, tzinfo=dt.UTC)
IDENTITY = ReportIdentity("2026-10-3f2a91c07b1e", 3, MADE_AT)
ACME = TenantProfile.model_validate(
    {"tenant_id": "acme", "name": "Acme", "timezone": "Europe/Berlin", "allowance": {"documents_per_month": 100}}
)
NASTY_NAMES = (
    "=1+1",
    "+49 30 1234",
    "-2+3",
    "@SUM(A1)",
    "'=1+1",
    "＝1+1",
    "\t=1",
    "\r\n=1",
    "<b>Ann</b>",
    "{{ 7 * 7 }}",
    'a","b\r\nc',
    "#N/A",
    "_x000D_",
    "NUL \x00 here",
    "half \ud800 pair",
    "\u202edetrevni",
    "Анна Каренина",
    "山田 太郎",
    "محمد عبد الله",
    "ไทย",
    "W" * 300,
    " ",
    "=cmd|'/c calc'!A0",
    "abc\u202egnp.exe",
    "\u2067isolated\u2069 \u200fmark",
    "two\u2028lines\x85and\x0bmore",
    "Z\u0337\u0351a\u0338l\u0353g\u0341o",
    "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL} \U0001f1e9\U0001f1ea",
    "\udfff",
    "9007199254740993",
    "00012345",
    "1E5",
    "2026-10-03",
    "10/3",
    "TRUE",
    "0x1F",
)


def snapshot(
    users: tuple[UserUsage, ...] = (), *, period: Period | None = None, tenant: TenantProfile = ACME, **changes: Any
) -> UsageSnapshot:
    """A whole snapshot of these users' figures, all of them on the first day; *changes* replace its fields."""
    period = period or parse_period("2026-10")
    totals = Counts.total(user.counts for user in users) if users else Counts()
    days = tuple(DayUsage(day, totals if day == period.first else Counts()) for day in period.days())
    allowed = None if "user_ids" in changes else tenant.allowance.documents_per_month
    sent = {period.first: totals.sent}
    whole = UsageSnapshot(
        tenant=tenant,
        period=period,
        previous=period.previous,
        taken_at=MADE_AT,
        data_through=MADE_AT - dt.timedelta(minutes=7),
        totals=totals,
        previous_totals=Counts(sent=8, completed=4),
        days=days,
        users=users,
        allowance=None
        if allowed is None
        else allowance_use(sent, allowed=allowed, as_of=period.last, today=tenant.today(MADE_AT)),
        insights=insights(),
        first_data_day=period.previous.first,
        cohort=cohort(totals),
        previous_cohort=cohort(Counts(sent=8, completed=4)),
    )
    return dataclasses.replace(whole, **changes)


def insights() -> Insights:
    """Forty completed documents of which two were never seen sent, and mornings that are busy."""
    turnaround = Turnaround(
        documents=38,
        mean=dt.timedelta(days=2, hours=3, minutes=31),
        median=dt.timedelta(hours=27, minutes=40, microseconds=1),
        p90=dt.timedelta(days=5, hours=2),
    )
    week = tuple(tuple((hour * 7 + day * 3) % 11 if 7 <= hour <= 18 else 0 for hour in range(24)) for day in range(7))
    first, last = dt.datetime(2026, 10, 1, 6, 2, tzinfo=dt.UTC), dt.datetime(2026, 10, 30, 17, 44, tzinfo=dt.UTC)
    return Insights(DocumentFigures(40, turnaround, 17), 71, PeriodActivity(week, 71, first, last))


def user(number: int, name: str | None = None, email: str | None = None, counts: Counts | None = None) -> UserUsage:
    figures = counts or Counts(sent=number + 1, received=2, completed=number)
    return UserUsage(f"u_{number}", name, email, figures, cohort=cohort(figures))


def cohort(counts: Counts) -> Cohort:
    """As if every document in *counts* had been sent and completed within the period."""
    completed = min(counts.sent, counts.completed)
    signed = max(completed, min(counts.sent, counts.signed))
    return Cohort(counts.sent, max(signed, min(counts.sent, counts.viewed)), signed, completed, counts.sent - completed)


def restated(period: Period, *, days: int = 2) -> tuple[RestatedDay, ...]:
    """The first days of a period, changed by late events and once more by hand."""
    return tuple(
        RestatedDay(
            day,
            Counts(sent=41, completed=7),
            Counts(sent=43, completed=7 + index),
            MADE_AT - dt.timedelta(days=2),
            ("late-events", "recount") if index else ("late-events",),
        )
        for index, day in enumerate(list(period.days())[:days])
    )


def nasty_snapshot() -> UsageSnapshot:
    """Everybody whom nobody would like to see in a report."""
    people = [user(number, name, f"{number}@acme.example") for number, name in enumerate(NASTY_NAMES)]
    return snapshot((*people, user(90), user(91, None, "only@acme.example")))


_COUNTS = st.integers(0, 10**12) | st.integers(0, 20) | st.just(2**53 + 1)  # beyond it, floats miss whole numbers
figures = st.builds(Counts, **dict.fromkeys(MEASURES, _COUNTS))
# Any code point at all, lone surrogates too, and often a name that was chosen to hurt.
names = st.none() | st.sampled_from(NASTY_NAMES) | st.text(st.characters(), max_size=40)
user_ids = st.sampled_from(NASTY_NAMES) | st.text(st.characters(), min_size=1, max_size=40)
user_rows = st.builds(UserUsage, user_ids, names, names, figures)
# A profile refuses controls, and what turns text around: `domain.profile_texts`.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_name_characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"), exclude_characters=_TURNING)
tenants = st.builds(
    TenantProfile,
    tenant_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
    name=st.none() | st.text(_name_characters, min_size=1, max_size=80).filter(str.strip),
    timezone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "Europe/Berlin"]),
    locale=st.sampled_from(["en", "en-US", "de", "fr", "hi", "ar", "xx", "", "not a locale"]),
    week_starts_on=st.sampled_from(["monday", "sunday", "saturday"]),
)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first = draw(st.dates(dt.date(2024, 1, 1), dt.date(2026, 10, 20)))
    kind = draw(st.sampled_from(["range", "day", "month", "quarter"]))
    match kind:
        case "range":
            return period_between(first, first + dt.timedelta(days=draw(st.integers(0, 40))))
        case "month":
            return parse_period(f"{first:%Y-%m}")
        case "quarter":
            return parse_period(f"{first.year}-Q{(first.month + 2) // 3}").clip(dt.date(2026, 11, 1))
        case _:
            return Period(PeriodKind.DAY, first, first)


# pypdf reads no text beside a character that no installed font has, and Arabic backwards; other readers do not.
printable_tenants = tenants.filter(lambda tenant: tenant.locale != "ar").map(
    lambda tenant: tenant.model_copy(update={"tenant_id": "acme", "name": "Ünïcødé & Söhne"})
)
printable_rows = st.builds(UserUsage, st.uuids().map(str), st.sampled_from(NASTY_NAMES[:22]), st.none(), figures)


@st.composite
def snapshots(
    draw: st.DrawFn,
    rows: st.SearchStrategy[UserUsage] = user_rows,
    owners: st.SearchStrategy[TenantProfile] = tenants,
) -> UsageSnapshot:
    """Users' totals spread over the days, so that both tables have the same sums and no two days need be alike."""
    period = draw(periods())
    users = tuple(draw(st.lists(rows, max_size=6, unique_by=lambda row: row.user_id)))
    plain = snapshot(users, period=period, tenant=draw(owners))
    days = list(plain.days)
    for row in users:
        index = draw(st.integers(0, len(days) - 1))
        days[0] = DayUsage(days[0].day, _minus(days[0].counts, row.counts))
        days[index] = DayUsage(days[index].day, Counts.total([days[index].counts, row.counts]))
    return dataclasses.replace(plain, days=tuple(days), previous_totals=draw(figures))


def _minus(counts: Counts, other: Counts) -> Counts:
    return Counts(*(one - two for one, two in zip(counts.as_tuple(), other.as_tuple(), strict=True)))
