"""A report's files: one snapshot and its identity in, the bytes of one format out."""

import dataclasses
import datetime as dt
import importlib
import re
import unicodedata
from collections.abc import Callable

from signtally.domain.actions import Counts
from signtally.domain.periods import Period, period_between
from signtally.domain.reports import FORMATS
from signtally.domain.snapshot import DayUsage, ReportIdentity, UsageSnapshot
from signtally.domain.tenants import TenantProfile
from signtally.render.contents import Contents
from signtally.render.formats import locale_of
from signtally.render.translation import Translation
from signtally.render.verification import verify
from signtally.render.visible_text import one_line

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "json": "application/json",
}
_NAME_LIMIT_CHARACTERS = 60
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9 ._()&+-]+")


@dataclasses.dataclass(frozen=True, slots=True)
class RenderedFile:
    """A finished file; *filename* is what a person downloads: `Acme usage 2026-10.pdf`."""

    filename: str
    content_type: str
    body: bytes


Renderer = Callable[[str, UsageSnapshot, ReportIdentity], RenderedFile]


def render(format: str, snapshot: UsageSnapshot, identity: ReportIdentity) -> RenderedFile:  # noqa: A002  # the API's word
    """One file of a report, read again before it counts. Raises WrongFileError; ValueError for no format of FORMATS."""
    if format not in FORMATS:
        raise ValueError(f"{format!r} is no report format: choose among {', '.join(FORMATS)}")
    # WeasyPrint and openpyxl take a second to import, and only who renders should pay it.
    writer = importlib.import_module(f"signtally.render.{format}")
    body: bytes = writer.write(Contents(snapshot), identity)
    verify(format, body, snapshot, identity)
    return RenderedFile(download_name(snapshot, format), CONTENT_TYPES[format], body)


def key_name(format: str) -> str:  # noqa: A002  # the API's word
    """The file's name below its version in the bucket: `usage.pdf`."""
    return f"usage.{format}"


def download_name(snapshot: UsageSnapshot, extension: str) -> str:
    """Tenant and period, safe in every file system, in the tenant's language; a name in another script is the id's."""
    form = _words(snapshot.tenant).pgettext("name of a file", "%(tenant)s usage %(period)s")
    return _name(form, snapshot.tenant, snapshot.period, extension)


def documents_name(tenant: TenantProfile, period: Period) -> str:
    """The same of a list of documents."""
    form = _words(tenant).pgettext("name of a file", "%(tenant)s documents %(period)s")
    return _name(form, tenant, period, "csv")


def named_after(filename: str, *names: str) -> str:
    """The file's name with that of the one user whom it is about: the first of *names* that can be part of one."""
    stem, _, extension = filename.rpartition(".")
    return f"{stem} {_first_of(*names, 'user')}.{extension}"


def warm_up() -> None:
    """Render a tiny PDF, so that a worker's first real one finds its modules, fonts and templates loaded."""
    day = dt.date(2026, 1, 1)
    period = period_between(day, day)
    zero = Counts()
    snapshot = UsageSnapshot(
        tenant=TenantProfile(tenant_id="warm-up"),
        period=period,
        previous=period.previous,
        taken_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        data_through=None,
        totals=zero,
        previous_totals=zero,
        days=(DayUsage(day, zero),),
        users=(),
    )
    render("pdf", snapshot, ReportIdentity("warm-up", 1, snapshot.taken_at))


def _words(tenant: TenantProfile) -> Translation:
    return Translation.of(locale_of(tenant.locale))


def _name(form: str, tenant: TenantProfile, period: Period, extension: str) -> str:
    """Filled in here, because a translation would put invisible isolates around a name."""
    name = _first_of(tenant.display_name, tenant.tenant_id, "Tenant")
    return f"{form % {'tenant': name, 'period': period.name.replace('_', ' to ')}}.{extension}"


def _first_of(*names: str) -> str:
    return next(name for name in map(_ascii, names) if any(character.isalnum() for character in name))


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", one_line(text)).encode("ascii", "ignore").decode()
    cut = " ".join(_UNSAFE_IN_NAMES.sub(" ", plain).split())[:_NAME_LIMIT_CHARACTERS]
    return cut.strip(" .-+")
