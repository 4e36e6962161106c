"""How past actions are written where they come from: the names of their columns, their types, their zone."""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from signtally.domain.actions import Action
from signtally.domain.zone_names import ZoneName

FieldName = Literal[
    "id", "source", "type", "time", "tenant_id", "user_id", "document_id", "user_email", "user_name", "sent_at"
]
FIELDS: tuple[FieldName, ...] = get_args(FieldName)
OPTIONAL: frozenset[FieldName] = frozenset(("user_email", "user_name", "sent_at"))
_NO_DELIMITERS = '"\r\n'


def _event_type(text: str) -> str:
    if Action.of_event_type(text) is None:
        raise ValueError(f"{text!r} is none of {', '.join(action.event_type for action in Action)}")
    return text


def _delimiter(text: str) -> str:
    if len(text) != 1 or text in _NO_DELIMITERS:
        raise ValueError(f"{text!r} is no delimiter: write one character, such as ; or a tab")
    return text


class HistoryMapping(BaseModel):
    """A mapping file; without one, columns bear our own names. `docs/importing.md` explains each entry."""

    model_config = ConfigDict(title="mapping", frozen=True, extra="forbid")

    columns: Mapping[FieldName, Annotated[str, Field(min_length=1)]] = {}  # ours → theirs
    constants: Mapping[FieldName, str] = {}  # the same in every row, and no column
    types: Mapping[str, Annotated[str, AfterValidator(_event_type)]] = {}  # theirs → ours
    time_zone: ZoneName | None = None  # of times that do not say their offset
    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    query: Annotated[str, Field(min_length=1)] | None = None
    order_by: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "HistoryMapping":
        twice = sorted(set(self.columns) & set(self.constants))
        if twice:
            raise ValueError(f"{', '.join(twice)}: both a column and a constant; keep one of them")
        if (self.query is None) != (self.order_by is None):
            raise ValueError("query and order_by go together: name the unique column by which the query's rows go")
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.time_zone) if self.time_zone else None

    def column_of(self, field: FieldName) -> str | None:
        """The column that holds *field*; None when it is a constant."""
        return None if field in self.constants else self.columns.get(field, field)


def mapping_from_toml(text: str) -> HistoryMapping:
    """Raises TOMLDecodeError or pydantic's ValidationError."""
    return HistoryMapping.model_validate(tomllib.loads(text))
