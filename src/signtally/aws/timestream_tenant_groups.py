"""Conditions on many tenants in one query of Timestream SQL: those with the same span are named together."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from signtally.aws.timestream_sql import literal
from signtally.ports.document_store import TenantSpan

# A query may have 256 KiB and names its tenants up to four times.
_NAMES_MAX_BYTES = 48 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class TenantGroup:
    """Tenants with one span; *names* is a list of literals."""

    names: str
    since: dt.datetime
    until: dt.datetime
    parted_at: tuple[dt.datetime, ...]


class TenantGroups:
    """What one query asks of the tenants of *spans*: no tenant has two of them."""

    def __init__(self, spans: Sequence[TenantSpan]) -> None:
        alike: dict[tuple[dt.datetime, dt.datetime, tuple[dt.datetime, ...]], list[str]] = {}
        for span in spans:
            alike.setdefault((span.since, span.until, span.parted_at), []).append(literal(span.tenant_id))
        self._groups = [TenantGroup(", ".join(names), *span) for span, names in alike.items()]

    @property
    def named(self) -> str:
        """The condition that a row is of one of these tenants."""
        return f"tenant_id IN ({', '.join(group.names for group in self._groups)})"

    def where(self, condition: Callable[[TenantGroup], str]) -> str:
        """That a row is of one of these tenants and meets its group's condition."""
        each = [f"(tenant_id IN ({group.names}) AND {condition(group)})" for group in self._groups]
        return each[0] if len(each) == 1 else f"({' OR '.join(each)})"

    def choose(self, expression: Callable[[TenantGroup], str]) -> str:
        """The expression of a row's group."""
        if len({expression(group) for group in self._groups}) == 1:
            return expression(self._groups[0])
        whens = " ".join(f"WHEN tenant_id IN ({group.names}) THEN {expression(group)}" for group in self._groups)
        return f"CASE {whens} END"


def tenant_groups(spans: Sequence[TenantSpan]) -> Iterator[TenantGroups]:
    """As few as can be, each with no more tenants than one query can name."""
    batch: list[TenantSpan] = []
    size = 0
    for span in spans:
        width = len(literal(span.tenant_id).encode()) + len(", ")
        if batch and size + width > _NAMES_MAX_BYTES:
            yield TenantGroups(batch)
            batch, size = [], 0
        batch.append(span)
        size += width
    if batch:
        yield TenantGroups(batch)
