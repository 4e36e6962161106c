"""What every file and email says of a snapshot, in one order and in the same words."""

import dataclasses
import functools

from signtally.domain.basis import Basis
from signtally.domain.definitions import Definition, definitions_used
from signtally.domain.snapshot import ReportIdentity
from signtally.domain.wording import translatable
from signtally.render.definitions import defined, translated
from signtally.render.measure_texts import MeasureTexts
from signtally.render.theme import Theme
from signtally.render.version_changes import changes_line
from signtally.render.visible_text import one_line

_BASES = {
    Basis.ACTIVITY: translatable("Activity basis: each event counts on the date it happened"),
    Basis.COHORT: translatable("Cohort basis: documents sent in the period, followed to their outcome so far"),
}
_IDS_IN_A_LINE = 12


@dataclasses.dataclass(frozen=True)
class Contents(MeasureTexts):
    """The snapshot in words: when, how much, of whom and by which rules; lists come in the order of every file."""

    @functools.cached_property
    def theme(self) -> Theme:
        return Theme().with_accent(self.snapshot.tenant.branding.accent)

    @property
    def tenant_name(self) -> str:
        return one_line(self.snapshot.tenant.display_name) or self.snapshot.tenant.tenant_id

    @property
    def basis(self) -> str:
        """By which date the figures count, as a line of its own."""
        return self.words.gettext(_BASES[self.snapshot.basis])

    @property
    def is_on_activity(self) -> bool:
        """Whether the figures count as everybody expects who is not told otherwise."""
        return self.snapshot.basis is Basis.ACTIVITY

    def filters(self, *, most_ids: int | None = None) -> str:
        """Which users the figures are about; at most so many ids, and how many more there are."""
        ids = self.snapshot.user_ids
        if ids is None:
            return self.words.gettext("None (all users)")
        named = ", ".join(one_line(user_id) for user_id in ids[:most_ids])
        count, rest = self.formats.number(len(ids)), len(ids) - len(ids[:most_ids])
        if not rest:
            return self.words.ngettext(
                "%(count)s user: %(ids)s", "%(count)s users: %(ids)s", len(ids), count=count, ids=named
            )
        return self.words.ngettext(
            "%(count)s user: %(ids)s and %(rest)s more",
            "%(count)s users: %(ids)s and %(rest)s more",
            len(ids),
            count=count,
            ids=named,
            rest=self.formats.number(rest),
        )

    @property
    def definitions(self) -> tuple[Definition, ...]:
        used = definitions_used(
            allowance=self.allowance is not None, basis=self.snapshot.basis, restated=bool(self.snapshot.restated)
        )
        return tuple(translated(line, self.words) for line in used)

    def definition(self, term: str) -> str:
        return defined(term, words=self.words, basis=self.snapshot.basis).meaning

    @property
    def row_count(self) -> str:
        users, days = len(self.snapshot.users), len(self.snapshot.days)
        ngettext, number = self.words.ngettext, self.formats.number
        return self.formats.listed(
            ngettext("%(count)s user row", "%(count)s user rows", users, count=number(users)),
            ngettext("%(count)s day row", "%(count)s day rows", days, count=number(days)),
        )

    @property
    def control_totals(self) -> str:
        """The sums that the rows of every table must add up to."""
        return " · ".join(f"{line.heading} {self.formats.number(line.now)}" for line in self.measures)

    def facts(self, identity: ReportIdentity) -> tuple[tuple[str, str], ...]:
        """What the file says of itself, as label and text."""
        gettext = self.words.gettext
        version = self.formats.number(identity.version)
        changes = changes_line(identity.changes, self.formats)
        return (
            (gettext("Organization"), self.with_detail(self.tenant_name, one_line(self.snapshot.tenant.tenant_id))),
            (gettext("Period"), self.described(self.period, self.snapshot.period)),
            (gettext("Previous period"), self.described(self.previous_period, self.snapshot.previous)),
            (gettext("Time zone"), self.zone),
            (gettext("Basis"), self.basis),
            (gettext("Filter"), self.filters(most_ids=_IDS_IN_A_LINE)),
            (gettext("Data through"), self.data_through),
            (gettext("Rows"), self.row_count),
            (gettext("Control totals"), self.control_totals),
            (
                gettext("Report"),
                gettext("%(report_id)s, version %(version)s", report_id=identity.report_id, version=version),
            ),
            (gettext("Created"), self.formats.instant(identity.made_at)),
            *([(gettext("Changes"), changes)] if changes else []),
        )
