"""What a digest says of one that it replaces, and of earlier ones that do not hold any more."""

from collections.abc import Sequence

from signtally.domain.actions import Action, Counts
from signtally.domain.corrections import ChangedPeriod, Told
from signtally.render.contents import Contents
from signtally.render.measure_changes import measure_change
from signtally.render.period_names import period_title


def correction_sentences(told: Told, contents: Contents) -> list[str]:
    """What it replaces and what has changed: `October 2026: sent 45 → 50, completed 30 → 33`."""
    gettext = contents.words.gettext
    day = contents.formats.date(told.at.astimezone(contents.snapshot.tenant.zone).date())
    replaces = (
        gettext("Corrected: this replaces what was sent on %(date)s.", date=day)
        if told.is_complete
        else gettext("Now complete: this replaces the incomplete figures sent on %(date)s.", date=day)
    )
    changes = _changes(told.totals, contents.snapshot.totals, contents)
    return [replaces, _line(contents.period, changes, contents) if changes else gettext("No figure has changed.")]


def subject_of_correction(told: Told, contents: Contents) -> str:
    """`Corrected — Acme: usage for October 2026 — sent 45 → 50`."""
    gettext = contents.words.gettext
    title = gettext("%(tenant)s: usage for %(period)s", tenant=contents.tenant_name, period=contents.period_in_text)
    begins = gettext("Corrected") if told.is_complete else gettext("Now complete")
    changes = _changes(told.totals, contents.snapshot.totals, contents, most=2)
    return " — ".join(filter(None, (begins, title, changes)))


def earlier_lines(changed: Sequence[ChangedPeriod], contents: Contents) -> list[str]:
    """`September 2026: sent 45 → 50`, for each earlier period."""
    formats, today = contents.formats, contents.today
    return [
        _line(period_title(each.period, formats, today=today), _changes(each.told, each.now, contents), contents)
        for each in changed
    ]


def _line(period: str, changes: str, contents: Contents) -> str:
    return contents.words.gettext("%(name)s: %(value)s", name=period, value=changes)


def _changes(before: Counts, after: Counts, contents: Contents, *, most: int | None = None) -> str:
    pairs = zip(Action, before.as_tuple(), after.as_tuple(), strict=True)
    found = [measure_change(*each, formats=contents.formats) for each in pairs if each[1] != each[2]]
    return contents.formats.listed(*found[:most])
