"""The sample's tenants: a few large, many small, each with its people, its zone and (mostly) a profile."""

import dataclasses
import itertools
from zoneinfo import ZoneInfo

from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import Allowance, Branding, TenantProfile
from signtally.sample.people import Person, Script, Staff, people
from signtally.sample.plan import TrafficPlan
from signtally.sample.regions import Region, regions_for

_EVENTS_A_PERSON = 40
_FEWEST_PEOPLE, _MOST_PEOPLE = 2, 500
_ACCENTS = ("#2456C5", "#1B7A57", "#8F3F97", "#B5482A", "#0F6F8C", "#5B4B8A")
_COMPANIES = {
    Script.LATIN: ("Harbour", "Nordlicht", "Céleste", "Quill", "Ibérica", "Summit", "Łąka", "Fjord", "Maple", "Orión"),
    Script.CYRILLIC: ("Світанок", "Калина", "Дніпро"),
    Script.HAN: ("青空商事", "東風物流", "明日文書"),
    Script.ARABIC: ("الأفق", "الواحة", "المنارة"),
}
_TRADES = ("Legal", "Logistics", "Homes", "Health", "Energy", "Finance", "Motors")
# One id holds what breaks paths, queries and addresses that are glued together.
_AWKWARD_NUMBER, _AWKWARD_ID = 6, "o'neill & söhne/köln 100%"
_UNKNOWN_EVERY, _FIRST_UNKNOWN = 12, 4  # tenants without a profile


@dataclasses.dataclass(frozen=True, slots=True)
class SampleTenant:
    """A tenant, and how many events its own documents make; *profile* is None where the portal never told us."""

    number: int  # 0 is the largest
    tenant_id: str
    region: Region
    profile: TenantProfile | None
    people: tuple[Person, ...]
    punctual_events: int
    late_events: int

    @property
    def counted_in(self) -> str:
        """The zone whose days its report shows."""
        return self.profile.timezone if self.profile else "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its people work."""
        return self.region.zone


def sample_tenants(plan: TrafficPlan) -> tuple[SampleTenant, ...]:
    """The plan's tenants, the largest first."""
    punctual = power_law(plan.events - plan.late_events, count=plan.tenants)
    late = power_law(plan.late_events, count=plan.tenants)
    regions = itertools.cycle(regions_for(plan.window, count=plan.tenants))
    return tuple(
        _tenant(number, region=region, events=events, plan=plan)
        for number, region, events in zip(range(plan.tenants), regions, zip(punctual, late, strict=True), strict=False)
    )


def power_law(total: int, *, count: int) -> list[int]:
    """Split *total* so that the n-th share is about 1/n of the first; each gets one while there is enough."""
    certain = [1 if number < total else 0 for number in range(count)]
    weights = [1 / rank for rank in range(1, count + 1)]
    rest, whole = total - sum(certain), sum(weights)
    exact = [rest * weight / whole for weight in weights]
    shares = [one + int(share) for one, share in zip(certain, exact, strict=True)]
    by_remainder = sorted(range(count), key=lambda number: int(exact[number]) - exact[number])
    for number in by_remainder[: total - sum(shares)]:
        shares[number] += 1
    return shares


def _tenant(number: int, *, region: Region, events: tuple[int, int], plan: TrafficPlan) -> SampleTenant:
    tenant_id = _AWKWARD_ID if number == _AWKWARD_NUMBER else f"{_TRADES[number % len(_TRADES)].lower()}-{number + 1}"
    unknown = number % _UNKNOWN_EVERY == _FIRST_UNKNOWN
    staff = Staff(
        headcount=min(max(sum(events) // _EVENTS_A_PERSON, _FEWEST_PEOPLE), _MOST_PEOPLE),
        script=region.script,
        mail_domain=_mail_domain(number),
        with_hostile_names=number == 0,
    )
    # The largest tenant always has room for both hostile names and for one who changes names.
    if number == 0:
        staff = dataclasses.replace(staff, headcount=max(staff.headcount, 4))
    return SampleTenant(
        number=number,
        tenant_id=tenant_id,
        region=region,
        profile=None if unknown else _profile(number, tenant_id=tenant_id, region=region),
        people=people(staff, window=plan.window, rng=plan.stable_rng(f"people of {number}")),
        punctual_events=events[0],
        late_events=events[1],
    )


def _profile(number: int, *, tenant_id: str, region: Region) -> TenantProfile:
    names = _COMPANIES[region.script]
    return TenantProfile(
        tenant_id=tenant_id,
        name=f"{names[number % len(names)]} {_TRADES[number % len(_TRADES)]} {number + 1}",
        timezone=region.timezone,
        locale=region.locale,
        week_starts_on=region.week_starts_on,
        branding=Branding(accent=_ACCENTS[number % len(_ACCENTS)]),
        allowance=Allowance(documents_per_month=max(2000 // (number + 1), 20)),
        schedules=_schedules(number),
    )


def _schedules(number: int) -> tuple[Schedule, ...]:
    """Every third tenant gets a monthly report; every ninth a weekly one beside it, for two people."""
    if number % 3:
        return ()
    accounts = Recipient(email=f"accounts@{_mail_domain(number)}", user_id="u_1")
    head = Recipient(email=f"head@{_mail_domain(number)}")
    monthly = Schedule(name="Monthly usage", every="month", formats=("pdf", "xlsx"), recipients=(accounts,))
    if number % 9:
        return (monthly,)
    return (monthly, Schedule(name="Weekly usage", every="week", at="08:30", recipients=(accounts, head)))


def _mail_domain(number: int) -> str:
    return f"tenant{number + 1}.example"
