"""A schedule's destinations as the API shows them, without what is secret, and as they are sent to be stored."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from signtally.api.problem_codes import parts_of
from signtally.api.problems import invalid
from signtally.domain.destinations import Destination, DestinationKind, check_labels, new_secret
from signtally.domain.given_names import GivenName
from signtally.domain.schedule_terms import MOST_DESTINATIONS, Schedule, destination_labelled


class DestinationOrder(BaseModel):
    """A destination to store. What it has by that kind and name stays where `url` or `secret` is left out."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: GivenName
    kind: DestinationKind = Field(
        description="`slack`: an incoming webhook of Slack, or of what takes the same (`text`). `teams`: one of Teams. "
        "`webhook`: signed JSON, by Standard Webhooks"
    )
    url: str | None = Field(
        default=None,
        max_length=2000,
        description="By https, at a public address; the shortened one keeps what is stored",
    )
    secret: str | None = Field(
        default=None,
        max_length=200,
        description="Of a `webhook`: `whsec_` and 24 to 64 bytes in base64. Left out for a new one, it is made for you",
    )

    @property
    def label(self) -> str:
        return f"{self.kind}:{self.name}"

    def fields(self, before: Destination | None) -> dict[str, Any]:
        """Those of the destination to store."""
        keeps_url = before is not None and self.url in {None, before.shown_url}
        secret = self.secret
        if self.kind == "webhook" and secret is None:
            secret = (before and before.secret) or new_secret()
        url = before.url if before is not None and keeps_url else self.url or ""
        return {"name": self.name, "kind": self.kind, "url": url, "secret": secret}


def _distinct(orders: tuple[DestinationOrder, ...]) -> tuple[DestinationOrder, ...]:
    check_labels(orders)
    return orders


DestinationOrders = Annotated[
    tuple[DestinationOrder, ...], Field(max_length=MOST_DESTINATIONS), AfterValidator(_distinct)
]


class DestinationDocument(BaseModel):
    """A destination without what is secret."""

    name: str
    kind: DestinationKind
    url: str = Field(description="Shortened to its host: the rest is as secret as a password")
    secret: str | None = Field(
        default=None, description="Only in the answer to the `PUT` that set it; it is never shown again"
    )

    @classmethod
    def of(cls, destination: Destination, *, before: Destination | None) -> "DestinationDocument":
        is_new = before is None or before.secret != destination.secret
        return cls(
            name=destination.name,
            kind=destination.kind,
            url=destination.shown_url,
            secret=destination.secret if is_new else None,
        )


def stored_destinations(orders: Sequence[DestinationOrder], *, before: Schedule | None) -> tuple[Destination, ...]:
    """The destinations to store. Raises ProblemError (422) that names the part, and never what it says."""
    return tuple(_stored(order, number, before=before) for number, order in enumerate(orders))


def _stored(order: DestinationOrder, number: int, *, before: Schedule | None) -> Destination:
    try:
        known = None if before is None else destination_labelled(order.label, before)
        return Destination.model_validate(order.fields(known))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid(*parts_of(found, below=("body", "destinations", number))) from None
