"""What is known of a person before anything is forgotten: their addresses, and when files may show them."""

import dataclasses
import datetime as dt

import polars as pl

from signtally.domain.document_lifecycles import closed_at
from signtally.domain.document_pages import DocumentSelection
from signtally.domain.mail_addresses import in_small_letters
from signtally.domain.reports import ReportManifest
from signtally.domain.schemas import UTC_MICROSECONDS
from signtally.domain.time_units import ONE_DAY, UNIX_EPOCH
from signtally.ports.document_store import TenantSpan
from signtally.services import Services

_SPANS = pl.Schema({"begins": UTC_MICROSECONDS, "ends": UTC_MICROSECONDS})
_FIRST_DAY = dt.date(1970, 1, 2)
_FOR_EVER = dt.datetime(9998, 12, 31, tzinfo=dt.UTC)
_ALL_DOCUMENTS = 2**31 - 1


def addresses_of(tenant_id: str, user_id: str, *, services: Services) -> set[str]:
    """Every address that events, daily usage and schedules have of a user, in small letters. Raises a ServiceError."""
    store = services.usage_store
    named = (store.events_with_names(tenant_id, user_id), store.usage_with_names(tenant_id, user_id))
    profile = services.stores.tenants.get(tenant_id)
    written = {each.email for plan in profile.schedules for each in plan.recipients if each.user_id == user_id}
    seen = {email for rows in named for email in rows["user_email"].drop_nulls().unique()}
    return {in_small_letters(email) for email in written | seen}


@dataclasses.dataclass(frozen=True, slots=True)
class Appearances:
    """The days on which a user did anything, and how long each document that they sent was open (schema _SPANS)."""

    user_id: str
    spans: pl.DataFrame

    @classmethod
    def of(cls, tenant_id: str, user_id: str, *, services: Services) -> "Appearances":
        """Raises a ServiceError."""
        store, tomorrow = services.usage_store, services.clock() + ONE_DAY
        days = store.day_totals(tenant_id, first=_FIRST_DAY, last=tomorrow.date(), user_ids=[user_id])
        day = pl.col("day").cast(UTC_MICROSECONDS)
        by_user = DocumentSelection(_ALL_DOCUMENTS, sender_ids=(user_id,))
        lives = store.document_page(TenantSpan(tenant_id, UNIX_EPOCH, tomorrow), selection=by_user)
        ended = pl.max_horizontal(closed_at(), "completed_at")
        sent = lives.select(
            begins=pl.coalesce("first_sent_at", "completed_at"),
            ends=pl.coalesce(ended, pl.lit(_FOR_EVER, UTC_MICROSECONDS)),
        )
        return cls(user_id, pl.concat([_SPANS.to_frame(), days.select(begins=day, ends=day), sent]))

    def __bool__(self) -> bool:
        return len(self.spans) > 0

    def may_be_in(self, manifest: ReportManifest) -> bool:
        """Whether a version's files may name the user: never no where they do.

        Of the period that it is compared with, they name who fell silent since.
        """
        asked = manifest.request.user_ids
        if asked is not None and self.user_id not in asked:
            return False
        first = min(manifest.period.previous.first, manifest.request.period.previous.first)
        return self._is_between(first - ONE_DAY, manifest.period.last + 2 * ONE_DAY)  # a tenant's day is none of UTC

    def _is_between(self, first: dt.date, after: dt.date) -> bool:
        since, until = (pl.lit(each).cast(UTC_MICROSECONDS) for each in (first, after))
        return len(self.spans.filter(pl.col("begins") < until, pl.col("ends") >= since)) > 0
