"""Examples in the OpenAPI document: what a call sends and answers."""

import json
from typing import Any

ORDER: dict[str, Any] = {
    "period": "2026-10",
    "formats": ["pdf", "xlsx"],
    "filters": {"user_ids": ["u_17", "u_23"], "basis": "cohort"},
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
        {
            "period": "2026-09",
            "from": "2026-09-01",
            "to": "2026-09-30",
            "sent": 38,
            "received": 61,
            "viewed": 55,
            "signed": 49,
            "completed": 27,
            "declined": 2,
            "cancelled": 1,
            "expired": 0,
            "completion_rate": 0.842,
        },
        {
            "period": "2026-10",
            "from": "2026-10-01",
            "to": "2026-10-31",
            "sent": 50,
            "received": 82,
            "viewed": 70,
            "signed": 58,
            "completed": 31,
            "declined": 3,
            "cancelled": 1,
            "expired": 1,
            "completion_rate": 0.62,
        },
    ],
}
DIFF: dict[str, Any] = {
    "report_id": "2026-10-3f2a91c07b1e",
    "from": {
        "version": 1,
        "made_at": "2026-11-01T06:00:04Z",
        "data_through": "2026-11-01T05:58:30Z",
        "to": "2026-10-31",
    },
    "to": {"version": 2, "made_at": "2026-11-03T09:12:40Z", "data_through": "2026-11-03T09:10:11Z", "to": "2026-10-31"},
    "measures": [{"measure": "sent", "before": 45, "after": 50}],
    "days": [{"day": "2026-10-31", "measures": [{"measure": "sent", "before": 3, "after": 8}]}],
    "users": [
        {
            "user_id": "u_17",
            "user_name": "Ann Ash",
            "user_email": "ann@acme.example",
            "measures": [{"measure": "sent", "before": 12, "after": 17}],
        }
    ],
    "next_cursor": None,
    "notice": None,
}

AUDIT: dict[str, Any] = {
    "rows": [
        {
            "at": "2026-11-03T09:14:02.118000Z",
            "user_id": "u_17",
            "role": "tenant_admin",
            "action": "report.downloaded",
            "subject": "2026-10-3f2a91c07b1e",
            "detail": {"format": "pdf", "version": "2"},
            "address": "203.0.113.7",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "request_id": "0c5f3a52-4b9c-4c53-9b5c-0a8a2f1d7b11",
        }
    ],
    "next_cursor": None,
}
_LINKS: dict[str, Any] = {
    "self": "/v1/reports/2026-10-3f2a91c07b1e",
    "versions": "/v1/reports/2026-10-3f2a91c07b1e/versions",
    "events": "/v1/reports/2026-10-3f2a91c07b1e/events",
    "files": {"pdf": "/v1/reports/2026-10-3f2a91c07b1e/files/pdf"},
}
PENDING: dict[str, Any] = {
    "report_id": "2026-10-3f2a91c07b1e",
    "version": 1,
    "status": "pending",
    "period": "2026-10",
    "from": "2026-10-01",
    "to": "2026-10-31",
    "formats": ["pdf"],
    "filters": None,
    "requested_at": "2026-11-03T09:12:36.042000Z",
    "requested_by": "u_17",
    "made_at": None,
    "data_through": None,
    "totals": None,
    "files": [],
    "gone": [],
    "changes": None,
    "failure": None,
    "orders_ahead": 3,
    "links": _LINKS,
}
EVENTS: dict[str, Any] = {
    "example": "".join(
        f"event: report\ndata: {json.dumps(PENDING | change)}\n\n"
        for change in ({}, {"orders_ahead": 0}, {"status": "running", "orders_ahead": None})
    ),
}

SCHEDULE: dict[str, Any] = {
    "every": "week",
    "on": "monday",
    "at": "08:30",
    "formats": ["pdf", "xlsx"],
    "locale": None,
    "recipients": [{"email": "ann@acme.example", "user_id": "u_17"}],
    "digest": True,
    "attach": True,
    "paused": False,
    "skip_if_empty": False,
    "condition": {"when": "allowance_used", "percent": 80},
    "missed": "latest",
    "incomplete": "wait",
    "starts_at": "2026-10-28T09:00:00Z",
    "name": "Board report",
    "next_at": "2026-11-02T07:30:00Z",
}
PREVIEW: dict[str, Any] = {
    "subject": "Acme: usage for 19–25 Oct 2026 — 12 documents sent",
    "html": "<!doctype html>…",
    "text": "Acme: usage for 19–25 Oct 2026 …",
    "attachments": ["Acme usage 2026-W43.pdf"],
    "condition": {"holds": True, "found": 83.4, "detail": "417 of 500 documents of 2026-10 are used"},
}
DELIVERIES: dict[str, Any] = {
    "rows": [
        {
            "period": "2026-W43",
            "recipient": "ann@acme.example",
            "state": "sent",
            "at": "2026-10-26T07:35:04Z",
            "detail": "0100018f-4c1e",
        },
        {
            "period": "2026-W43",
            "recipient": "bo@acme.example",
            "state": "deferred",
            "at": "2026-10-26T07:35:05Z",
            "detail": "452 mailbox full",
        },
    ],
    "passed_over": [{"period": "2026-W42", "why": "not_needed", "at": "2026-10-19T07:35:02Z"}],
    "next_cursor": None,
}
SUPPRESSIONS: dict[str, Any] = {
    "rows": [
        {"email": "cy@acme.example", "reason": "unsubscribed", "at": "2026-10-26T08:01:12Z", "detail": ""},
    ],
    "next_cursor": None,
}

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
USAGE: dict[str, Any] = {
    "tenant_id": "acme",
    "timezone": "Europe/Berlin",
    "from": "2026-10-01",
    "to": "2026-10-31",
    "data_through": "2026-11-01T08:05:02Z",
    "totals": MEASURES,
    "previous_totals": MEASURES | {"sent": 38, "completed": 27},
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
PROFILE: dict[str, Any] = {
    "tenant_id": "acme",
    "name": "Acme GmbH",
    "timezone": "Europe/Berlin",
    "locale": "de-DE",
    "week_starts_on": "monday",
    "branding": {"logo": None, "accent": "#7A3E9D"},
    "csv": None,
    "allowance": {"documents_per_month": 500},
    "invalid": [],
}
PROFILE_CHANGE: dict[str, Any] = {"timezone": "Europe/Zurich", "branding": {"accent": "#7A3E9D"}, "csv": None}

# What stands for the parts of a path, and in the query, where the parameters' own examples do not say it.
PATH_PARTS = {"report_id": "2026-10-3f2a91c07b1e", "format": "csv", "name": "Board report", "email": "cy@acme.example"}
QUERIES = {
    ("/v1/usage", "get"): "period=2026-10&group_by=user",
    ("/v1/insights", "get"): "period=2026-10",
    ("/v1/trend", "get"): "period=2026-10&periods=6",
    ("/v1/documents", "get"): "period=2026-10&status=open",
    ("/v1/audit", "get"): "action=report.downloaded",
}

# By path and method: what a call answers when all is well. FastAPI would leave the nulls of an example out.
ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("/v1/documents", "get"): DOCUMENTS,
    ("/v1/reports/{report_id}", "get"): PENDING,
    ("/v1/trend", "get"): TREND,
    ("/v1/reports/{report_id}/diff", "get"): DIFF,
    ("/v1/audit", "get"): AUDIT,
    ("/v1/schedules", "get"): {"rows": [SCHEDULE], "next_cursor": None},
    ("/v1/schedules/{name}", "get"): SCHEDULE,
    ("/v1/schedules/{name}/preview", "get"): PREVIEW,
    ("/v1/schedules/{name}/deliveries", "get"): DELIVERIES,
    ("/v1/suppressions", "get"): SUPPRESSIONS,
    ("/v1/usage", "get"): USAGE,
    ("/v1/profile", "get"): PROFILE,
    ("/v1/profile", "patch"): PROFILE | {"timezone": "Europe/Zurich", "recount": None},
}
