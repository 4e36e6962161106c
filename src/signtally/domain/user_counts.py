"""What each user of a tenant did in some time, counted straight from events."""

import dataclasses

import polars as pl

from signtally.domain.actions import MEASURES, Action
from signtally.domain.first_received import FIRST_RECEIVED_ORDER, first_received

COUNTS = pl.Schema({measure: pl.Int64() for measure in MEASURES})
USER_COUNTS = pl.Schema(
    {
        "user_id": pl.String(),
        **{measure: pl.Int64() for measure in MEASURES},
        "user_name": pl.String(),
        "user_email": pl.String(),
    }
)


def user_counts(events: pl.DataFrame) -> pl.DataFrame:
    """One row a user, from all events of one tenant in that time; each event id counts once, as first received."""
    counts = [(pl.col("action") == action).sum().cast(pl.Int64).alias(action) for action in Action]
    latest = [pl.col(name).drop_nulls().last() for name in ("user_name", "user_email")]
    ordered = first_received(events).sort("occurred_at", *FIRST_RECEIVED_ORDER)
    return ordered.group_by("user_id").agg(*counts, *latest).match_to_schema(USER_COUNTS)


@dataclasses.dataclass(frozen=True, slots=True)
class UserSelection:
    """The first *limit* users behind the id *after*, by code point; of *user_ids* alone. None: without this bound."""

    after: str | None = None
    limit: int | None = None
    user_ids: tuple[str, ...] | None = None


EVERYBODY = UserSelection()


def page_of(users: pl.DataFrame, page: UserSelection) -> pl.DataFrame:
    """The users of a page, in order of their ids."""
    wanted = users if page.user_ids is None else users.filter(pl.col("user_id").is_in(list(page.user_ids)))
    behind = wanted if page.after is None else wanted.filter(pl.col("user_id") > page.after)
    ordered = behind.sort("user_id")
    return ordered if page.limit is None else ordered.head(page.limit)
