"""Compares the stored daily usage with the expectation of the sample traffic, row by row."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from signtally.domain.actions import MEASURES
from signtally.services import Services

_Row = tuple[int, ...]
_Key = tuple[str, str, str]  # tenant, user, day
_ZERO = (0,) * len(MEASURES)


def differences(expected: dict[str, Any], *, services: Services) -> Iterator[str]:
    """One line for each row that is missing, unexpected or different; empty when all agree."""
    true, stored = _true_rows(expected), _stored_rows(expected, services=services)
    for key in sorted({*true, *stored}):
        row, found = true.get(key, _ZERO), stored.get(key, _ZERO)
        if row != found:
            parts = (
                f"{measure} {want} ≠ {have}"
                for measure, want, have in zip(MEASURES, row, found, strict=True)
                if want != have
            )
            yield f"{' '.join(key)}: expected ≠ stored: {', '.join(parts)}"


def _true_rows(expected: dict[str, Any]) -> dict[_Key, _Row]:
    return {
        (tenant_id, user_id, day): tuple(counts[measure] for measure in MEASURES)
        for tenant_id, tenant in expected["tenants"].items()
        for user_id, user in tenant["users"].items()
        for day, counts in user["days"].items()
    }


def _stored_rows(expected: dict[str, Any], *, services: Services) -> dict[_Key, _Row]:
    a_day = dt.timedelta(days=1)  # local days reach beyond the instants' own dates
    rows = services.usage_store.daily_usage(
        first=dt.datetime.fromisoformat(expected["since"]).date() - a_day,
        last=dt.datetime.fromisoformat(expected["until"]).date() + a_day,
        tenant_ids=sorted(expected["tenants"]),
    )
    return {
        (row["tenant_id"], row["user_id"], str(row["day"])): tuple(row[measure] for measure in MEASURES)
        for row in rows.iter_rows(named=True)
    }
