"""Which report is meant: its request, its id, its versions and what was stored of each."""

import dataclasses
import datetime as dt
import enum
import hashlib
import json
from collections.abc import Iterable
from typing import Literal, get_args

from signtally.domain.actions import Counts
from signtally.domain.basis import Basis
from signtally.domain.periods import Period
from signtally.domain.report_changes import VersionChanges

ReportFormat = Literal["pdf", "xlsx", "csv", "zip", "json"]
FORMATS: tuple[ReportFormat, ...] = get_args(ReportFormat)


def ordered_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Each format once, in the order of FORMATS. Raises ValueError when there is none, or one that is not made."""
    asked = set(formats)
    if not asked or not asked <= set(FORMATS):
        raise ValueError(f"the formats are {', '.join(FORMATS)}: ask for one or more of them")
    return tuple(format_ for format_ in FORMATS if format_ in asked)


class ReportStatus(enum.StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True, slots=True)
class ReportKey:
    """One version of one report of one tenant."""

    tenant_id: str
    report_id: str
    version: int


@dataclasses.dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is about; two equal requests are the same report, whoever asks and whenever."""

    tenant_id: str
    period: Period  # whole: clipping to today happens when the figures are read
    formats: tuple[str, ...]  # in the order of FORMATS
    user_ids: tuple[str, ...] | None = None  # None: every user of the tenant
    basis: Basis = Basis.ACTIVITY
    all_users: bool = False  # print every user, however many there are, not the most active ones alone
    locale: str | None = None  # the language of its files; None: the tenant's

    @property
    def report_id(self) -> str:
        """URL-safe and the same for equal requests: the period's name and a digest of the rest."""
        return self._named(self.formats)

    @property
    def group(self) -> str:
        """The same for requests that differ in their formats alone; of the form of a report id, and none."""
        return self._named("group")

    def _named(self, kind: object) -> str:
        about = [self.period.kind, str(self.period.first), str(self.period.last), kind, self.user_ids]
        if self.basis is not Basis.ACTIVITY:  # reports are older than these choices, and keep their ids
            about.append(self.basis)
        if self.all_users:
            about.append("all users")
        if self.locale is not None:
            about.append(f"locale {self.locale}")
        digest = hashlib.sha256(json.dumps([self.tenant_id, *about]).encode()).hexdigest()
        return f"{self.period.name}-{digest[:12]}"


def period_name_of(report_id: str) -> str:
    """The name of the period that a report, or a group of reports, is about."""
    return report_id.rpartition("-")[0]


@dataclasses.dataclass(frozen=True, slots=True)
class ReportFile:
    """One file of a stored version; *key* is where it lies in the bucket."""

    format: str
    key: str
    filename: str
    size_bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class SourceMark:
    """A digest of all that a report's figures depend on: while it is the same, so are they, until *until*."""

    digest: str
    until: dt.datetime | None = None  # when they change by themselves: an open document is a day older then

    def stands(self, digest: str, *, now: dt.datetime) -> bool:
        """Whether figures that bear this mark are those of *now*, whose digest is given."""
        return self.digest == digest and (self.until is None or now < self.until)


@dataclasses.dataclass(frozen=True, slots=True)
class ReportManifest:
    """What was stored as one version of a report; written last, so its presence means that the version is whole."""

    key: ReportKey
    request: ReportRequest
    period: Period  # clipped to the day on which it was made
    timezone: str
    made_at: dt.datetime
    data_through: dt.datetime | None
    totals: Counts
    previous_totals: Counts
    row_count: int
    fingerprint: str  # of the figures: equal figures, equal fingerprint
    files: tuple[ReportFile, ...]
    day_totals: dict[dt.date, Counts] | None = None  # of days that are not all zeros; None: made before they were kept
    user_figures: str | None = None  # the key of what it said of each user; None: made before that was kept
    changes: VersionChanges | None = None  # since the version before it; None: there is none
    look: str | None = None  # a digest of colours, logo or separator in its files; None: made before that was kept
    source: SourceMark | None = None  # what it was made of; None: that was not to be told
    requested_by: str | None = None  # as its claim says; None: made before that was kept here, as `requested_at`
    requested_at: dt.datetime | None = None
