"""Examples of figures in the OpenAPI document, and of who asks for them."""

from typing import Any

MEASURES = {
    "sent": 50,
    "received": 82,
    "viewed": 70,
    "signed": 58,
    "completed": 31,
    "declined": 3,
    "cancelled": 1,
    "expired": 1,
}
PREVIOUS_MEASURES = {
    "sent": 38,
    "received": 61,
    "viewed": 55,
    "signed": 49,
    "completed": 27,
    "declined": 2,
    "cancelled": 1,
    "expired": 0,
}
DOCUMENT_COUNT: dict[str, Any] = {
    "from": "2026-10-01",
    "to": "2026-10-31",
    "data_through": "2026-11-01T08:05:02Z",
    "documents": 158,
}
DOCUMENTS: dict[str, Any] = {
    "from": "2026-10-01",
    "to": "2026-10-31",
    "data_through": "2026-11-01T08:05:02Z",
    "rows": [
        {
            "document_id": "doc_8f2c",
            "status": "open",
            "user_id": "u_17",
            "user_name": "Ann Ash",
            "sent_at": "2026-10-03T12:34:56.789000Z",
            "first_viewed_at": "2026-10-04T07:10:00Z",
            "last_signed_at": None,
            "closed_at": None,
            "turnaround_hours": None,
            "days_open": 28,
        },
        {
            "document_id": "doc_77aa",
            "status": "completed",
            "user_id": "u_23",
            "user_name": None,
            "sent_at": "2026-10-29T09:00:00Z",
            "first_viewed_at": "2026-10-29T10:30:00Z",
            "last_signed_at": "2026-10-30T12:40:00Z",
            "closed_at": "2026-10-30T12:40:01Z",
            "turnaround_hours": 27.666944,
            "days_open": 1,
        },
    ],
    "next_cursor": None,
}
TREND: dict[str, Any] = {
    "data_through": "2026-11-01T08:05:02Z",
    "rows": [
        {"period": "2026-09", "from": "2026-09-01", "to": "2026-09-30"}
        | PREVIOUS_MEASURES
        | {"completion_rate": 0.842, "figures_from": "2026-09-14", "is_over": True},
        {"period": "2026-10", "from": "2026-10-01", "to": "2026-10-31"}
        | MEASURES
        | {"completion_rate": 0.62, "figures_from": None, "is_over": True},
    ],
}
USAGE: dict[str, Any] = {
    "tenant_id": "acme",
    "timezone": "Europe/Berlin",
    "from": "2026-10-01",
    "to": "2026-10-31",
    "data_through": "2026-11-01T08:05:02Z",
    "totals": MEASURES,
    "previous_totals": PREVIOUS_MEASURES,
    "previous": {
        "from": "2026-09-01",
        "to": "2026-09-30",
        "until": None,
        "figures_from": None,
        "comparable": True,
    },
    "rows": [{"user_id": "u_17", "user_name": "Ann Ash", "user_email": "ann@acme.example"} | MEASURES],
    "next_cursor": None,
}
_BUSIEST = [0] * 8 + [6, 14, 22, 31, 18, 9, 25, 40, 33, 17, 5, 2, 0, 0, 0, 0]
INSIGHTS: dict[str, Any] = {
    "tenant_id": "acme",
    "timezone": "Europe/Berlin",
    "from": "2026-10-01",
    "to": "2026-10-31",
    "data_through": "2026-11-01T08:05:02Z",
    "basis": "activity",
    "totals": MEASURES,
    "previous_totals": PREVIOUS_MEASURES,
    "previous": USAGE["previous"],
    "cohort": {"sent": 50, "viewed": 46, "signed": 40, "completed": 31, "open": 14},
    "completion_rate": 0.62,
    "previous_completion_rate": 0.842,
    "success_rate_of_closed": 0.861,
    "active_senders": 4,
    "completed_documents": 31,
    "turnaround": {"documents": 29, "mean_seconds": 93600.0, "median_seconds": 61200.0, "p90_seconds": 212400.0},
    "open_documents": 17,
    "distinct_documents": 64,
    "activity": {
        "first_at": "2026-10-01T06:12:44Z",
        "last_at": "2026-10-31T17:55:09Z",
        "hours": _BUSIEST,
        "week": dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), _BUSIEST)
        | {day: [0] * 24 for day in ("saturday", "sunday")},
        "busiest_hour": 15,
        "busiest_of_week": {"weekday": "tuesday", "hour": 15},
    },
    "allowance": {
        "month": "2026-10",
        "as_of": "2026-10-31",
        "documents_per_month": 500,
        "used": 50,
        "share": 0.1,
        "outlook": "lasts",
        "expected": 50,
        "used_up_on": None,
    },
    "highlights": ["50 documents were sent, 12 more than in September (+32 %)."],
    "stuck": None,
    "allowance_highlight": None,
}
ME: dict[str, Any] = {
    "tenant_id": "acme",
    "tenant_name": "Acme GmbH",
    "user_id": "u_17",
    "role": "tenant_admin",
    "timezone": "Europe/Berlin",
    "locale": "de-DE",
    "language": "de-DE",
    "logo": None,
    "accent": "#7A3E9D",
    "week_starts_on": "monday",
    "today": "2026-11-03",
    "recipient_domains": ["acme.example"],
    "webhook_hosts": ["hooks.slack.com"],
    "periods": [
        {
            "key": "last_month",
            "period": "2026-10",
            "from": "2026-10-01",
            "to": "2026-10-31",
            "previous_from": "2026-09-01",
            "previous_to": "2026-09-30",
        }
    ],
}
