"""A tenant's profile from a stored document, field by field: an invalid field takes its default, the others apply."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import ValidationError

from signtally.domain.given_names import given_name, name_key
from signtally.domain.tenants import TenantProfile

_Location = tuple[int | str, ...]
_TELL_WHO_MAY_GET_REPORTS = frozenset({"status", "members", "recipient_domains"})
_WHO_GETS_REPORTS = frozenset({"recipients", "destinations"})  # of a schedule
_OF_ONE = 3  # the place of its number in a location: schedules, 0, recipients, 1


def read_profile(document: object, *, tenant_id: str) -> tuple[TenantProfile, tuple[str, ...]]:
    """The profile of *tenant_id*, and what is wrong with the document: a sentence for each invalid field.

    Never raises. A document that is no object, names another tenant, or names no time zone that exists makes the
    profile unreadable (`TenantProfile.is_unreadable`): its days are counted in UTC. The default of a field that tells
    who may get reports might send them to somebody who must not: it `hides_recipients`.
    """
    if not isinstance(document, Mapping):
        return unreadable_profile(tenant_id), ("it is not a JSON object",)
    named = document.get("tenant_id", tenant_id)
    fields = {name: value for name, value in document.items() if name in TenantProfile.model_fields}
    fields["tenant_id"] = tenant_id
    profile, problems = _salvage(fields, tenant_id=tenant_id)
    for name in document:
        if name not in fields:
            problems[name] = f"{name if name.isprintable() else repr(name)}: there is no such field"
    if "tenant_id" not in document:
        problems["tenant_id"] = "tenant_id: it is missing"
    elif named != tenant_id:
        return unreadable_profile(tenant_id), (f"it says that it is of {named!r}", *problems.values())
    if "timezone" in problems:
        profile = profile.as_unreadable()
    if any(name.partition(".")[0] in _TELL_WHO_MAY_GET_REPORTS for name in problems):
        profile = profile.as_hiding_recipients()
    return profile, tuple(problems.values())


def unreadable_profile(tenant_id: str) -> TenantProfile:
    """The defaults, for a tenant whose profile cannot be read."""
    return TenantProfile(tenant_id=tenant_id).as_unreadable()


def _salvage(fields: dict[str, object], *, tenant_id: str) -> tuple[TenantProfile, dict[str, str]]:
    """The profile of all valid fields, and a sentence for each invalid location, such as `branding.accent`."""
    problems: dict[str, str] = {}
    while True:
        try:
            return TenantProfile.model_validate(fields), problems
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
        problems |= {_dotted(each["loc"]): f"{_dotted(each['loc'])}: {_reason(each['msg'])}" for each in found}
        fewer = _without(fields, [each["loc"] for each in found])
        if fewer == fields:  # nothing left to take out: not known to happen, and an endless loop would be worse
            return TenantProfile(tenant_id=tenant_id), problems
        fields = fewer


def _without(fields: dict[str, object], locations: Sequence[_Location]) -> dict[str, object]:
    """The document without its invalid parts: a field, one of an object, a recipient, a destination, or a schedule."""
    kept = dict(fields)
    in_schedules = [each for each in locations if each[:1] == ("schedules",) and len(each) > 1]
    of_one = [each for each in in_schedules if len(each) > _OF_ONE and each[2] in _WHO_GETS_REPORTS]
    bad_schedules = {each[1] for each in in_schedules if each not in of_one}
    for name, *inner in filter(None, locations):
        value = kept.get(str(name))
        if name == "schedules" and isinstance(value, list):
            continue
        if inner and isinstance(value, dict):
            kept[str(name)] = {key: each for key, each in value.items() if key != inner[0]}
        else:
            kept.pop(str(name), None)
    schedules = kept.get("schedules")
    if not isinstance(schedules, list):
        return kept
    if in_schedules:
        kept["schedules"] = [
            _without_some(each, {(where[2], where[_OF_ONE]) for where in of_one if where[1] == index})
            for index, each in enumerate(schedules)
            if index not in bad_schedules
        ]
    elif ("schedules",) in locations:  # each is valid by itself, so several have one name
        kept["schedules"] = _first_of_each_name(schedules)
    return kept


def _without_some(schedule: dict[str, object], bad: Collection[tuple[int | str, int | str]]) -> dict[str, object]:
    """Whoever else is named gets the report all the same."""
    kept = dict(schedule)
    for name in {str(name) for name, _ in bad}:
        named = schedule[name]
        if isinstance(named, list):
            kept[name] = [each for index, each in enumerate(named) if (name, index) not in bad]
    return kept


def _first_of_each_name(schedules: list[dict[str, object]]) -> list[dict[str, object]]:
    by_name: dict[str, dict[str, object]] = {}
    for schedule in schedules:
        by_name.setdefault(name_key(given_name(str(schedule["name"]))), schedule)
    return list(by_name.values())


def _dotted(location: _Location) -> str:
    return ".".join(map(str, location))


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")
