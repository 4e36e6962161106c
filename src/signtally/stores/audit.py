"""The audit trail: one object an entry, never written twice, whose key alone tells when, what and to what.

Below `audit/{tenant}/`, keys count down from the end of time, so that a listing begins with the newest entry.
"""

import dataclasses
import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterator

from pydantic import TypeAdapter, ValidationError

from signtally.domain.audit import AuditAction, AuditEntry
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys
from signtally.stores.report_index import milliseconds
from signtally.threads import ContextThreads

_LAST_INSTANT_MS = 10**14 - 1
_READERS = 16
_MOST_KEYS_SEEN = 10_000  # of one page: a rare kind of entry among many leads to a short page with a cursor
# Also the form of a position in the listing.
POSITION = re.compile(r"\d{14}\.(?P<action>[a-z.]+)\.(?P<subject>[0-9a-f]{12})\.[0-9a-f]{8}", re.ASCII)
_ENTRY = TypeAdapter(AuditEntry)
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, the newest first, and the position *after* which the next page starts; None at the end."""

    entries: list[AuditEntry]
    after: str | None


class AuditTrail:
    """What was done in each tenant. Entries are only ever added, but for what has to be forgotten."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def add(self, tenant_id: str, entry: AuditEntry) -> None:
        """Store an entry: one write. Raises a ServiceError when the bucket does not take it."""
        left = _LAST_INSTANT_MS - milliseconds(entry.at)
        name = f"{left:014}.{entry.action}.{_digest(entry.subject)}.{secrets.token_hex(4)}"
        self._objects.put(f"{_folder(tenant_id)}{name}", _ENTRY.dump_json(entry))

    def page(
        self,
        tenant_id: str,
        *,
        limit: int,
        after: str | None = None,
        action: AuditAction | None = None,
        subject: str | None = None,
    ) -> AuditPage:
        """At most *limit* entries behind the position *after*, of one *action* and to one *subject* if they are given.

        A page may be shorter, even empty, and not be the last: `after` tells. An entry that cannot be read is left out.
        """
        names = self._names(tenant_id, after=after)
        wanted: list[str] = []
        last = None
        for seen, name in enumerate(names):
            if len(wanted) == limit or seen == _MOST_KEYS_SEEN:
                return AuditPage(self._read(tenant_id, wanted), last)
            last = name
            if _fits(name, action=action, subject=subject):
                wanted.append(name)
        return AuditPage(self._read(tenant_id, wanted), None)

    def rewrite(self, tenant_id: str, change: Callable[[AuditEntry], AuditEntry], *, dry_run: bool = False) -> int:
        """Store what *change* makes of each entry, where that is another one; how many. For what has to be forgotten.

        Idempotent: an entry whose subject changes is under its new name before it leaves the old one.
        """
        rewritten = 0
        with ContextThreads(_READERS) as readers:
            for name, entry in readers.map(self._named_entry(tenant_id), [*self._names(tenant_id, after=None)]):
                changed = entry and change(entry)
                if changed is None or changed == entry:
                    continue
                rewritten += 1
                if not dry_run:
                    self._replace(tenant_id, name, changed)
        return rewritten

    def _named_entry(self, tenant_id: str) -> Callable[[str], tuple[str, AuditEntry | None]]:
        return lambda name: (name, self._entry(f"{_folder(tenant_id)}{name}"))

    def _replace(self, tenant_id: str, name: str, entry: AuditEntry) -> None:
        left, _, rest = name.partition(".")
        token = rest.rpartition(".")[2]
        renamed = f"{left}.{entry.action}.{_digest(entry.subject)}.{token}"
        self._objects.put(f"{_folder(tenant_id)}{renamed}", _ENTRY.dump_json(entry))
        if renamed != name:
            self._objects.delete([f"{_folder(tenant_id)}{name}"])

    def _names(self, tenant_id: str, *, after: str | None) -> Iterator[str]:
        folder = _folder(tenant_id)
        for found in self._objects.list_objects(folder, after=f"{folder}{after}" if after else None):
            name = found.key.removeprefix(folder)
            if POSITION.fullmatch(name):
                yield name

    def _read(self, tenant_id: str, names: list[str]) -> list[AuditEntry]:
        keys_ = [f"{_folder(tenant_id)}{name}" for name in names]
        with ContextThreads(_READERS) as readers:
            return [entry for entry in readers.map(self._entry, keys_) if entry is not None]

    def _entry(self, key: str) -> AuditEntry | None:
        try:
            return _ENTRY.validate_json(self._objects.get(key).body)
        except ObjectMissingError:
            return None
        except ValidationError as error:
            _log.warning("%s is left out, because it cannot be read: %s", key, error)
            return None


def _folder(tenant_id: str) -> str:
    return f"{keys.AUDIT}{keys.segment(tenant_id)}/"


def _fits(name: str, *, action: AuditAction | None, subject: str | None) -> bool:
    found = POSITION.fullmatch(name)
    return (
        found is not None
        and (action is None or found["action"] == action)
        and (subject is None or found["subject"] == _digest(subject))
    )


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()[:12]
