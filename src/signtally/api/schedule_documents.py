"""A schedule as the API shows it, and as it is sent to be stored."""

import datetime as dt
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from signtally.api.destination_documents import DestinationDocument, DestinationOrders, stored_destinations
from signtally.api.documents import NextCursor
from signtally.domain.given_names import GivenName
from signtally.domain.schedule_terms import Schedule, ScheduleTerms, destination_labelled
from signtally.domain.schedules import next_due
from signtally.domain.tenants import TenantProfile

_EXAMPLE: JsonDict = {
    "every": "week",
    "on": "monday",
    "at": "08:30",
    "formats": ["pdf", "xlsx"],
    "recipients": [{"email": "ann@acme.example", "user_id": "u_17"}],
}
NextAt = Annotated[
    AwareDatetime | None,
    Field(description="When it is due next, by UTC; null while it is paused"),
]


class ScheduleDefinition(ScheduleTerms):
    """A schedule as `GET` returns it. `name` may be left out, because it is in the address; `next_at` is ignored."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: GivenName | None = None
    destinations: DestinationOrders = Field(default=(), description="Where it is posted, beside its emails")
    next_at: NextAt = None

    def named(self, name: str, *, before: Schedule | None, now: dt.datetime) -> Schedule:
        """The schedule to store in place of *before* (None: a new one).

        A new one starts *now* unless it says when, and so does one that is no longer paused. Raises ProblemError (422)
        for a destination that nothing can be posted to.
        """
        fields = self.model_dump(exclude_unset=True, exclude={"next_at", "destinations"}) | {"name": name}
        if "destinations" in self.model_fields_set:
            fields["destinations"] = stored_destinations(self.destinations, before=before)
        resumes = before is not None and before.paused and not self.paused
        asked = "starts_at" in self.model_fields_set and not (resumes and before and self.starts_at == before.starts_at)
        if not asked:
            fields["starts_at"] = now if before is None or resumes else before.starts_at
        return Schedule.model_validate(fields)


class ScheduleDocument(ScheduleTerms):
    """A schedule, and when it is due next."""

    name: GivenName
    destinations: tuple[DestinationDocument, ...]
    next_at: NextAt

    @classmethod
    def of(
        cls, schedule: Schedule, *, tenant: TenantProfile, now: dt.datetime, before: Schedule | None = None
    ) -> "ScheduleDocument":
        """Secrets are shown where they are not those of *before*, which is the schedule itself but for a change."""
        known = before or schedule
        destinations = tuple(
            DestinationDocument.of(each, before=destination_labelled(each.label, known))
            for each in schedule.destinations
        )
        next_at = None if schedule.paused else next_due(tenant, schedule, after=now).due_at
        return cls(**dict(schedule) | {"destinations": destinations}, next_at=next_at)


class SchedulePage(BaseModel):
    rows: list[ScheduleDocument] = Field(description="By name")
    next_cursor: NextCursor
