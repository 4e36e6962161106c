"""ministack, whose SES also tells what becomes of emails: `python -m signtally.local.ministack_program`.

It is served by uvicorn, as the API is: a request costs less than with ministack's own server. Its own SES keeps event
destinations and writes nothing to them for SendEmail of version 2. Here it does, as AWS documents it, for the addresses
of AWS's mailbox simulator: `bounce@`, `complaint@`, `suppressionlist@` and, of ours, `full@` at
simulator.amazonses.com, also with a `+label`.
"""

import asyncio
import base64
import datetime as dt
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

import uvicorn
from ministack.app import app
from ministack.services import ses_v2, sns

_SIMULATOR = "simulator.amazonses.com"
_SEND, _OK = "outbound-emails", 200
_DELAY_SECONDS = 0.1  # after SendEmail has answered, as in life
_KEEP_ALIVE_SECONDS = 75  # longer than clients keep a connection
_LONG_POLL_GRACE_SECONDS = 1  # at the end: nobody who polls for 20 s is waited for
_USER_UNKNOWN = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
_FULL = {"action": "failed", "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}
_TYPES = {"Bounce": "BOUNCE", "Complaint": "COMPLAINT"}

Answer = tuple[int, Mapping[str, str], bytes]
Handler = Callable[[str, str, Any, bytes, Any], Awaitable[Answer]]


def _with_events(handle: Handler) -> Handler:
    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:  # noqa: ANN401 -- ministack's own
        answer = await handle(method, path, headers, body, query_params)
        if method == "POST" and path.rstrip("/").endswith(_SEND) and answer[0] == _OK:
            request, message_id = json.loads(body), json.loads(answer[2])["MessageId"]
            for topic, event in _events(request, message_id=message_id):
                text = json.dumps(event)
                asyncio.get_running_loop().call_later(_DELAY_SECONDS, sns.publish_internal, topic, text)
        return answer

    return handle_request


def _events(request: Mapping[str, Any], *, message_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What SES would tell of an email, by topic."""
    configuration_set = ses_v2._config_sets.get(request.get("ConfigurationSetName", ""))  # noqa: SLF001 -- it has no other door
    addresses = [parseaddr(each)[1] for each in request.get("Destination", {}).get("ToAddresses", [])]
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    for destination in ((configuration_set or {}).get("EventDestinations") or {}).values():
        topic = (destination.get("SnsDestination") or {}).get("TopicArn")
        if topic is None or not destination.get("Enabled"):
            continue
        for address in addresses:
            said = _said(address, now=now)
            if said is not None and _TYPES[said["eventType"]] in destination.get("MatchingEventTypes", ()):
                yield topic, {**said, "mail": _mail(request, addresses, message_id=message_id, now=now)}


def _said(address: str, *, now: str) -> dict[str, Any] | None:
    local, _, domain = address.lower().partition("@")
    if domain != _SIMULATOR:
        return None
    match local.partition("+")[0]:
        case "bounce":
            return _bounce(address, "Permanent", "General", {**_USER_UNKNOWN}, now=now)
        case "suppressionlist":
            return _bounce(address, "Permanent", "Suppressed", {}, now=now)
        case "full":
            return _bounce(address, "Transient", "MailboxFull", {**_FULL}, now=now)
        case "complaint":
            complaint = {
                "complainedRecipients": [{"emailAddress": address}],
                "timestamp": now,
                "feedbackId": str(uuid4()),
                "complaintSubType": None,
                "userAgent": "Amazon SES Mailbox Simulator",
                "complaintFeedbackType": "abuse",
                "arrivalDate": now,
            }
            return {"eventType": "Complaint", "complaint": complaint}
    return None


def _bounce(address: str, kind: str, sub_kind: str, reply: dict[str, str], *, now: str) -> dict[str, Any]:
    bounce = {
        "feedbackId": str(uuid4()),
        "bounceType": kind,
        "bounceSubType": sub_kind,
        "bouncedRecipients": [{"emailAddress": address, **reply}],
        "timestamp": now,
        "reportingMTA": "dsn; a0-0.smtp-out.amazonses.com",
    }
    return {"eventType": "Bounce", "bounce": bounce}


def _mail(request: Mapping[str, Any], addresses: list[str], *, message_id: str, now: str) -> dict[str, Any]:
    raw = base64.b64decode(request.get("Content", {}).get("Raw", {}).get("Data", ""))
    headers = message_from_bytes(raw, policy=policy.SMTP)
    return {
        "timestamp": now,
        "source": request.get("FromEmailAddress", ""),
        "sendingAccountId": "000000000000",
        "messageId": message_id,
        "destination": addresses,
        "headersTruncated": False,
        "headers": [{"name": name, "value": str(value)} for name, value in headers.items()],
        "tags": {"ses:configuration-set": [request["ConfigurationSetName"]]},
    }


def main() -> None:
    """Serve until SIGTERM; then its state is written to the disk."""
    ses_v2.handle_request = _with_events(ses_v2.handle_request)
    uvicorn.run(
        app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # the application writes one
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LONG_POLL_GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
