"""Report versions, from claim to manifest: the same over the bucket in memory and over S3."""

import datetime as dt
import json

import pytest

from signtally.domain.actions import Counts
from signtally.domain.periods import parse_period
from signtally.domain.report_failures import ReportFailure
from signtally.domain.reports import ReportFile, ReportKey, ReportManifest, ReportRequest, ReportStatus
from signtally.ports.objects import ObjectStore
from signtally.stores.report_records import ReportClaim
from signtally.stores.report_states import ReportMissingError
from signtally.stores.reports import Reports

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
REQUEST = ReportRequest("acme", parse_period("2026-10"), ("pdf", "csv"))


def claim(reports: Reports, request: ReportRequest = REQUEST, *, version: int = 1) -> ReportClaim:
    taken = reports.claim(request, version=version, requested_by="ann", now=NOW)
    assert taken is not None
    return taken


def manifest(key: ReportKey, *, row_count: int = 3) -> ReportManifest:
    return ReportManifest(
        key=key,
        request=REQUEST,
        period=REQUEST.period,
        timezone="Asia/Kathmandu",
        made_at=NOW,
        data_through=NOW - MINUTE,
        totals=Counts(sent=7, expired=2),
        previous_totals=Counts(),
        row_count=row_count,
        fingerprint="f" * 64,
        files=(ReportFile("pdf", "reports/acme/x/v1/usage.pdf", "Acme usage 2026-10.pdf", 4, "0" * 64),),
    )


def test_a_version_is_claimed_once(objects: ObjectStore) -> None:
    reports = Reports(objects)
    taken = claim(reports)
    assert reports.claim(REQUEST, version=1, requested_by="ben", now=NOW) is None
    assert reports.read_claim(taken.key) == taken
    assert reports.versions("acme", REQUEST.report_id) == [1]


def test_versions_are_in_the_order_of_their_numbers(objects: ObjectStore) -> None:
    reports = Reports(objects)
    for version in (10, 2, 1):
        claim(reports, version=version)
    assert reports.versions("acme", REQUEST.report_id) == [1, 2, 10]
    assert reports.latest("acme", REQUEST.report_id, now=NOW).claim.key.version == 10


def test_a_version_goes_from_pending_over_running_to_ready(objects: ObjectStore) -> None:
    reports = Reports(objects)
    key = claim(reports).key
    assert reports.state(key, now=NOW).status is ReportStatus.PENDING
    reports.start(key)
    reports.start(key)  # a retried run
    assert reports.state(key, now=NOW).status is ReportStatus.RUNNING
    place = reports.put_file(key, "usage.pdf", b"%PDF", content_type="application/pdf")
    assert objects.get(place).body == b"%PDF"
    assert reports.latest_manifest("acme", REQUEST.report_id) is None
    assert reports.finish(manifest(key))
    state = reports.state(key, now=NOW + dt.timedelta(days=9))
    assert (state.status, state.manifest) == (ReportStatus.READY, manifest(key))


def test_what_was_published_first_stays(objects: ObjectStore) -> None:
    reports = Reports(objects)
    key = claim(reports).key
    assert reports.finish(manifest(key))
    assert not reports.finish(manifest(key, row_count=99))
    reports.fail(key, ReportFailure("too late to fail", NOW))
    state = reports.state(key, now=NOW)
    assert (state.status, state.manifest) == (ReportStatus.READY, manifest(key))


def test_a_failure_says_why_and_an_older_version_stays_ready(objects: ObjectStore) -> None:
    reports = Reports(objects)
    first, second = claim(reports).key, claim(reports, version=2).key
    reports.finish(manifest(first))
    reports.fail(second, ReportFailure("the chart broke", NOW))
    latest = reports.latest("acme", REQUEST.report_id, now=NOW)
    assert (latest.status, latest.failure) == (ReportStatus.FAILED, ReportFailure("the chart broke", NOW))
    assert reports.latest_manifest("acme", REQUEST.report_id) == manifest(first)


def test_a_run_that_never_ends_counts_as_failed(objects: ObjectStore) -> None:
    reports = Reports(objects)
    key = claim(reports).key
    assert reports.state(key, now=NOW + 59 * MINUTE).status is ReportStatus.PENDING
    assert reports.state(key, now=NOW + 61 * MINUTE).status is ReportStatus.FAILED


def test_a_withdrawn_claim_leaves_nothing(objects: ObjectStore) -> None:
    reports = Reports(objects)
    taken = claim(reports)
    reports.withdraw(taken)
    assert reports.versions("acme", REQUEST.report_id) == []
    assert [found.key for found in objects.list_objects("")] == []
    with pytest.raises(ReportMissingError):
        reports.latest("acme", REQUEST.report_id, now=NOW)
    with pytest.raises(ReportMissingError):
        reports.state(taken.key, now=NOW)
    assert claim(reports).key == taken.key


def test_reports_of_any_tenant_lie_apart(objects: ObjectStore) -> None:
    reports = Reports(objects)
    requests = [
        ReportRequest(tenant_id, REQUEST.period, ("csv",), user_ids)
        for tenant_id in ("a", "a/b", "a%2Fb", "😀" * 256)
        for user_ids in (None, ("u1",), ("u1", "u2"))
    ]
    for request in requests:
        claim(reports, request)
    for request in requests:
        assert request.report_id in list(reports.report_ids(request.tenant_id))
        assert len(list(reports.report_ids(request.tenant_id))) == 3
        assert reports.latest(request.tenant_id, request.report_id, now=NOW).claim.request == request


def test_what_was_asked_for_is_listed_latest_first(objects: ObjectStore) -> None:
    reports = Reports(objects)
    months = [ReportRequest("acme", parse_period(f"2026-{month:02}"), ("pdf",)) for month in range(1, 6)]
    for number, request in enumerate(months):
        assert reports.claim(request, version=1, requested_by="ann", now=NOW + number * MINUTE)
    entries = list(reports.requested("acme"))
    assert [entry.key.report_id for entry in entries] == [request.report_id for request in reversed(months)]
    behind = list(reports.requested("acme", after=entries[1].position))
    assert behind == entries[2:]


def test_a_manifest_is_plain_json_that_a_person_can_read(objects: ObjectStore) -> None:
    reports = Reports(objects)
    key = claim(reports).key
    reports.finish(manifest(key))
    (place,) = [found.key for found in objects.list_objects("reports/") if found.key.endswith("manifest.json")]
    stored = json.loads(objects.get(place).body)
    assert stored["totals"]["sent"] == 7
    assert stored["request"]["period"] == {"kind": "month", "first": "2026-10-01", "last": "2026-10-31"}
