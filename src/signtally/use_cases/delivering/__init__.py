"""What schedules have due: reports and digests, each once, to whoever may get them, and the ledger's follow-up."""

from signtally.use_cases.delivering.digesting import DigestsOutcome, tenants_with_due_digests
from signtally.use_cases.delivering.due import delivery_key, due_now
from signtally.use_cases.delivering.listing import (
    PassedOccurrence,
    all_deliveries,
    all_passed_over,
    deliveries_of,
    passed_over,
    recorded_schedule,
)
from signtally.use_cases.delivering.mail_events import MailEventsOutcome, handle_mail_events, record_mail_event
from signtally.use_cases.delivering.passing_over import condition_outcome
from signtally.use_cases.delivering.run import require_all_well
from signtally.use_cases.delivering.scheduling import SchedulesOutcome
from signtally.use_cases.delivering.sending_by_hand import SentByHand, named_occurrence, occurrence_by_hand
from signtally.use_cases.delivering.unsubscribing import (
    BadUnsubscribeLinkError,
    Subscription,
    subscription_of,
    unsubscribe,
)

__all__ = [
    "BadUnsubscribeLinkError",
    "DigestsOutcome",
    "MailEventsOutcome",
    "PassedOccurrence",
    "SchedulesOutcome",
    "SentByHand",
    "Subscription",
    "all_deliveries",
    "all_passed_over",
    "condition_outcome",
    "deliveries_of",
    "delivery_key",
    "due_now",
    "handle_mail_events",
    "named_occurrence",
    "occurrence_by_hand",
    "passed_over",
    "record_mail_event",
    "recorded_schedule",
    "require_all_well",
    "subscription_of",
    "tenants_with_due_digests",
    "unsubscribe",
]
