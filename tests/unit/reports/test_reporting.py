"""Reports: a report whose figures stand is never made twice, and nothing is left half-made."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Sequence

import polars as pl
import pytest

from signtally.domain.periods import parse_period
from signtally.domain.report_failures import FailureCode, FailureReason, ReportFailure
from signtally.domain.reports import ReportStatus
from signtally.domain.tenants import TenantProfile
from signtally.memory.objects import MemoryObjectStore
from signtally.memory.report_queue import MemoryReportQueue
from signtally.memory.usage_store import MemoryUsageStore
from signtally.ports.errors import ServiceUnavailableError
from signtally.render.caveats import UNREADABLE_PROFILE_NOTICE
from signtally.services import Services
from signtally.stores.keys import tenant_profile
from signtally.stores.report_states import ReportMissingError
from signtally.stores.tenants import Tenants
from signtally.stores.watermarks import Watermarks
from signtally.use_cases.ordering import request_report
from signtally.use_cases.reporting import fail_report, file_link, make_report, report_now
from tests.support.asked_reports import (
    MINUTE,
    NOVEMBER,
    NOW,
    OCTOBER,
    FragileStore,
    ask,
    key,
    stored_files,
    write,
)
from tests.support.clocks import Clock


def test_a_made_report_is_whole_and_says_what_it_is(services: Services) -> None:
    ask(services)
    manifest = make_report(key(), services=services)
    state = request_report(OCTOBER, requested_by="ben", services=services)
    assert (state.status, state.manifest) == (ReportStatus.READY, manifest)
    assert (manifest.totals.sent, manifest.row_count, manifest.timezone) == (41, 1, "Asia/Kathmandu")
    assert (manifest.made_at, manifest.data_through) == (NOW, NOW - MINUTE)
    (file,) = manifest.files
    body = services.objects.get(file.key).body
    assert (file.size_bytes, file.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert file.filename == "Acme usage 2026-10.csv"
    assert b"41" in body


def test_a_stranger_gets_the_version_that_is_there_even_months_later(
    services: Services, clock: Clock, queue: MemoryReportQueue
) -> None:
    report_now(OCTOBER, requested_by="ann", services=services)
    clock.now += dt.timedelta(days=90)
    assert ask(services) == (ReportStatus.READY, 1)
    assert report_now(OCTOBER, requested_by="ben", services=services).key == key()
    assert queue.orders == []


def test_restated_figures_make_the_next_version_and_the_old_one_stays(services: Services, store: FragileStore) -> None:
    first = report_now(OCTOBER, requested_by="ann", services=services)
    write(store, day="2026-10-03", sent=43, version=2)
    assert ask(services) == (ReportStatus.PENDING, 2)
    second = make_report(key(2), services=services)
    assert (first.totals.sent, second.totals.sent) == (41, 43)
    assert {first.files[0].key, second.files[0].key} == set(stored_files(services))
    assert services.stores.reports.state(key(1), now=NOW).manifest == first


def test_a_change_in_the_period_before_is_a_restatement_too(services: Services, store: FragileStore) -> None:
    report_now(OCTOBER, requested_by="ann", services=services)
    write(store, day="2026-09-03", sent=1, version=1)
    assert ask(services) == (ReportStatus.PENDING, 2)


def test_a_report_of_a_running_period_serves_for_a_while_only(services: Services, clock: Clock) -> None:
    report_now(NOVEMBER, requested_by="ann", services=services)
    clock.now += services.settings.report_reuse - MINUTE
    assert ask(services, NOVEMBER) == (ReportStatus.READY, 1)
    clock.now += MINUTE
    assert ask(services, NOVEMBER) == (ReportStatus.PENDING, 2)


def test_a_report_that_was_made_before_all_data_of_its_period_were_in_serves_for_a_while_only(
    services: Services, clock: Clock
) -> None:
    """October ended in Kathmandu on the 31st at 18:15 UTC; what it was made from reaches to 18:14 only."""
    late = dataclasses.replace(services, objects=MemoryObjectStore())
    Tenants(late.objects).put(TenantProfile(tenant_id="acme", timezone="Asia/Kathmandu"))
    Watermarks(late.objects).publish_data_through(dt.datetime(2026, 10, 31, 18, 14, tzinfo=dt.UTC))
    report_now(OCTOBER, requested_by="ann", services=late)
    clock.now += late.settings.report_reuse
    assert ask(late) == (ReportStatus.PENDING, 2)
    Watermarks(late.objects).publish_data_through(dt.datetime(2026, 10, 31, 18, 15, tzinfo=dt.UTC))
    make_report(key(2), services=late)
    clock.now += dt.timedelta(days=9)
    assert ask(late) == (ReportStatus.READY, 2)


def test_other_formats_users_and_periods_are_other_reports(services: Services) -> None:
    others = [
        OCTOBER,
        NOVEMBER,
        dataclasses.replace(OCTOBER, formats=("xlsx", "csv")),
        dataclasses.replace(OCTOBER, user_ids=("u1",)),
        dataclasses.replace(OCTOBER, tenant_id="bolt"),
    ]
    keys = {report_now(request, requested_by="ann", services=services).key for request in others}
    assert {each.version for each in keys} == {1}
    assert len(keys) == len(others)


def test_making_a_version_again_changes_nothing(services: Services, store: FragileStore) -> None:
    ask(services)
    manifest = make_report(key(), services=services)
    write(store, day="2026-10-03", sent=43, version=2)
    assert make_report(key(), services=services) == manifest
    assert len(stored_files(services)) == 1


def test_a_twin_that_was_faster_wins_and_its_files_are_those_of_the_manifest(
    services: Services, store: FragileStore
) -> None:
    """Two workers make one version; between their readings a figure changes."""
    ask(services)

    class Racing(MemoryUsageStore):
        def daily_usage(self, *, first: dt.date, last: dt.date, tenant_ids: Sequence[str]) -> pl.DataFrame:
            rows = store.daily_usage(first=first, last=last, tenant_ids=tenant_ids)
            write(store, day="2026-10-03", sent=43, version=2)
            make_report(key(), services=services)
            return rows

    manifest = make_report(key(), services=dataclasses.replace(services, usage_store=Racing()))
    assert manifest.totals.sent == 43
    (file,) = manifest.files
    assert hashlib.sha256(services.objects.get(file.key).body).hexdigest() == file.sha256


def test_what_may_pass_by_leaves_the_version_to_be_tried_again(services: Services, store: FragileStore) -> None:
    ask(services)
    store.error = ServiceUnavailableError("Timestream is away")
    with pytest.raises(ServiceUnavailableError):
        make_report(key(), services=services)
    assert ask(services) == (ReportStatus.RUNNING, 1)
    store.error = None
    assert make_report(key(), services=services).totals.sent == 41


def test_what_will_not_pass_by_fails_the_version_without_telling_secrets(
    services: Services, store: FragileStore
) -> None:
    ask(services)
    store.error = RuntimeError("password=hunter2")
    with pytest.raises(RuntimeError):
        make_report(key(), services=services)
    store.error = None
    state = services.stores.reports.state(key(), now=NOW)
    assert state.status is ReportStatus.FAILED
    assert state.failure is not None
    assert "hunter2" not in state.failure.detail
    assert ask(services) == (ReportStatus.PENDING, 2)


def test_a_report_that_breaks_off_in_this_process_is_not_waited_for(services: Services, store: FragileStore) -> None:
    store.error = ServiceUnavailableError("Timestream is away")
    with pytest.raises(ServiceUnavailableError):
        report_now(OCTOBER, requested_by="ann", services=services)
    store.error = None
    assert ask(services) == (ReportStatus.PENDING, 2)
    assert report_now(OCTOBER, requested_by="ann", services=services).key.version == 2, "the one under way, made here"


def test_a_version_that_is_given_up_says_why(services: Services) -> None:
    ask(services)
    reason = FailureReason(FailureCode.TOO_LARGE, {"format": "PDF", "limit": 700})
    fail_report(key(), reason, services=services)
    state = services.stores.reports.state(key(), now=NOW)
    assert state.failure is not None
    assert (state.status, state.failure) == (ReportStatus.FAILED, ReportFailure.of(reason, failed_at=NOW))
    assert state.failure.detail.startswith("The PDF file took more than 700 MiB of memory to make.")


def test_a_version_that_nobody_asked_for_is_not_made(services: Services) -> None:
    with pytest.raises(ReportMissingError):
        make_report(key(7), services=services)


def test_a_link_opens_for_a_while_and_downloads_under_a_readable_name(services: Services) -> None:
    manifest = report_now(OCTOBER, requested_by="ann", services=services)
    url, expires_at = file_link(manifest, "csv", services=services)
    assert "Acme%20usage%202026-10.csv" in url
    assert expires_at == NOW + services.settings.url_ttl
    with pytest.raises(ReportMissingError, match="pdf"):
        file_link(manifest, "pdf", services=services)


def test_a_range_is_a_report_too(services: Services) -> None:
    request = dataclasses.replace(OCTOBER, period=parse_period("2026-10-03_2026-10-04"))
    manifest = report_now(request, requested_by="ann", services=services)
    assert manifest.totals.sent == 41
    assert manifest.key.report_id.startswith("2026-10-03_2026-10-04-")


def test_a_version_under_way_elsewhere_is_made_here_rather_than_another(services: Services) -> None:
    assert ask(services) == (ReportStatus.PENDING, 1)
    made_here = report_now(OCTOBER, requested_by="operator", services=services)
    assert made_here.key.version == 1
    assert make_report(key(), services=services) == made_here, "the worker that comes later finds it made"


def test_a_report_says_that_its_profile_could_not_be_read_and_is_made_anew_once_it_can(services: Services) -> None:
    october = dataclasses.replace(OCTOBER, formats=("json",))
    stored = services.objects.get(tenant_profile("acme")).body
    services.objects.put(tenant_profile("acme"), b"{")
    broken = report_now(october, requested_by="ann", services=services)
    assert UNREADABLE_PROFILE_NOTICE in services.objects.get(broken.files[0].key).body.decode()
    services.objects.put(tenant_profile("acme"), stored)
    mended = report_now(october, requested_by="ann", services=services)
    assert mended.key.version == broken.key.version + 1
    assert UNREADABLE_PROFILE_NOTICE not in services.objects.get(mended.files[0].key).body.decode()
