"""An edit of a stored profile: it writes what it changes, and leaves what it does not understand as it was written."""

from collections.abc import Collection, Mapping
from typing import Any

from signtally.domain.given_names import given_name
from signtally.domain.stored_profiles import read_profile
from signtally.domain.tenants import TenantProfile

_Document = dict[str, Any]
_ABSENT = object()


def edited(
    document: Mapping[str, object], *, before: TenantProfile, after: TenantProfile, named: Collection[str] = ()
) -> _Document:
    """The stored *document* with what differs between *before* (its valid part) and *after*.

    An invalid field stays as somebody wrote it, until an edit sets it, or names it among the *named* (`timezone`,
    `branding.logo`): then it takes the value of *after*, or goes. So do invalid schedules, and invalid recipients of
    valid ones, until one of their name is stored.
    """
    was = before.model_dump(mode="json", exclude_unset=True)
    now = after.model_dump(mode="json", exclude_unset=True)
    merged = _merged(dict(document), was, now, named=named)
    if was.get("schedules") != now.get("schedules"):
        left_out = _left_out(document.get("schedules"), before=before, after=after)
        partly = _partly_valid(document.get("schedules"))
        kept = [
            next((written for valid, written in partly if valid == each), each) for each in now.get("schedules", ())
        ]
        merged["schedules"] = [*kept, *left_out]
    return merged


def _merged(stored: _Document, was: _Document, now: _Document, *, named: Collection[str]) -> _Document:
    for name in sorted(was.keys() | now.keys() | {each.partition(".")[0] for each in named}):
        old, new, kept = was.get(name, _ABSENT), now.get(name, _ABSENT), stored.get(name)
        inner = {each.partition(".")[2] for each in named if each.startswith(f"{name}.")}
        if name not in named and not inner and old == new:
            continue
        if name not in named and isinstance(kept, dict):
            stored[name] = _merged(dict(kept), _fields(old), _fields(new), named=inner)
        elif new is _ABSENT:
            stored.pop(name, None)
        else:
            stored[name] = new
    return stored


def _fields(value: object) -> _Document:
    return value if isinstance(value, dict) else {}


def _left_out(stored: object, *, before: TenantProfile, after: TenantProfile) -> list[object]:
    """The stored schedules that are no part of *before*, but for those that *after* has by name."""
    known = {schedule.name for schedule in (*before.schedules, *after.schedules)}
    entries: list[object] = stored if isinstance(stored, list) else []
    return [entry for entry in entries if not (isinstance(entry, dict) and _name(entry.get("name")) in known)]


def _partly_valid(stored: object) -> list[tuple[_Document, _Document]]:
    """The stored schedules with invalid recipients: what applies of each, and each as it is written."""
    entries: list[object] = stored if isinstance(stored, list) else []
    found: list[tuple[_Document, _Document]] = []
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("recipients"), list):
            found += [
                (schedule.model_dump(mode="json", exclude_unset=True), entry)
                for schedule in read_profile({"schedules": [entry]}, tenant_id="any")[0].schedules
                if len(schedule.recipients) < len(entry["recipients"])
            ]
    return found


def _name(written: object) -> object:
    """In the form in which a schedule has it, if it is one."""
    try:
        return given_name(written) if isinstance(written, str) else written
    except ValueError:
        return written
