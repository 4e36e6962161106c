"""A schedule's emails by hand, over the API: preview, send now, what became of them, who gets none."""

import datetime as dt
import json
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest

from signtally.domain.deliveries import DeliveryKey
from signtally.memory.mailer import MemoryMailer
from signtally.stores.deliveries import PassedOver
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.unsubscribing import unsubscribe_url
from tests.support.order_consumers import stop_consuming

Check = Callable[..., dict[str, Any]]
MONTHLY = {
    "every": "month",
    "formats": ["csv"],
    "recipients": [{"email": "ann@acme.example"}, {"email": "bo@acme.example"}],
}


@pytest.fixture
def monthly(admin: Any) -> str:
    admin.put("/v1/schedules/Monthly", json=MONTHLY)
    return "/v1/schedules/Monthly"


def addresses(world: Any) -> list[str]:
    return [str(message["To"]) for message in world.mailer.sent]


def test_a_preview_is_the_mail_and_sends_nothing(admin: Any, world: Any, problem: Check, monthly: str) -> None:
    before = {each.key: each.etag for each in world.objects.list_objects("")}
    shown = admin.get(f"{monthly}/preview").json()
    assert shown["subject"] == "Acme: usage for September 2026 — 4 documents sent"
    assert "September 2026" in shown["text"]
    assert shown["html"].startswith("<!doctype html>")
    assert "August" in admin.get(f"{monthly}/preview?period=2026-08").json()["subject"]
    assert addresses(world) == []
    assert {each.key: each.etag for each in world.objects.list_objects("")} == before
    problem(admin.get(f"{monthly}/preview?period=2026-10"), 422, "future-period")
    problem(admin.get("/v1/schedules/none/preview"), 404, "not-found")


def test_a_request_sent_again_under_its_key_sends_nothing_again(
    admin: Any, world: Any, problem: Check, monthly: str
) -> None:
    to_ann = {"recipients": ["ann@acme.example"]}
    first, again = (
        admin.post(f"{monthly}/send-now", json=to_ann, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
    )
    assert (again.status_code, again.json()) == (202, first.json())
    assert addresses(world) == ["ann@acme.example"]
    same = {"recipients": [{"email": "Ann@acme.example"}, "ann@acme.example"], "destinations": []}
    in_capitals = monthly.replace("Monthly", "MONTHLY")
    put_otherwise = admin.post(f"{in_capitals}/send-now", json=same, headers={"Idempotency-Key": "k-1"})
    assert (put_otherwise.status_code, put_otherwise.json()) == (202, first.json())
    problem(admin.post(f"{monthly}/send-now", headers={"Idempotency-Key": "k-1"}), 422, "idempotency-key-reused")
    admin.post(f"{monthly}/send-now", json=to_ann)
    assert addresses(world) == ["ann@acme.example"] * 2


def test_a_request_sent_again_while_the_first_is_answered_sends_nothing(
    admin: Any, world: Any, problem: Check, monthly: str
) -> None:
    """As a client does that waits for less long than a mail server takes."""
    to_ann, key = {"recipients": ["ann@acme.example"]}, {"Idempotency-Key": "k-1"}
    meanwhile: list[Any] = []

    class SlowMailer(MemoryMailer):
        def send(self, message: EmailMessage) -> str:
            meanwhile.append(admin.post(f"{monthly}/send-now", json=to_ann, headers=key))
            return super().send(message)

    world.mailer = SlowMailer()
    admin.app.state.services = world.services
    first = admin.post(f"{monthly}/send-now", json=to_ann, headers=key)
    assert (first.status_code, addresses(world)) == (202, ["ann@acme.example"])
    (again,) = meanwhile
    problem(again, 409, "idempotency-key-in-use")
    assert again.headers["retry-after"] == "20"
    assert admin.post(f"{monthly}/send-now", json=to_ann, headers=key).json() == first.json()
    assert addresses(world) == ["ann@acme.example"]


def test_a_request_that_failed_or_died_is_the_first_again_under_its_key(admin: Any, world: Any, monthly: str) -> None:
    to_ann, key = {"recipients": ["ann@acme.example"]}, {"Idempotency-Key": "k-1"}
    world.mailer.down = True
    assert admin.post(f"{monthly}/send-now", json=to_ann, headers=key).status_code == 503
    world.mailer.down = False
    assert admin.post(f"{monthly}/send-now", json=to_ann, headers=key).status_code == 202
    kept = next(each.key for each in world.objects.list_objects("idempotency/"))
    document = json.loads(world.objects.get(kept).body)
    world.objects.put(kept, json.dumps(document | {"outcome": None}).encode())  # as of a process that died then
    assert admin.post(f"{monthly}/send-now", json=to_ann, headers=key).status_code == 409
    world.now += dt.timedelta(minutes=3)
    assert admin.post(f"{monthly}/send-now", json=to_ann, headers=key).status_code == 202
    assert addresses(world) == ["ann@acme.example"] * 2


def test_send_now_goes_to_everybody_once_and_to_whom_it_names_again(admin: Any, world: Any, monthly: str) -> None:
    answer = admin.post(f"{monthly}/send-now")
    assert (answer.status_code, answer.json()["period"]) == (202, "2026-09")
    assert [(row["recipient"], row["state"]) for row in answer.json()["deliveries"]] == [
        ("ann@acme.example", "sent"),
        ("bo@acme.example", "sent"),
    ]
    assert len(world.orders.orders) == 1  # so that the links work
    assert admin.post(f"{monthly}/send-now", json={}).status_code == 202
    assert addresses(world) == ["ann@acme.example", "bo@acme.example"]
    me = admin.post(
        f"{monthly}/send-now", json={"recipients": ["bo@acme.example", {"email": "me@acme.example"}]}
    ).json()
    assert [row["recipient"] for row in me["deliveries"]] == ["bo@acme.example", "me@acme.example"]
    assert addresses(world)[2:] == ["bo@acme.example", "me@acme.example"]
    page = admin.get(f"{monthly}/deliveries?limit=2").json()
    rest = admin.get(f"{monthly}/deliveries", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    rows = page["rows"] + rest["rows"]
    assert [row["recipient"] for row in rows] == ["ann@acme.example", "bo@acme.example", "me@acme.example"]
    assert {(row["period"], row["state"], row["at"]) for row in rows} == {("2026-09", "sent", "2026-10-17T12:35:00Z")}
    assert rest["next_cursor"] is None
    told = [(row["subject"], row["detail"]) for row in admin.get("/v1/audit?action=digest.sent").json()["rows"]]
    assert len(told) == 3
    assert ("Monthly", {"period": "2026-09", "recipients": "bo@acme.example, me@acme.example"}) in told


def test_what_a_mailbox_does_not_take_is_told(admin: Any, world: Any, monthly: str) -> None:
    world.mailer.full, world.mailer.refused = frozenset({"ann@acme.example"}), frozenset({"bo@acme.example"})
    rows = admin.post(f"{monthly}/send-now").json()["deliveries"]
    assert [row["state"] for row in rows] == ["deferred", "refused"]
    assert "452" in rows[0]["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "advice"),
    [
        ({"recipients": []}, "invalid-request", "body.recipients"),
        ({"recipients": ["a..b@acme.example"]}, "invalid-request", "two periods in a row"),
        ({"recipients": ["nobody"]}, "invalid-request", "body.recipients.0.email: 'nobody' is no email address"),
        ({"recipients": [{"email": "nobody"}]}, "invalid-request", "body.recipients.0.email: 'nobody' is no email"),
        ({"recipients": [1]}, "invalid-request", "body.recipients.0: write a JSON object"),
        ({"recipient": "ann@acme.example"}, "invalid-request", "unknown parameter"),
        ({"period": "2026-10"}, "future-period", "not over yet"),
        ({"period": "soon"}, "bad-period", "write a day"),
    ],
)
def test_an_order_that_is_not_valid_sends_nothing(  # noqa: PLR0913, PLR0917 -- fixtures and what is tried
    admin: Any, world: Any, problem: Check, monthly: str, body: dict[str, Any], kind: str, advice: str
) -> None:
    assert advice in problem(admin.post(f"{monthly}/send-now", json=body), 422, kind)["detail"]
    assert addresses(world) == []


def test_without_anybody_who_makes_reports_nothing_is_sent(
    admin: Any, world: Any, problem: Check, monthly: str
) -> None:
    stop_consuming(world.services)
    problem(admin.post(f"{monthly}/send-now"), 503, "no-report-queue")
    assert addresses(world) == []
    assert admin.get(f"{monthly}/deliveries").json()["rows"] == []


def test_a_recipient_ends_it_by_one_click_and_an_administrator_lifts_that(
    admin: Any, anonymous: Any, world: Any, monthly: str
) -> None:
    admin.post(f"{monthly}/send-now")
    link = str(world.mailer.sent[0]["List-Unsubscribe"]).strip("<>")
    parts = urlsplit(link)
    where = f"{parts.path}?{parts.query}"
    asked = anonymous.get(where)
    assert (asked.status_code, "form-action 'self'" in asked.headers["content-security-policy"]) == (200, True)
    assert "ann@acme.example" in asked.text
    assert admin.get("/v1/suppressions").json()["rows"] == []  # GET changes nothing
    done = anonymous.post(where, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "You are unsubscribed" in done.text) == (200, True)
    assert anonymous.post(where).status_code == 200  # again changes nothing
    (row,) = admin.get("/v1/suppressions").json()["rows"]
    assert (row["email"], row["reason"]) == ("ann@acme.example", "unsubscribed")
    (told,) = admin.post(f"{monthly}/send-now", json={"recipients": ["ann@acme.example"]}).json()["deliveries"]
    assert (told["state"], told["detail"]) == ("unsubscribed", "unsubscribed on 2026-10-17")
    world.now = world.now.replace(month=11, day=1)
    world.services.stores.watermarks.publish_data_through(world.now)
    assert list(run_digests(services=world.services).unsubscribed) == ["acme / Monthly / 2026-10 / ann@acme.example"]
    assert admin.delete("/v1/suppressions/ANN@acme.example").status_code == 204
    assert admin.get("/v1/suppressions").json()["rows"] == []


@pytest.mark.parametrize("token", ["", "?t=", "?t=a.b.c", "?t=" + "x" * 3000, "?t=" + "x" * 9000])
def test_a_link_that_was_cut_off_says_so_in_the_readers_language(anonymous: Any, token: str) -> None:
    for method in ("GET", "POST"):
        answer = anonymous.request(method, f"/v1/unsubscribe{token}", headers={"Accept-Language": "de"})
        assert answer.status_code == 400
        assert 'lang="de"' in answer.text


def test_the_longest_link_works(anonymous: Any, world: Any) -> None:
    tenant_id, email = "🚀" * 256, f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.example"
    link = unsubscribe_url(tenant_id, email, services=world.services)
    assert len(link) > 4000
    assert anonymous.post(f"/v1/unsubscribe?{urlsplit(link).query}").status_code == 200
    assert world.services.stores.suppressions.get(tenant_id, email) is not None


def test_a_preview_says_whether_the_condition_holds_and_a_period_without_need_is_listed(
    admin: Any, world: Any, problem: Check
) -> None:
    wanted = MONTHLY | {"condition": {"when": "nothing_sent", "days": 7}}
    assert admin.put("/v1/schedules/Silence", json=wanted).json()["condition"] == {"when": "nothing_sent", "days": 7}
    condition = admin.get("/v1/schedules/Silence/preview?period=2026-09").json()["condition"]
    assert (condition["holds"], condition["found"]) in {(True, 0), (False, 4)}
    never = {"when": "allowance_used", "percent": 1000}
    admin.put("/v1/schedules/Never", json=MONTHLY | {"condition": never, "starts_at": "2026-01-01T00:00:00Z"})
    run_digests(services=world.services)
    page = admin.get("/v1/schedules/Never/deliveries").json()
    assert (page["rows"], [(each["period"], each["why"]) for each in page["passed_over"]]) == (
        [],
        [("2026-09", "not_needed")],
    )
    old = DeliveryKey("acme", "Never", "2020-01-01_2025-12-31")
    ledger = world.services.stores.deliveries
    ledger.pass_over(old, now=world.services.clock(), why=PassedOver.TOO_OLD, occurrences=72)
    *_, oldest = admin.get("/v1/schedules/Never/deliveries").json()["passed_over"]
    assert (oldest["period"], oldest["why"], oldest["occurrences"]) == (old.period, "too_old", 72)
    august = DeliveryKey("acme", "Never", "2026-08")
    ledger.pass_over(august, now=world.services.clock(), why=PassedOver.SUSPENDED)
    _, suspended, _ = admin.get("/v1/schedules/Never/deliveries").json()["passed_over"]
    assert (suspended["period"], suspended["why"]) == ("2026-08", "suspended")
    bad = MONTHLY | {"condition": {"when": "nothing_sent", "days": 0}}
    assert "body.condition" in problem(admin.put("/v1/schedules/Bad", json=bad), 422, "invalid-request")["detail"]


def test_a_spoilt_record_of_an_email_costs_itself_alone(admin: Any, world: Any, monthly: str) -> None:
    """It may have gone out: it is not sent again by itself, and can be by hand."""
    admin.post(f"{monthly}/send-now", json={"recipients": ["ann@acme.example"]})
    (entry,) = (each.key for each in world.objects.list_objects("deliveries/") if "ann%40" in each.key)
    world.objects.put(entry, b'{"half": ')
    (row,) = admin.get(f"{monthly}/deliveries").json()["rows"]
    assert (row["recipient"], row["state"]) == ("ann@acme.example", "in_doubt")
    assert admin.post(f"{monthly}/send-now").status_code == 202
    assert addresses(world) == ["ann@acme.example", "bo@acme.example"]
    admin.post(f"{monthly}/send-now", json={"recipients": ["ann@acme.example"]})
    assert addresses(world) == ["ann@acme.example", "bo@acme.example", "ann@acme.example"]


def test_an_address_stays_suppressed_whose_record_is_spoilt(admin: Any, world: Any, monthly: str) -> None:
    world.objects.put("suppressions/acme/ann%40acme.example.json", b'{"half": ')
    (row,) = admin.get("/v1/suppressions").json()["rows"]
    assert (row["email"], row["reason"]) == ("ann@acme.example", "unsubscribed")
    admin.post(f"{monthly}/send-now")
    assert addresses(world) == ["bo@acme.example"]
    assert admin.delete("/v1/suppressions/ann@acme.example").status_code == 204
    assert admin.get("/v1/suppressions").json()["rows"] == []
