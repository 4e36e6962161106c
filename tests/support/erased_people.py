"""Services in which Ann left traces wherever a person can, and what of her is left after she is erased."""

import datetime as dt
import io
from typing import TYPE_CHECKING, cast

import polars as pl

from signtally.domain.actions import Action
from signtally.domain.audit import AuditAction, AuditEntry
from signtally.domain.deliveries import DeliveryKey, MailDelivery, MailState
from signtally.domain.events import ReceivedEvent, UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportRequest
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import Member, TenantProfile
from signtally.erased_names import ErasedNames
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.usage_store import MemoryUsageStore
from signtally.services import Services
from signtally.stores.erasures import Erasures
from signtally.stores.idempotency import KeyedRequest
from signtally.stores.imports import ImportState
from signtally.stores.sent_mails import SentMail
from signtally.stores.suppressions import Suppression, SuppressionReason
from signtally.use_cases.aggregating import aggregate_days
from signtally.use_cases.erasing import erase
from signtally.use_cases.reporting import report_now
from tests.support.fakes import fake_services

if TYPE_CHECKING:
    from signtally.ports.usage_store import UsageStore

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
OCTOBER = parse_period("2026-10")
KEY = DeliveryKey("acme", "monthly", "2026-09")
ANN = ("Ann Ash", "ann@acme.example")
BOB = ("Bob Birch", "bob@acme.example")
RAW: dict[int, MemoryUsageStore] = {}  # the store without the mask, by its bucket
MARKS = [b"Ann Ash", b"ann@acme.example", b"ann%40acme", b"203.0.113.9"]


def event(number: int, user_id: str, names: tuple[str, str], *, day: int = 5) -> ReceivedEvent:
    at = dt.datetime(2026, 10, day, 12, number, tzinfo=dt.UTC)
    name, email = names
    event = UsageEvent("/portal", f"e{number}", Action.SENT, "acme", user_id, f"d{number}", at, email, name)
    return ReceivedEvent(event, at, f"m{number}")


def lived_in() -> Services:
    """Two users, their figures counted, and the first of them in every store that may name anybody."""
    objects, raw = MemoryObjectStore(), MemoryUsageStore()
    store = cast("UsageStore", ErasedNames(raw, Erasures(objects), seconds=0))
    services = fake_services(objects=objects, usage_store=store, clock=lambda: NOW)
    store.put_events([event(1, "u1", ANN), event(2, "u2", BOB), event(3, "u1", ANN, day=6)])
    schedule = Schedule(
        name="monthly",
        every="month",
        recipients=(Recipient(email="Ann@acme.example"), Recipient(email=BOB[1], user_id="u2")),
    )
    members = (Member(user_id="u1", role="tenant_admin"), Member(user_id="u2"))
    services.stores.tenants.put(TenantProfile(tenant_id="acme", members=members, schedules=(schedule,)))
    aggregate_days(services=services, tenant_id="acme", first=OCTOBER.first, last=OCTOBER.last)
    leave_traces(services)
    RAW[id(objects)] = raw
    return services


def leave_traces(services: Services) -> None:
    stores, email = services.stores, ANN[1]
    stores.tenants.all()  # makes the catalogue
    report_now(ReportRequest("acme", OCTOBER, ("csv", "json")), requested_by="u2", services=services)
    sent = MailDelivery(email, MailState.SENT, NOW, detail=f"250 {email} ok", message_id="m-1")
    stores.mail_deliveries.record(KEY, sent)
    later = MailDelivery(email, MailState.DEFERRED, NOW, next_try_at=NOW)
    stores.mail_deliveries.record(DeliveryKey("acme", "monthly", "2026-10"), later)
    stores.sent_mails.remember("m-1", SentMail(KEY, email))
    stores.suppressions.add("acme", Suppression(email, SuppressionReason.UNSUBSCRIBED, NOW))
    own = AuditEntry(NOW, "u1", "tenant_admin", AuditAction.SUPPRESSION_LIFTED, email, {"to": email}, "203.0.113.9")
    stores.audit.add("acme", own)
    stores.audit.add("acme", AuditEntry(NOW, "u2", "tenant_admin", AuditAction.DIGEST_SENT, "monthly", {"to": email}))
    outcome = f'{{"period":"2026-09","deliveries":[{{"recipient":"Ann@acme.example","detail":"250 <{email}> ok"}}]}}'
    stores.idempotency.keep("acme", "u2 k-1", KeyedRequest("f", outcome, NOW))
    stores.idempotency.keep("acme", "u2 k-2", KeyedRequest("f", "2026-10-abc/1", NOW))
    ledger = stores.import_ledger(identity="old.csv")
    row = {"tenant": "acme", "who": "u1", "name": ANN[0]}
    ledger.put_rejects(ImportState("old.csv", NOW), [{"line": 2, "reason": "bad-time", "detail": "x", "row": row}])


def erased(services: Services, *, dry_run: bool = False) -> dict[str, int]:
    return erase("acme", "u1", services=services, dry_run=dry_run).changed


def stored(services: Services) -> dict[str, bytes]:
    return {each.key: services.objects.get(each.key).body for each in services.objects.list_objects("")}


def named_in(services: Services) -> set[str]:
    """The objects that name the person, by their keys or what is in them."""
    found = {key: text(body) if key.endswith(".parquet") else body for key, body in stored(services).items()}
    return {key for key, body in found.items() if any(mark in key.encode() + body for mark in MARKS)}


def text(parquet: bytes) -> bytes:
    return str(pl.read_parquet(io.BytesIO(parquet)).rows()).encode()
