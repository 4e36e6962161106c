"""What the digests of a schedule told, and which earlier periods have changed since."""

import dataclasses
from collections.abc import Iterator, Mapping

from signtally.domain.actions import Counts
from signtally.domain.corrections import ChangedPeriod, Told, corrected_name
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.schedules import Occurrence, occurrence_of
from signtally.domain.snapshot import UsageSnapshot
from signtally.services import Services
from signtally.stores.deliveries import PassedOver
from signtally.use_cases.delivering.due import delivery_key

_EARLIER_PERIODS = 3  # each costs a read or two


def last_told(key: DeliveryKey, *, services: Services) -> tuple[int, Told | None]:
    """The number of the last digest of an occurrence that is done, 0 for the digest itself, and what it told.

    None when none is done, or none that kept what it told.
    """
    number, told = 0, told_by(key, 0, services=services)
    while told is not None and (later := told_by(key, number + 1, services=services)) is not None:
        number, told = number + 1, later
    return number, told


def told_by(key: DeliveryKey, number: int, *, services: Services) -> Told | None:
    """What the corrected digest of this *number* told; 0: the digest itself."""
    named = dataclasses.replace(key, period=corrected_name(key.period, number))
    return services.stores.deliveries.told(named)


def told_to_each(key: DeliveryKey, number: int, *, services: Services) -> dict[str, Told]:
    """What those who got an occurrence's digest read last, by it or its first *number* corrected ones.

    By address or label, in small letters. Whose last one is deferred will read what is so then, and is left out; whom
    the last one did not reach counts as told by it.
    """
    found: dict[str, Told] = {}
    for each in range(number + 1):
        told, named = (
            told_by(key, each, services=services),
            dataclasses.replace(key, period=corrected_name(key.period, each)),
        )
        if told is None:
            continue
        for _, delivery in services.stores.mail_deliveries.of(named):
            name = in_small_letters(delivery.email)
            if delivery.state is MailState.SENT:
                found[name] = _told_in(delivery, told)
            elif delivery.state is MailState.DEFERRED:
                found.pop(name, None)
            elif name in found:
                found[name] = told
    return found


def _told_in(delivery: MailDelivery, told: Told) -> Told:
    """What one email said: it may have gone out later than others of its digest, which *told* something else."""
    totals = delivery.told_totals or told.totals
    is_complete = told.is_complete if delivery.told_complete is None else delivery.told_complete
    if (totals, is_complete) == (told.totals, told.is_complete):
        return told
    return Told(totals, delivery.at, is_complete)


def changed_periods(occurrence: Occurrence, snapshot: UsageSnapshot, *, services: Services) -> Iterator[ChangedPeriod]:
    """Of the last few periods before this one, those whose totals are not what was told of them last; oldest first.

    By their own digests, or by a later one that told of the change already. A period that was skipped because nothing
    had happened in it was told as that.
    """
    points = {
        delivery_key(occurrence_of(occurrence.tenant, occurrence.schedule, point.period)): point
        for point in snapshot.trend[:-1][-_EARLIER_PERIODS:]
    }
    found = {key.period: _told(key, services=services) for key in points}
    digests = {name: told for name, told in found.items() if told is not None}
    for key, point in points.items():
        if key.period not in digests:
            continue
        told = _last_totals(key.period, digests)
        if told != point.totals:
            yield ChangedPeriod(point.period, key.period, told, point.totals)


def _told(key: DeliveryKey, *, services: Services) -> Told | None:
    """By an occurrence's last digest, or by none, because nothing had happened; None when nothing was told of it."""
    _, told = last_told(key, services=services)
    if told is not None:
        return told
    passed = services.stores.deliveries.passed(key)
    return Told(Counts(), passed.at) if passed is not None and passed.why is PassedOver.EMPTY else None


def _last_totals(name: str, digests: Mapping[str, Told]) -> Counts:
    """What was told last of an occurrence, by its own one of the *digests* or by another."""
    own = digests[name]
    later = ((each.at, each.earlier[name]) for each in digests.values() if name in each.earlier)
    return max([(own.at, own.totals), *later], key=lambda told: told[0])[1]
