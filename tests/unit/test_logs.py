"""Log lines: JSON for machines, text for people, with what is worked on and without anybody's address or secret."""

import logging
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signtally.domain.mail_addresses import without_addresses
from signtally.domain.redaction import without_secrets
from signtally.domain.schedule_terms import Recipient, Schedule
from signtally.domain.tenants import TenantProfile
from signtally.ending import at_end, finish
from signtally.log_fields import add_log_fields, log_fields
from signtally.memory.mailer import MemoryMailer
from signtally.threads import ContextThreads
from signtally.use_cases.delivering.digesting import run_digests
from tests.support.examples import examples
from tests.support.fakes import fake_services
from tests.support.log_lines import logged

LOG = logging.getLogger("signtally.tests")
MARK = "Zebedee"
ADDRESS = f"{MARK}@marked.example"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJaZWJlZGVlIn0.c2lnbmF0dXJl"
DAILY = Schedule(name="daily", every="day", at="00:00", formats=("csv",), recipients=(Recipient(email=ADDRESS),))


def test_a_line_is_one_json_object_with_what_is_worked_on() -> None:
    with logged() as log, log_fields(tenant="acme"):
        LOG.info("half of %d\nare done", 4, extra={"shard": "1/4", "ms": 2.5})
        with log_fields(report="r1"):
            add_log_fields(version="2")
            LOG.debug("nobody wants to know")
            logging.getLogger("botocore").warning("slow")
    first, second = log.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first.pop("timestamp"))
    said = {"level": "info", "logger": "signtally.tests", "message": "half of 4\nare done"}
    assert first == {**said, "tenant": "acme", "shard": "1/4", "ms": 2.5}
    said = {"level": "warning", "logger": "botocore", "message": "slow"}
    assert {**second, "timestamp": 0} == {**said, "timestamp": 0, "tenant": "acme", "report": "r1", "version": "2"}


def test_a_person_at_a_terminal_reads_text() -> None:
    with logged("auto", is_terminal=True) as log, log_fields(tenant="acme", flow_run_id="7f", request_id="12"):
        LOG.warning("slow [12]")
    assert re.fullmatch(r"\S+ \S+ WARNING slow \[12\] \[tenant=acme\]\n", log.getvalue())
    with logged("text") as log:
        LOG.info("at work")
    assert log.getvalue().endswith("INFO    at work\n")
    with logged("auto") as log:
        LOG.info("at work")
    assert [each["message"] for each in log.lines] == ["at work"]


def test_threads_work_in_the_context_of_who_gives_them_work() -> None:
    def work(number: int) -> int:
        LOG.info("%d", number)
        return number

    with logged() as log, ContextThreads(2) as threads:
        with log_fields(tenant="acme"):
            first, second = threads.submit(work, 1), threads.map(work, [2, 3])
        third = threads.submit(work, 4)
        assert [first.result(), *second, third.result()] == [1, 2, 3, 4]
    assert {each["message"]: each.get("tenant") for each in log.lines} == {
        "1": "acme",
        "2": "acme",
        "3": "acme",
        "4": None,
    }


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_run_leaves_no_address_and_no_secret(log_format: str) -> None:
    """A refused email, and an error that quotes all that it knows, with the traceback."""
    services = fake_services(mailer=MemoryMailer(refused=frozenset({ADDRESS})))
    services.stores.tenants.put(TenantProfile(tenant_id="marked", name=MARK, schedules=(DAILY,)))
    services.stores.watermarks.publish_data_through(services.clock())
    quoted = (
        f"smtp://reports:{MARK}@mail.example: GET https://s3.example/a?X-Amz-Signature={MARK}&X-Amz-Credential={MARK}%2F"
        f"us-east-1 token={MARK} with Authorization: Bearer {MARK} or {JWT}"
    )
    with logged(log_format) as log:
        run_digests(services=services)
        LOG.warning("1 digest refused: %s", {"to": ADDRESS}, extra={"error": ValueError(quoted)})
        LOG.error("%s has failed", "marked / daily", exc_info=RuntimeError(quoted))
    text = log.getvalue()
    assert "marked / daily has failed" in text
    assert "RuntimeError: smtp:" in text
    assert "‹address›" in text
    assert MARK not in text
    assert JWT[:20] not in text


@settings(max_examples=examples(60))
@given(st.text(st.sampled_from("ab@.,;: \"'<>()[]/\n"), max_size=40))
def test_addresses_are_found_wherever_they_are(text: str) -> None:
    """Against the plain definition, which takes the square of the length where there is no @."""
    plain = re.compile(r"[^\s<>,;:\"'()\[\]/]+@[^\s<>,;:\"'()\[\]/]+")
    assert without_addresses(text) == plain.sub("‹address›", text)


def test_a_long_line_is_read_once() -> None:
    long = "x" * 1_000_000
    assert without_secrets(f"@ {long}") == f"@ {long}"


def test_what_is_done_last_is_done_once() -> None:
    """Programs that end by their signal call it; the others come to it as the interpreter ends."""
    done = list[str]()
    at_end(lambda: done.append("limits"))
    at_end(lambda: done.append("traces"))
    finish()
    finish()
    assert done == ["traces", "limits"]
