"""The shape of the JSON file: what it says of itself, and every field of the snapshot under its own name."""

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_type_hints

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, create_model
from pydantic.json_schema import GenerateJsonSchema

from signtally.domain.snapshot import ReportIdentity, UsageSnapshot
from signtally.domain.tenants import Allowance, Branding, TenantProfile
from signtally.render.about import About, AboutPeriod, Meaning, Rates, about
from signtally.render.contents import Contents
from signtally.render.report_schema import SCHEMA_FILE, SCHEMA_ID, SchemaId

# What the published schema says of the snapshot's fields.
_MEANINGS = {
    "period": "The reported calendar days in the tenant’s time zone, both ends included; it ends today at the latest",
    "previous": "The period that it is compared with",
    "previous_until": "Of a day that is not over: until when the day before is counted; null: whole days are compared",
    "first_data_day": "The tenant’s first day with any figures; null: there is none",
    "taken_at": "When the figures were read",
    "data_through": "Everything received before this instant is in the figures; null: nothing was ever received",
    "totals": "Events of the period by action: what the rows of users and of days each add up to",
    "previous_totals": "The same of the period that it is compared with",
    "days": "Every day of the period in order, days without activity too",
    "users": "Users with any activity; most documents sent first",
    "user_ids": "The filter: figures of these users alone; null: every user",
    "basis": "`activity`: each event counts on its own date; `cohort`: documents sent in the period, by their outcome",
    "allowance": "Use of the monthly allowance; null: there is none, or the figures are those of some users",
    "insights": "Turnaround, open documents and hours of activity; null: not read",
    "restated": "Days whose figures changed after a report had included them",
    "provisional_days": "Days of which some events have not been counted yet",
    "cohort": "Documents sent in the period, by how far they have come by now; null: not read",
    "previous_cohort": "The same of the period that it is compared with",
    "trend": "The periods before and, last, the reported one, as far back as there are data",
    "inactive_users": "Users without activity in the period, and with some in the one before",
    "documents": "Documents that were open at any moment of the period; open ones first, the oldest first",
    "user_days": "Users by day with any activity; beyond 62 days by month, named by its first day",
    "all_users": "Whether the PDF lists every user, however many there are",
}


class ReportTenant(BaseModel):
    """The tenant's profile without its schedules, which name people."""

    model_config = ConfigDict(frozen=True)

    tenant_id: str
    name: str | None
    timezone: str
    locale: str
    week_starts_on: str
    branding: Branding
    allowance: Allowance
    csv: Literal["comma", "semicolon"] | None
    is_unreadable: bool = Field(description="Whether the stored profile could not be read: its days are then in UTC")

    @classmethod
    def of(cls, profile: TenantProfile) -> Self:
        named: dict[str, Any] = {name: getattr(profile, name) for name in cls.model_fields}
        return cls(**named)

    def profile(self) -> TenantProfile:
        known = {name: getattr(self, name) for name in type(self).model_fields if name != "is_unreadable"}
        profile = TenantProfile(**known)
        return profile.as_unreadable() if self.is_unreadable else profile


def _table(schema: pl.Schema) -> Any:  # noqa: ANN401 -- a type with its annotations
    """A data frame that is a list of objects in JSON, one a row."""
    return Annotated[
        pl.DataFrame,
        BeforeValidator(functools.partial(_frame, schema=schema)),
        PlainSerializer(pl.DataFrame.to_dicts),
        WithJsonSchema({"type": "array", "items": _row_schema(schema)}),
    ]


def _frame(rows: object, *, schema: pl.Schema) -> pl.DataFrame:
    if isinstance(rows, pl.DataFrame):
        return rows
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError("it is no list of objects")
    instants = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime)]
    days = [name for name, kind in schema.items() if isinstance(kind, pl.Date)]
    written = {name: pl.String() if name in {*instants, *days} else kind for name, kind in schema.items()}
    try:
        return (
            pl.DataFrame(rows, schema=written)
            .with_columns(pl.col(instants).str.to_datetime(time_unit="us", time_zone="UTC", format="%+"))
            .with_columns(pl.col(days).str.to_date("%Y-%m-%d"))
            .match_to_schema(schema)
        )
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise ValueError(f"its rows are not those of the schema: {error}") from None


def _row_schema(schema: pl.Schema) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _cell_schema(kind) for name, kind in schema.items()},
        "required": list(schema),
    }


def _cell_schema(kind: pl.DataType) -> dict[str, Any]:
    match kind:
        case pl.Datetime():
            return {"type": ["string", "null"], "format": "date-time"}
        case pl.Date():
            return {"type": ["string", "null"], "format": "date"}
        case pl.Float64():
            return {"type": ["number", "null"]}
        case pl.Int64():
            return {"type": ["integer", "null"]}
        case _:
            return {"type": ["string", "null"]}


_DESCRIBED = {kind.__name__ for kind in (About, AboutPeriod, Meaning, Rates, ReportTenant)}


class _Whole(BaseModel):
    """A report: what it says of itself, and all of its figures."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True, title="Signtally usage report")
    _FIELDS: ClassVar[tuple[str, ...]] = tuple(field.name for field in dataclasses.fields(UsageSnapshot))

    schema_id: SchemaId = Field(alias="$schema")
    about: About

    @classmethod
    def of(cls, contents: Contents, identity: ReportIdentity) -> "_Whole":
        """Of one report; the values come from the product itself and are not checked again."""
        fields: dict[str, Any] = {name: getattr(contents.snapshot, name) for name in cls._FIELDS}
        fields |= {"schema_id": SCHEMA_ID, "about": about(contents, identity)}
        return cls.model_construct(None, **fields | {"tenant": ReportTenant.of(contents.snapshot.tenant)})

    def identity(self) -> ReportIdentity:
        return ReportIdentity(self.about.report_id, self.about.version, self.about.created_at, self.about.changes)

    def snapshot(self) -> UsageSnapshot:
        fields: dict[str, Any] = {name: getattr(self, name) for name in self._FIELDS}
        return UsageSnapshot(**fields | {"tenant": fields["tenant"].profile()})


def _snapshot_fields() -> dict[str, Any]:
    """Every field of the snapshot, so that none can be forgotten; frames and the tenant in a shape of their own."""
    hints = get_type_hints(UsageSnapshot)
    kinds: dict[str, Any] = {field.name: hints[field.name] for field in dataclasses.fields(UsageSnapshot)}
    for field in dataclasses.fields(UsageSnapshot):
        if kinds[field.name] is pl.DataFrame:
            assert callable(field.default_factory)  # noqa: S101 -- an empty frame, which knows its schema
            kinds[field.name] = _table(field.default_factory().schema)
    kinds["tenant"] = ReportTenant
    return {name: (kind, Field(description=_MEANINGS.get(name))) for name, kind in kinds.items()}


ReportDocument = create_model("ReportDocument", __base__=_Whole, **_snapshot_fields())


class _Published(GenerateJsonSchema):
    """Leaves out titles that repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 -- pydantic's signature
        return False


def published_schema() -> bytes:
    """The text of `report.schema.json`: what docstrings tell developers is not in it."""
    model = ReportDocument.model_json_schema(mode="serialization", schema_generator=_Published)
    for name, part in model["$defs"].items():
        if name not in _DESCRIBED:
            part.pop("description", None)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return (json.dumps(head | model, indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    Path(__file__).with_name(SCHEMA_FILE).write_bytes(published_schema())
