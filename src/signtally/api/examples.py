"""Examples in the OpenAPI document: what a call sends and answers."""

import json
from typing import Any

from signtally.api.figure_examples import DOCUMENT_COUNT, DOCUMENTS, INSIGHTS, ME, MEASURES, TREND, USAGE

ORDER: dict[str, Any] = {
    "period": "2026-10",
    "formats": ["pdf", "xlsx"],
    "filters": {"user_ids": ["u_17", "u_23"], "basis": "cohort"},
}
DIFF: dict[str, Any] = {
    "report_id": "2026-10-3f2a91c07b1e",
    "from": {
        "report_id": "2026-10-3f2a91c07b1e",
        "version": 1,
        "made_at": "2026-11-01T06:00:04Z",
        "data_through": "2026-11-01T05:58:30Z",
        "to": "2026-10-31",
    },
    "to": {
        "report_id": "2026-10-3f2a91c07b1e",
        "version": 2,
        "made_at": "2026-11-03T09:12:40Z",
        "data_through": "2026-11-03T09:10:11Z",
        "to": "2026-10-31",
    },
    "measures": [{"measure": "sent", "before": 45, "after": 50}],
    "days": [
        {"day": "2026-10-31", "measures": [{"measure": "sent", "before": 3, "after": 8}], "reasons": ["late-events"]}
    ],
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
_FILE: dict[str, Any] = {
    "format": "pdf",
    "url": "https://signtally.s3.eu-central-1.amazonaws.com/reports/acme/2026-10-3f2a91c07b1e/v1/…&X-Amz-Signature=…",
    "expires_at": "2026-11-03T09:30:01Z",
    "bytes": 48213,
    "sha256": "9f2c1d7a0b6e4f83c5a1e2d94b7f60a8c3d5e6f7180923a4b5c6d7e8f9012a3b",
}
PENDING: dict[str, Any] = {
    "report_id": "2026-10-3f2a91c07b1e",
    "group": "2026-10-b7d4420c9e15",
    "version": 1,
    "status": "pending",
    "period": "2026-10",
    "from": "2026-10-01",
    "to": "2026-10-31",
    "formats": ["pdf"],
    "filters": None,
    "locale": None,
    "requested_at": "2026-11-03T09:12:36.042000Z",
    "requested_by": "u_17",
    "made_at": None,
    "data_through": None,
    "totals": None,
    "content": None,
    "files": [],
    "gone": [],
    "changes": None,
    "failure": None,
    "failure_reason": None,
    "orders_ahead": 3,
    "links": _LINKS,
}
ORDERED: dict[str, Any] = {"report_id": PENDING["report_id"], "status": "pending", "links": _LINKS}
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
    "destinations": [{"name": "board", "kind": "slack", "url": "https://hooks.slack.com/…", "secret": None}],
    "digest": True,
    "attach": True,
    "paused": False,
    "skip_if_empty": False,
    "condition": {"when": "allowance_used", "percent": 80},
    "missed": "latest",
    "incomplete": "wait",
    "correct_from_percent": 10,
    "starts_at": "2026-10-28T09:00:00Z",
    "name": "Board report",
    "next_at": "2026-11-02T07:30:00Z",
}
NEXT_OCCURRENCE: dict[str, Any] = {
    "period": "2026-Q4",
    "from": "2026-10-01",
    "to": "2026-12-31",
    "due_at": "2027-01-01T06:00:00Z",
}
PREVIEW: dict[str, Any] = {
    "subject": "Acme: usage for 19–25 Oct 2026 — 12 documents sent",
    "html": "<!doctype html>…",
    "text": "Acme: usage for 19–25 Oct 2026 …",
    "attachments": ["Acme usage 2026-W43.pdf"],
    "condition": {"holds": True, "found": 83.4, "detail": "documents used in 2026-10: 417 of 500"},
}
DELIVERIES: dict[str, Any] = {
    "rows": [
        {
            "period": "2026-W43",
            "recipient": "ann@acme.example",
            "correction": 0,
            "state": "sent",
            "at": "2026-10-26T07:35:04Z",
            "detail": "0100018f-4c1e",
        },
        {
            "period": "2026-W43",
            "recipient": "bo@acme.example",
            "correction": 0,
            "state": "deferred",
            "at": "2026-10-26T07:35:05Z",
            "detail": "452 mailbox full",
        },
    ],
    "passed_over": [{"period": "2026-W42", "occurrences": 1, "why": "not_needed", "at": "2026-10-19T07:35:02Z"}],
    "next_cursor": None,
}
SENT: dict[str, Any] = {"period": "2026-W43", "deliveries": DELIVERIES["rows"]}
SUPPRESSIONS: dict[str, Any] = {
    "rows": [
        {"email": "cy@acme.example", "reason": "unsubscribed", "at": "2026-10-26T08:01:12Z", "detail": ""},
    ],
    "next_cursor": None,
}

_DONE: dict[str, Any] = {
    "status": "ready",
    "made_at": "2026-11-03T09:12:40Z",
    "data_through": "2026-11-03T09:10:11Z",
    "totals": MEASURES,
    "content": "5d41402abc4b2a76",
    "files": [_FILE],
    "orders_ahead": None,
}
READY: dict[str, Any] = PENDING | _DONE
REPORTS: dict[str, Any] = {"rows": [READY], "next_cursor": None}
_EARLIER: dict[str, Any] = {"report_id": "2026-10-88c0d1e2f3a4", "version": 1, "made_at": "2026-11-01T06:00:04Z"}
GROUP: dict[str, Any] = {
    "group": READY["group"],
    "reports": [READY],
    "earlier": _EARLIER | {"totals": MEASURES | {"sent": 45}},
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
PATH_PARTS = {
    "report_id": "2026-10-3f2a91c07b1e",
    "group": "2026-10-b7d4420c9e15",
    "format": "csv",
    "name": "Board report",
    "email": "cy@acme.example",
}
QUERIES = {
    ("/v1/usage", "get"): "period=2026-10&group_by=user",
    ("/v1/insights", "get"): "period=2026-10",
    ("/v1/trend", "get"): "period=2026-10&periods=6",
    ("/v1/documents", "get"): "period=2026-10&status=open",
    ("/v1/documents/count", "get"): "period=2026-10&status=open",
    ("/v1/next-occurrence", "get"): "every=quarter&on=first&at=07:00",
    ("/v1/audit", "get"): "action=report.downloaded",
}

# By path, method and status: what a call answers when all is well. FastAPI would leave the nulls of an example out.
ANSWERS: dict[tuple[str, str, str], dict[str, Any]] = {
    ("/v1/usage", "get", "200"): USAGE,
    ("/v1/insights", "get", "200"): INSIGHTS,
    ("/v1/trend", "get", "200"): TREND,
    ("/v1/documents", "get", "200"): DOCUMENTS,
    ("/v1/documents/count", "get", "200"): DOCUMENT_COUNT,
    ("/v1/reports", "get", "200"): REPORTS,
    ("/v1/reports", "post", "200"): READY,
    ("/v1/reports", "post", "202"): ORDERED,
    ("/v1/reports/{report_id}", "get", "200"): PENDING,
    ("/v1/reports/{report_id}/versions", "get", "200"): REPORTS,
    ("/v1/reports/{report_id}/files/{format}", "get", "200"): _FILE,
    ("/v1/reports/{report_id}/diff", "get", "200"): DIFF,
    ("/v1/report-groups", "get", "200"): {"rows": [GROUP], "next_cursor": None},
    ("/v1/report-groups/{group}", "get", "200"): GROUP,
    ("/v1/report-groups/{group}/versions", "get", "200"): REPORTS,
    ("/v1/schedules", "get", "200"): {"rows": [SCHEDULE], "next_cursor": None},
    ("/v1/schedules/{name}", "get", "200"): SCHEDULE,
    ("/v1/schedules/{name}", "put", "200"): SCHEDULE,
    ("/v1/schedules/{name}", "put", "201"): SCHEDULE,
    ("/v1/next-occurrence", "get", "200"): NEXT_OCCURRENCE,
    ("/v1/schedules/{name}/preview", "get", "200"): PREVIEW,
    ("/v1/schedules/{name}/send-now", "post", "202"): SENT,
    ("/v1/schedules/{name}/deliveries", "get", "200"): DELIVERIES,
    ("/v1/suppressions", "get", "200"): SUPPRESSIONS,
    ("/v1/profile", "get", "200"): PROFILE,
    ("/v1/profile", "patch", "200"): PROFILE | {"timezone": "Europe/Zurich", "recount": None},
    ("/v1/audit", "get", "200"): AUDIT,
    ("/v1/me", "get", "200"): ME,
    ("/healthz", "get", "200"): {"status": "ok"},
    ("/readyz", "get", "200"): {"status": "ready", "checks": {"usage store": "ok", "bucket": "ok"}},
}
