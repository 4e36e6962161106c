"""The audit trail: objects that are never written twice, whose keys alone tell when, what and to what.

Below `audit/{tenant}/`, keys count down from the end of time, so that a listing begins with the newest. An object holds
one entry, or a list of those that came at the same time, all of one action; its key then has a subject for each.
"""

import dataclasses
import hashlib
import logging
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from signtally.domain.audit import AuditAction, AuditEntry
from signtally.grouped_calls import KeyedGroupedCalls
from signtally.ports.objects import ObjectMissingError, ObjectStore
from signtally.stores import keys
from signtally.stores.report_index import milliseconds
from signtally.threads import ContextThreads

_LAST_INSTANT_MS = 10**14 - 1
_READERS = 16
_MOST_SEEN = 10_000  # entries of one page: a rare kind among many leads to a short page with a cursor
_MOST_TOGETHER = 12  # entries of an object: their subjects have room in its key
_OBJECT = r"\d{14}\.(?P<action>[a-z.]+)\.(?P<subjects>[0-9a-f]{12}(?:-[0-9a-f]{12}){,11})\.[0-9a-f]{8}"
# Of the last entry of a page: its object, and how many of that one's entries have been shown unless all have.
POSITION = re.compile(rf"(?P<name>{_OBJECT})(?:\+(?P<shown>\d{{1,2}}))?", re.ASCII)
_ENTRY = TypeAdapter(AuditEntry)
_ENTRIES = TypeAdapter[AuditEntry | list[AuditEntry]](AuditEntry | list[AuditEntry])
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, the newest first, and the position *after* which the next page starts; None at the end."""

    entries: list[AuditEntry]
    after: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class _Seen:
    """One entry of a listing: its object's name, and where it stands in it."""

    name: str
    index: int
    position: str
    action: str
    subject: str  # its digest


class AuditTrail:
    """What was done in each tenant. Entries are only ever added, but for what has to be forgotten."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._puts = KeyedGroupedCalls(self._put, most=_MOST_TOGETHER)

    def add(self, tenant_id: str, entry: AuditEntry) -> None:
        """Store an entry; those of a tenant that come meanwhile go together in the next write.

        Raises a ServiceError when the bucket does not take it.
        """
        self._puts.call(tenant_id, entry)

    def _put(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
        by_action = defaultdict(list)
        for entry in sorted(entries, key=lambda each: each.at, reverse=True):
            by_action[entry.action].append(entry)
        for some in by_action.values():
            self._objects.put(f"{_folder(tenant_id)}{_name(some, token=secrets.token_hex(4))}", _body(some))

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
        digest = None if subject is None else _digest(subject)
        wanted: list[_Seen] = []
        last = None
        for number, seen in enumerate(self._seen(tenant_id, after=after)):
            if len(wanted) == limit or number == _MOST_SEEN:
                return AuditPage(self._read(tenant_id, wanted), last)
            last = seen.position
            if action in {None, seen.action} and digest in {None, seen.subject}:
                wanted.append(seen)
        return AuditPage(self._read(tenant_id, wanted), None)

    def rewrite(self, tenant_id: str, change: Callable[[AuditEntry], AuditEntry], *, dry_run: bool = False) -> int:
        """Store what *change* makes of each entry, where that is another one; how many. For what has to be forgotten.

        Idempotent: entries whose subject changes are under their new name before they leave the old one.
        """
        rewritten = 0
        names = dict.fromkeys(seen.name for seen in self._seen(tenant_id, after=None))
        with ContextThreads(_READERS) as readers:
            for name, entries in zip(names, readers.map(self._entries_of(tenant_id), names), strict=True):
                changed = [change(entry) for entry in entries]
                different = sum(new != old for new, old in zip(changed, entries, strict=True))
                rewritten += different
                if different and not dry_run:
                    self._replace(tenant_id, name, changed)
        return rewritten

    def _replace(self, tenant_id: str, name: str, entries: Sequence[AuditEntry]) -> None:
        renamed = _name(entries, token=name.rpartition(".")[2])
        self._objects.put(f"{_folder(tenant_id)}{renamed}", _body(entries))
        if renamed != name:
            self._objects.delete([f"{_folder(tenant_id)}{name}"])

    def _seen(self, tenant_id: str, *, after: str | None) -> Iterator[_Seen]:
        """The entries behind a position, as their objects' names tell of them."""
        folder, begun = _folder(tenant_id), POSITION.fullmatch(after or "")
        shown = int(begun["shown"]) if begun and begun["shown"] else 0
        # What was shown in part is to be listed once more: the listing starts right before it.
        behind = begun and (begun["name"][:-1] if shown else begun["name"])
        for found in self._objects.list_objects(folder, after=f"{folder}{behind}" if behind else None):
            name = found.key.removeprefix(folder)
            if begun and name < begun["name"]:
                continue
            if parts := re.fullmatch(_OBJECT, name, re.ASCII):
                subjects = parts["subjects"].split("-")
                for index, subject in enumerate(subjects):
                    if not (begun and name == begun["name"] and index < shown):
                        is_last = index + 1 == len(subjects)
                        position = name if is_last else f"{name}+{index + 1}"
                        yield _Seen(name, index, position, parts["action"], subject)

    def _read(self, tenant_id: str, wanted: list[_Seen]) -> list[AuditEntry]:
        names = dict.fromkeys(seen.name for seen in wanted)
        with ContextThreads(_READERS) as readers:
            read = dict(zip(names, readers.map(self._entries_of(tenant_id), names), strict=True))
        return [read[seen.name][seen.index] for seen in wanted if seen.index < len(read[seen.name])]

    def _entries_of(self, tenant_id: str) -> Callable[[str], list[AuditEntry]]:
        return lambda name: self._entries(tenant_id, name)

    def _entries(self, tenant_id: str, name: str) -> list[AuditEntry]:
        key = f"{_folder(tenant_id)}{name}"
        try:
            found = _ENTRIES.validate_json(self._objects.get(key).body)
        except ObjectMissingError:
            return []
        except ValidationError as error:
            _log.warning("%s is left out, because it cannot be read: %s", key, error)
            return []
        return found if isinstance(found, list) else [found]


def _folder(tenant_id: str) -> str:
    return f"{keys.AUDIT}{keys.segment(tenant_id)}/"


def _name(entries: Sequence[AuditEntry], *, token: str) -> str:
    """That of the object with these entries, which are of one action, the newest first."""
    left = _LAST_INSTANT_MS - milliseconds(entries[0].at)
    subjects = "-".join(_digest(entry.subject) for entry in entries)
    return f"{left:014}.{entries[0].action}.{subjects}.{token}"


def _body(entries: Sequence[AuditEntry]) -> bytes:
    return _ENTRIES.dump_json([*entries]) if len(entries) > 1 else _ENTRY.dump_json(entries[0])


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()[:12]
