"""A rebuild, block by block of days, the newest first; a run that is broken off goes on where it stopped."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from signtally.domain.counted import counted
from signtally.domain.periods import Period, PeriodKind
from signtally.domain.time_units import ONE_DAY
from signtally.services import Services
from signtally.stores.rebuilds import RebuildState
from signtally.use_cases.aggregating import AggregationOutcome, named_span, recount


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RebuildOutcome:
    """Figures are of the whole rebuild, those of runs that broke off too."""

    period: Period
    tenant_days: int  # counted, of those that have any figures
    rows: int  # written: they say something else than before
    restated: int  # of those, the ones that had said something else
    resumed: bool  # this run went on where another had stopped
    lifted: tuple[str, ...]  # held tenants whose days these were: their scheduled sends go on

    def as_dict(self) -> dict[str, object]:
        figures = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del figures["period"]
        return {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), **figures}


@dataclasses.dataclass(frozen=True, slots=True)
class RebuildProgress:
    state: RebuildState
    counted: int  # tenant-days, in the last block

    @property
    def is_worth_a_line(self) -> bool:
        """Years without an event pass in many blocks."""
        return self.counted > 0 or self.state.next_day < self.state.first

    @property
    def fraction(self) -> float:
        """Of the days, from 0 to 1; blocks of days without events pass fast."""
        days = (self.state.last - self.state.first).days + 1
        return (self.state.last - self.state.next_day).days / days

    def __str__(self) -> str:
        back_to = max(self.state.first, self.state.next_day + ONE_DAY)
        days = counted(self.state.tenant_days, "day of a tenant", "days of tenants")
        done = f"{days} counted, {counted(self.state.rows, 'row')} written"
        return f"{self.fraction:.0%}: {self.state.last} back to {back_to}, {done}"


def rebuild(
    *,
    services: Services,
    tenant_id: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    on_progress: Callable[[RebuildProgress], None] = lambda _: None,
) -> RebuildOutcome:
    """Count the local days *first* to *last* of one tenant or of all from their events; all days without dates.

    Idempotent. Called again with the same arguments after it was broken off, it goes on; once finished, it begins
    anew. Holds whose differences lie within are lifted; all days lift one that cannot be read too.

    Raises PeriodError, ServiceError.
    """
    arguments = (tenant_id, *(None if day is None else day.isoformat() for day in (first, last)))
    ledger = services.stores.rebuild_ledger(arguments=arguments)
    left = ledger.read()
    state = left or _begun(named_span(first, last, services=services), tenant_id, services=services)
    rest = Period(PeriodKind.RANGE, state.first, state.next_day)
    for block, outcome in recount(rest, tenant_id=tenant_id, services=services):
        state = _advanced(state, block, outcome)
        ledger.put(state)
        on_progress(RebuildProgress(state, outcome.tenant_days))
    span = Period(PeriodKind.RANGE, state.first, state.last)
    lifted = _lift(span, tenant_id, is_whole=first is None and last is None, services=services)
    ledger.forget()
    return RebuildOutcome(
        period=span,
        tenant_days=state.tenant_days,
        rows=state.rows,
        restated=state.restated,
        resumed=left is not None,
        lifted=tuple(sorted(lifted)),
    )


def _begun(span: Period, tenant_id: str | None, *, services: Services) -> RebuildState:
    begun_at = services.clock()
    return RebuildState(tenant_id=tenant_id, first=span.first, last=span.last, begun_at=begun_at, next_day=span.last)


def _advanced(state: RebuildState, block: Period, outcome: AggregationOutcome) -> RebuildState:
    return dataclasses.replace(
        state,
        next_day=block.first - ONE_DAY,
        tenant_days=state.tenant_days + outcome.tenant_days,
        rows=state.rows + outcome.rows,
        restated=state.restated + outcome.restated,
    )


def _lift(span: Period, tenant_id: str | None, *, is_whole: bool, services: Services) -> set[str]:
    holds = services.stores.holds
    mended = {
        each.tenant_id
        for each in holds.all()
        if tenant_id in {None, each.tenant_id}
        and (each.is_within(span.first, span.last) or (is_whole and each.is_of_every_day))
    }
    holds.lift(mended)
    return mended
