"""Erasing a person: their names and addresses go, their figures stay under their user id."""

import dataclasses
import datetime as dt
import time
from collections import Counter
from collections.abc import Collection

from signtally.domain.erasures import Person
from signtally.domain.mail_addresses import spellings
from signtally.errors import SigntallyError
from signtally.services import Services
from signtally.stores.erasures import Erasure
from signtally.use_cases.erasing.steps import IN_THE_BUCKET, IN_THE_USAGE_STORE, emails_under_way, take
from signtally.use_cases.erasing.traces import Appearances, addresses_of


class UnknownUserError(SigntallyError, LookupError):
    """Nothing is known of this user, or of this tenant."""


class UnfinishedErasureError(SigntallyError):
    """Something could not be forgotten yet: the same call later forgets the rest."""


BROKEN_OFF = dt.timedelta(hours=1)  # an erasure that has not ended by then is taken up again


@dataclasses.dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """What this call *changed* by kind of thing, or would have with *dry_run*.

    At *looks_again_at* it is taken up once more; None: it was, or nothing was erased.
    """

    tenant_id: str
    user_id: str
    changed: dict[str, int]
    dry_run: bool
    looks_again_at: dt.datetime | None = None

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def erase(
    tenant_id: str,
    user_id: str,
    *,
    services: Services,
    emails: Collection[str] = (),
    dry_run: bool = False,
) -> ErasureOutcome:
    """Take a user's names and addresses out of everything that is stored; *emails* are addresses that only you know of.

    Idempotent; broken off anywhere, the same call goes on. Safe beside running programs: seconds after its first
    step none shows or stores the names any more, which it waits for. It is on record as due again: in an hour if it is
    broken off, in a day for what the usage store does not show yet. Raises
    UnknownUserError, UnfinishedErasureError while an email to the person is being sent, and a ServiceError.
    """
    person = _person(tenant_id, user_id, emails=emails, services=services)
    _require_known(person, services=services)
    if dry_run:
        steps = {**IN_THE_BUCKET, **IN_THE_USAGE_STORE}
        return ErasureOutcome(tenant_id, user_id, take(steps, person, services=services, dry_run=True), dry_run=True)
    earlier = services.stores.erasures.record(tenant_id, user_id)
    fresh = earlier or Erasure(tenant_id, user_id, begun_at=services.clock())
    erasure = _begun(fresh, person, services=services)
    services.stores.erasures.add(tenant_id, user_id)
    began = time.monotonic()
    changed = take(IN_THE_BUCKET, person, services=services)
    time.sleep(max(0.0, began + services.usage_store.names_hidden_after_seconds - time.monotonic()))
    changed |= take(IN_THE_USAGE_STORE, person, services=services)
    looks_again_at = fresh.next_look(services.clock())
    _finish(dataclasses.replace(erasure, looks_again_at=looks_again_at), changed, person, services=services)
    return ErasureOutcome(tenant_id, user_id, changed, dry_run=False, looks_again_at=looks_again_at)


def _person(tenant_id: str, user_id: str, *, emails: Collection[str], services: Services) -> Person:
    """With the addresses of a run that was broken off too: where it found them, they may be gone."""
    earlier = services.stores.erasures.record(tenant_id, user_id)
    known = addresses_of(tenant_id, user_id, services=services).union(emails, earlier.addresses if earlier else ())
    return Person(tenant_id, user_id, frozenset(spelt for each in known for spelt in spellings(each)))


def _require_known(person: Person, *, services: Services) -> None:
    tenant_id, user_id = person.tenant_id, person.user_id
    assert user_id is not None  # noqa: S101 -- one person
    stores = services.stores
    if person.emails or stores.erasures.record(tenant_id, user_id) is not None:
        return
    if stores.tenants.forget_person(person, dry_run=True) or Appearances.of(tenant_id, user_id, services=services):
        return
    if len(services.usage_store.events_with_names(tenant_id, user_id)):
        return
    if not stores.tenants.is_stored(tenant_id) and services.usage_store.first_usage_day(tenant_id) is None:
        raise UnknownUserError(f"there is no tenant {tenant_id}: neither a profile nor any figures; was it mistyped?")
    raise UnknownUserError(
        f"nothing is known of the user {user_id} of {tenant_id}: no figures, no membership, no address; was it "
        "mistyped? With --email ADDRESS, an address is looked for all the same"
    )


def _begun(fresh: Erasure, person: Person, *, services: Services) -> Erasure:
    """The record of an erasure under way, with what has to be known to finish it."""
    begun = dataclasses.replace(fresh, finished_at=None, addresses=tuple(sorted(person.emails)))
    services.stores.erasures.plan(person.tenant_id, person.user_id, at=services.clock() + BROKEN_OFF)
    services.stores.erasures.put(begun)
    return begun


def _finish(erasure: Erasure, changed: dict[str, int], person: Person, *, services: Services) -> None:
    total = dict(Counter(erasure.changed) + Counter(changed))
    if emails_under_way(person, services=services):
        services.stores.erasures.put(dataclasses.replace(erasure, changed=total))
        raise UnfinishedErasureError(
            f"an email to {person.user_id} is being sent at this moment, or its run has just died; everything else is "
            "done. The flow `erasures` does the rest within two hours; or run the same command again in 15 minutes"
        )
    done = dataclasses.replace(erasure, changed=total, addresses=(), finished_at=services.clock())
    services.stores.erasures.put(done)
    services.stores.erasures.plan(person.tenant_id, person.user_id, at=done.looks_again_at)
