"""What retention has ended, dropped where the usage store does not do so by itself."""

import dataclasses

from signtally.services import Services


@dataclasses.dataclass(frozen=True, slots=True)
class ExpiryOutcome:
    """The names of what was *dropped*: tables of months and years."""

    dropped: list[str]

    def as_dict(self) -> dict[str, object]:
        return {"dropped": self.dropped}


def drop_expired(*, services: Services, dry_run: bool = False) -> ExpiryOutcome:
    """Drop months and years that are older than retention; with *dry_run* only say which. Raises a ServiceError."""
    return ExpiryOutcome(services.usage_store.drop_expired(now=services.clock(), dry_run=dry_run))
