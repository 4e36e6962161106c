"""Notices of a mail service about an email of ours to Ann, as they arrive."""

ANN, BO = "ann@acme.example", "bo@acme.example"


def notice(*, status: str, action: str = "failed", headers: str = "", envelope_id: str = "") -> bytes:
    """A delivery status notification as a mail server writes it."""
    envelope = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    return (
        "From: MAILER-DAEMON@mx.example\nTo: bounces@signtally.example\nDate: Sun, 01 Nov 2026 08:00:00 +0100\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt came back.\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n{envelope}\n"
        f"Final-Recipient: rfc822; {ANN}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} no\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{headers}\n--b--\n"
    ).encode()
