"""Who has left, is no administrator any more, or is of a suspended tenant gets nothing, and the ledger says why."""

import contextlib
import dataclasses
import datetime as dt
import json
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from signtally.domain.schedule_terms import Recipient
from signtally.domain.schedules import due_between
from signtally.domain.tenants import Member
from signtally.memory.mailer import MemoryMailer
from signtally.memory.members import MemoryMembers
from signtally.portal_members import HttpMembers
from signtally.ports.errors import AccessRefusedError, ServiceError, ServiceUnavailableError
from signtally.use_cases.delivering import occurrence_by_hand
from signtally.use_cases.delivering.digesting import run_digests
from signtally.use_cases.delivering.scheduling import run_schedules
from signtally.use_cases.delivering.sending_by_hand import send_now
from tests.support.digest_portal import DUE, MONTHLY, QUARTER_OF_AN_HOUR, Portal, acme, portal, states
from tests.support.loopback_http import LoopbackHttp, QuietHandler

ANN, BO, CY, DI = (
    Recipient(email="ann@acme.example", user_id="u_ann"),
    Recipient(email="bo@acme.example", user_id="u_bo"),
    Recipient(email="cy@acme.example", user_id="u_cy"),
    Recipient(email="di@acme.example"),  # an address alone cannot be asked after
)
SCHEDULE = MONTHLY.model_copy(update={"recipients": (ANN, BO, CY, DI)})
ABOUT = "acme / Monthly usage / 2026-10"


def with_members(members: MemoryMembers, mailer: MemoryMailer | None = None) -> Portal:
    acmes = portal(mailer)
    return dataclasses.replace(acmes, services=dataclasses.replace(acmes.services, members=members))


@pytest.mark.parametrize("source", ["portal", "profile"])
def test_who_left_or_is_no_administrator_any_more_gets_nothing(source: str) -> None:
    profile = acme(SCHEDULE)
    if source == "portal":
        acmes = with_members(MemoryMembers({"acme": {"u_ann": "tenant_admin", "u_cy": "member"}}))
    else:
        acmes = with_members(MemoryMembers())  # which a profile's own list goes before
        members = (Member(user_id="u_ann", role="tenant_admin"), Member(user_id="u_cy"))
        profile = profile.model_copy(update={"members": members})
    acmes.store(profile)
    outcome = run_digests(services=acmes.services)
    assert acmes.addresses() == ["ann@acme.example", "di@acme.example"]
    assert outcome.suppressed == {
        f"{ABOUT} / bo@acme.example": "u_bo is no member of acme any more",
        f"{ABOUT} / cy@acme.example": "u_cy is no administrator of acme any more",
    }
    outcome.require_all_well()
    assert run_digests(services=acmes.services).due == 0


def test_while_nobody_can_say_who_is_a_member_only_those_wait() -> None:
    members = MemoryMembers({"acme": {"u_ann": "tenant_admin", "u_bo": "tenant_admin", "u_cy": "tenant_admin"}})
    acmes = with_members(members)
    members.down = True
    acmes.store(*(acme(SCHEDULE, tenant_id=f"aaa{number}") for number in range(6)), acme(SCHEDULE))
    outcome = run_digests(services=acmes.services)
    assert (outcome.sent, len(outcome.pending), outcome.waiting) == (7, 21, 7)
    members.down = False
    assert run_digests(services=acmes.services).sent == 3
    assert states(acmes) == dict.fromkeys((each.email for each in SCHEDULE.recipients), "sent")


def test_a_deferred_mail_of_somebody_who_left_meanwhile_is_suppressed() -> None:
    members = MemoryMembers({"acme": {"u_ann": "tenant_admin"}})
    acmes = with_members(members, MemoryMailer(full=frozenset({ANN.email})))
    acmes.store(acme(MONTHLY.model_copy(update={"recipients": (ANN,)})))
    assert len(run_digests(services=acmes.services).deferred) == 1
    members.by_tenant = {}
    acmes.clock.now += QUARTER_OF_AN_HOUR
    assert run_digests(services=acmes.services).suppressed == {
        f"{ABOUT} / {ANN.email}": "u_ann is no member of acme any more"
    }


def test_by_hand_an_address_of_the_schedule_is_asked_after_too() -> None:
    acmes = with_members(MemoryMembers())
    tenant = acme(SCHEDULE)
    acmes.store(tenant)
    occurrence = occurrence_by_hand(tenant, SCHEDULE, period=None, now=DUE)
    named = [Recipient(email="Ann@acme.example"), Recipient(email="new@acme.example")]
    sent = send_now(occurrence, services=acmes.services, requested_by="u_1", recipients=named, makes_report=True)
    assert [str(each.state) for each in sent.deliveries] == ["suppressed", "sent"]


def test_by_hand_an_address_that_another_schedule_knows_is_asked_after_too() -> None:
    acmes = with_members(MemoryMembers())
    plain = MONTHLY.model_copy(update={"recipients": (DI,)})
    tenant = acme(plain, SCHEDULE.model_copy(update={"name": "Other"}))
    acmes.store(tenant)
    occurrence = occurrence_by_hand(tenant, plain, period=None, now=DUE)
    named = [Recipient(email="bo@acme.example")]
    sent = send_now(occurrence, services=acmes.services, requested_by="u_1", recipients=named, makes_report=True)
    assert [(str(each.state), each.detail) for each in sent.deliveries] == [
        ("suppressed", "u_bo is no member of acme any more")
    ]


def test_by_hand_while_nobody_can_say_who_is_a_member_only_those_wait() -> None:
    """They are deferred, and get it, or not, when somebody can: whom the order named by user too."""
    members = MemoryMembers({"acme": {"u_ann": "tenant_admin", "u_cy": "tenant_admin"}})
    acmes = with_members(members)
    members.down = True
    tenant = acme(SCHEDULE)
    acmes.store(tenant)
    occurrence = occurrence_by_hand(tenant, SCHEDULE, period=None, now=DUE)
    named = [*SCHEDULE.recipients, Recipient(email="new@acme.example", user_id="u_gone")]
    for _ in range(2):
        sent = send_now(occurrence, services=acmes.services, requested_by="u_1", recipients=named, makes_report=True)
        assert [str(each.state) for each in sent.deliveries] == ["deferred"] * 3 + ["sent", "deferred"]
    assert "members" in sent.deliveries[0].detail
    acmes.clock.now += QUARTER_OF_AN_HOUR
    assert len(run_digests(services=acmes.services).pending) == 4
    members.down = False
    outcome = run_digests(services=acmes.services)
    assert acmes.addresses() == [ANN.email, CY.email, DI.email]
    assert outcome.suppressed == {
        f"{ABOUT} / bo@acme.example": "u_bo is no member of acme any more",
        f"{ABOUT} / new@acme.example": "u_gone is no member of acme any more",
    }


def test_deferred_mails_of_a_tenant_whose_members_nobody_knows_keep_no_other_tenants_waiting() -> None:
    members = MemoryMembers({"acme": {"u_ann": "tenant_admin"}})
    full = frozenset(f"{number}@acme.example" for number in range(8)) | {DI.email}
    acmes = with_members(members, MemoryMailer(full=full))
    users = tuple(Recipient(email=f"{number}@acme.example", user_id="u_ann") for number in range(8))
    to_many, to_di = (MONTHLY.model_copy(update={"recipients": each}) for each in (users, (DI,)))
    acmes.store(acme(to_many), acme(to_di, tenant_id="zen"))
    assert len(run_digests(services=acmes.services).deferred) == 9
    members.down, acmes.mailer.full = True, frozenset()
    acmes.clock.now += QUARTER_OF_AN_HOUR
    assert (run_digests(services=acmes.services).sent, acmes.addresses()) == (1, [DI.email])


def test_a_suspended_tenant_gets_nothing_until_that_is_lifted() -> None:
    acmes = portal()
    suspended = acme(SCHEDULE).model_copy(update={"status": "suspended"})
    acmes.store(suspended)
    made, digests = run_schedules(services=acmes.services), run_digests(services=acmes.services)
    assert (made.due, digests.due, made.suspended + digests.suspended) == (0, 0, 1)
    assert not list(due_between(suspended, SCHEDULE, since=DUE, until=DUE + QUARTER_OF_AN_HOUR * 4 * 24 * 60))
    by_hand = occurrence_by_hand(suspended, SCHEDULE, period=None, now=DUE)
    sent = send_now(by_hand, services=acmes.services, requested_by="operator", recipients=[DI], makes_report=True)
    assert [(str(each.state), each.detail) for each in sent.deliveries] == [("suppressed", "the tenant is suspended")]
    assert acmes.mailer.sent == []
    acmes.store(acme(SCHEDULE))
    assert run_digests(services=acmes.services).due == 0
    acmes.clock.now = dt.datetime(2026, 12, 1, 7, tzinfo=dt.UTC)
    assert run_digests(services=acmes.services).sent == 4


class PortalMembers(QuietHandler):
    """A portal that knows one tenant."""

    answers: ClassVar[list[tuple[int, str]]] = []
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:  # noqa: N802 -- http.server calls it so
        self.asked.append((self.path, self.headers["Authorization"]))
        status, body = self.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())


@pytest.fixture
def portal_url() -> Iterator[str]:
    PortalMembers.answers.clear()
    PortalMembers.asked.clear()
    with LoopbackHttp(PortalMembers) as server:
        yield f"{server.url}/members"


def test_the_portal_is_asked_once_a_minute_for_a_tenant(portal_url: str) -> None:
    answer = {"members": [{"user_id": "u_ann", "role": "tenant_admin", "name": "Ann"}], "more": 1}
    PortalMembers.answers += [(200, json.dumps(answer)), (404, "")]
    members = HttpMembers(portal_url, token="s3cret")
    assert members.roles("a b") == members.roles("a b") == {"u_ann": "tenant_admin"}
    assert members.roles("gone") == {}
    assert PortalMembers.asked == [
        ("/members?tenant_id=a+b", "Bearer s3cret"),
        ("/members?tenant_id=gone", "Bearer s3cret"),
    ]
    PortalMembers.answers += [(200, '{"members": []}')]
    assert HttpMembers(f"{portal_url}/{{tenant_id}}/users?active=1").roles("a/b") == {}
    assert PortalMembers.asked[-1] == ("/members/a%2Fb/users?active=1", None)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (500, "", ServiceUnavailableError, "answered 500"),
        (302, "", ServiceUnavailableError, "answered 302"),
        (403, "", AccessRefusedError, "SIGNTALLY_MEMBERS_TOKEN"),
        (200, "<html>", ServiceError, "another form"),
        (200, '{"members": [{"user_id": "u", "role": "owner"}]}', ServiceError, "members.0.role"),
    ],
)
def test_an_answer_that_says_nothing_is_no_permission(
    portal_url: str, *, status: int, body: str, error: type[Exception], words: str
) -> None:
    PortalMembers.answers.append((status, body))
    with pytest.raises(error, match=words):
        HttpMembers(portal_url).roles("acme")


def test_a_portal_that_is_away_is_no_permission() -> None:
    with pytest.raises(ServiceUnavailableError, match="SIGNTALLY_MEMBERS_URL"):
        HttpMembers("http://127.0.0.1:9/").roles("acme")


class DrippingPortal(QuietHandler):
    """Sends a byte now and then, and never ends its headers."""

    has_gone = threading.Event()

    def do_GET(self) -> None:  # noqa: N802 -- http.server calls it so
        with contextlib.suppress(OSError):
            while not self.has_gone.wait(0.05):
                self.wfile.write(b"H")


def test_headers_that_drip_are_waited_for_no_longer_than_the_whole_answer() -> None:
    with LoopbackHttp(DrippingPortal) as server:
        members = HttpMembers(server.url, all_seconds=0.5)
        with pytest.raises(ServiceUnavailableError, match=r"it takes more than 0\.5 seconds"):
            members.roles("acme")
        DrippingPortal.has_gone.set()


def test_a_portal_that_does_not_answer_is_left_alone_for_a_while() -> None:
    """Else each tenant would wait for it anew."""
    now = 0.0
    with LoopbackHttp(PortalMembers) as server:
        url = server.url  # nobody listens there any more
    members = HttpMembers(url, monotonic=lambda: now)
    for tenant_id in ("acme", "zen", "umbra"):
        with pytest.raises(ServiceUnavailableError, match="is it running"):
            members.roles(tenant_id)
    with pytest.raises(ServiceUnavailableError, match="did not answer 3 times in a row"):
        members.roles("wayne")
    now = 30
    with pytest.raises(ServiceUnavailableError, match="is it running"):
        members.roles("wayne")


def test_a_portal_that_answered_meanwhile_is_asked(portal_url: str) -> None:
    now = 0.0
    members = HttpMembers(portal_url, monotonic=lambda: now)
    for status in (500, 500, 500, 200):
        PortalMembers.answers.append((status, '{"members": []}'))
        with contextlib.nullcontext() if status == 200 else pytest.raises(ServiceUnavailableError, match="500"):
            members.roles("acme")
    assert len(PortalMembers.asked) == 4
