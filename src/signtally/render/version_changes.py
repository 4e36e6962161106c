"""What changed since the version before, in one line that every file shows: "sent 45 → 50"."""

from signtally.domain.actions import Action
from signtally.domain.report_changes import VersionChanges
from signtally.render.formats import Formats
from signtally.render.measure_changes import measure_change


def changes_line(changes: VersionChanges | None, formats: Formats) -> str:
    """Empty for a first version (None); a version without other figures says so."""
    if changes is None:
        return ""
    parts = [
        measure_change(Action(each.measure), each.before, each.after, formats=formats) for each in changes.measures
    ]
    parts += _extent(changes, formats)
    since = {"version": changes.since_version, "when": formats.clock(changes.since_made_at)}
    if not parts:
        return formats.words.gettext("No figure has changed since version %(version)s of %(when)s.", **since)
    listed = formats.listed(*parts)
    return formats.words.gettext("Changed since version %(version)s of %(when)s: %(changes)s", changes=listed, **since)


def _extent(changes: VersionChanges, formats: Formats) -> list[str]:
    """In how many days, and of how many users, as far as that is known."""
    words, parts = formats.words, []
    if days := changes.changed_days:
        parts.append(words.ngettext("on %(count)s day", "on %(count)s days", days, count=formats.number(days)))
    if users := changes.changed_users:
        parts.append(words.ngettext("of %(count)s user", "of %(count)s users", users, count=formats.number(users)))
    return parts
