"""What lies in the bucket, by name: the same over the bucket in memory and over S3."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signtally.domain.actions import Action, Counts
from signtally.domain.events import UsageEvent
from signtally.domain.periods import parse_period
from signtally.domain.reports import ReportFile, ReportKey, ReportManifest, ReportRequest, ReportStatus
from signtally.domain.restatements import RestatementReason
from signtally.domain.tenants import Schedule, TenantProfile
from signtally.ports.objects import ObjectStore
from signtally.stores.counted_zones import CountedZone, CountedZones
from signtally.stores.keys import segment, tenant_profile, text_of
from signtally.stores.profile_catalogue import BrokenProfileError
from signtally.stores.provisional import ProvisionalFigures, ProvisionalSpan
from signtally.stores.reports import ReportClaim, ReportFailure, ReportMissingError, Reports
from signtally.stores.tenants import Tenants
from signtally.stores.touched_hours import TOUCHED, TouchedHour, TouchedHours
from signtally.stores.watermarks import Watermarks

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


# Keys


@given(st.text(min_size=1, max_size=256))
@example(".")
@example("..")
@example("...")
@example("a/b")
@example("%2F")
@example("😀" * 256)
def test_a_segment_is_one_short_plain_path_segment(text: str) -> None:
    made = segment(text)
    assert made.isascii()
    assert "/" not in made
    assert made not in {"", ".", ".."}
    assert len(made) <= 200
    if "!" not in made:
        assert text_of(made) == text


@given(st.lists(st.text("aé/!~.%", min_size=1, max_size=256) | st.text(min_size=1, max_size=256), unique=True))
@example(["😀" * 255, "😀" * 255 + "!", "😀" * 256])
def test_different_ids_have_different_segments(texts: list[str]) -> None:
    assert len({segment(text) for text in texts}) == len(texts)


def test_a_segment_cannot_be_forged_for_an_id_that_is_too_long() -> None:
    long = "acme" * 64
    assert len(segment(long)) == 200
    assert segment(segment(long)) != segment(long)


def test_plain_ids_stay_readable() -> None:
    assert tenant_profile("acme-2.corp_x~1") == "tenants/acme-2.corp_x~1.json"


# Tenants


def test_a_profile_comes_back_as_it_was_put(objects: ObjectStore) -> None:
    profile = TenantProfile(
        tenant_id="O'Hara & Söhne",
        name="O'Hara",
        timezone="Asia/Kathmandu",
        schedules=(Schedule(name="monthly", every="month"),),
    )
    Tenants(objects).put(profile)
    assert Tenants(objects).get("O'Hara & Söhne") == profile
    assert Tenants(objects).get("unknown") == TenantProfile(tenant_id="unknown")


def test_the_catalogue_knows_what_was_put_changed_and_deleted(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    assert tenants.all() == {}
    for number in range(5):
        tenants.put(TenantProfile(tenant_id=f"t{number}", timezone="Europe/Berlin"))
    assert {tenant_id: profile.timezone for tenant_id, profile in tenants.all().items()} == dict.fromkeys(
        (f"t{number}" for number in range(5)), "Europe/Berlin"
    )
    tenants.put(TenantProfile(tenant_id="t1", timezone="Asia/Tokyo"))
    objects.delete([tenant_profile("t2")])
    assert {tenant_id: profile.timezone for tenant_id, profile in tenants.all().items()} == {
        "t0": "Europe/Berlin",
        "t1": "Asia/Tokyo",
        "t3": "Europe/Berlin",
        "t4": "Europe/Berlin",
    }
    tenants.put(TenantProfile(tenant_id="t2", timezone="Europe/Berlin"))  # as it was before
    assert tenants.all()["t2"].timezone == "Europe/Berlin"
    assert tenants.zones() == {tenant_id: profile.timezone for tenant_id, profile in tenants.all().items()}


BROKEN = {
    "no-json": (b"{tenant", "not JSON"),
    "no-text": (b"\xff\xfe\xff", "not JSON"),
    "deep": (b"[" * 100_000, "not JSON"),
    "list": (b"[]", "it is not a JSON object"),
    "alien": (b'{"tenant_id": "acme"}', "it says that it is of 'acme'"),
    "two": (b'{"tenant_id": 2, "colour": "red"}', "; colour: "),
}


@pytest.mark.parametrize("tenant_id", BROKEN)
def test_an_unreadable_profile_is_reported_and_harms_nobody(
    objects: ObjectStore, tenant_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    body, problem = BROKEN[tenant_id]
    tenants = Tenants(objects)
    acme = TenantProfile(tenant_id="acme", timezone="Asia/Tokyo")
    tenants.put(acme)
    objects.put(tenant_profile(tenant_id), body)
    for _ in range(2):  # from the profiles, then from the catalogue
        assert tenants.all() == {"acme": acme}
        assert tenants.zones() == {"acme": "Asia/Tokyo"}
        (told,) = tenants.survey()[1]
        assert (told.profile.tenant_id, problem in told.problems, told.profile.is_unreadable) == (tenant_id, True, True)
    assert tenants.get(tenant_id) == TenantProfile(tenant_id=tenant_id).as_unreadable()
    with pytest.raises(BrokenProfileError) as raised:
        tenants.read(tenant_id)
    assert raised.value.problems == told.problems
    errors = {record.getMessage() for record in caplog.records if record.levelname == "ERROR"}
    assert errors == {f"{told}; until it is mended, its days are counted in UTC and its scheduled sends wait"}
    assert "\n" not in str(told)


def test_a_profile_without_a_valid_zone_keeps_its_other_fields(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    weekly = {"name": "w", "every": "week"}
    document = {"tenant_id": "acme", "name": "Acme", "timezone": "Mars/Phobos", "schedules": [weekly]}
    objects.put(tenant_profile("acme"), json.dumps(document).encode())
    expected = TenantProfile(
        tenant_id="acme", name="Acme", schedules=(Schedule(name="w", every="week"),)
    ).as_unreadable()
    for _ in range(2):
        assert tenants.all() == {"acme": expected}
        assert tenants.zones() == {"acme": "UTC"}
        (told,) = tenants.survey()[1]
        assert told.profile.is_unreadable
        assert "timezone: 'Mars/Phobos' is no IANA time zone" in told.problems
    assert tenants.get("acme") == expected


def test_a_broken_profile_falls_back_field_by_field(objects: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    tenants = Tenants(objects)
    weekly, daily = {"name": "weekly", "every": "week"}, {"name": "daily", "every": "day", "at": "25:00"}
    broken = {"tenant_id": "acme", "name": "x" * 201, "timezone": "Asia/Tokyo", "schedules": [daily, weekly]}
    objects.put(tenant_profile("acme"), json.dumps(broken).encode())
    expected = TenantProfile(
        tenant_id="acme", timezone="Asia/Tokyo", schedules=(Schedule(name="weekly", every="week"),)
    )
    for _ in range(2):
        assert tenants.all() == {"acme": expected}
        assert tenants.zones() == {"acme": "Asia/Tokyo"}
        (told,) = tenants.survey()[1]
        assert not told.profile.is_unreadable
        assert "name: String should have at most 200" in told.problems
        assert "schedules.0.at: '25:00' is no time of day" in told.problems
    assert tenants.get("acme") == expected
    assert "what is invalid has its default, a bad schedule is left out, the rest applies" in caplog.text
    tenants.edit("acme", lambda profile: profile.model_copy(update={"csv": "comma"}))
    assert json.loads(objects.get(tenant_profile("acme")).body) == broken | {"csv": "comma"}
    tenants.edit("acme", lambda profile: profile.model_copy(update={"name": "Acme"}))
    assert json.loads(objects.get(tenant_profile("acme")).body)["name"] == "Acme"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"tenant_id": "globex"}', b"\xff"])
def test_what_is_no_profile_is_not_written_over_by_an_edit(objects: ObjectStore, body: bytes) -> None:
    objects.put(tenant_profile("acme"), body)
    with pytest.raises(BrokenProfileError, match="the tenant acme is broken"):
        Tenants(objects).edit("acme", lambda profile: profile)
    assert objects.get(tenant_profile("acme")).body == body


def test_a_mended_profile_counts_at_once(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    objects.put(tenant_profile("acme"), b"")
    assert tenants.all() == {}
    objects.put(tenant_profile("acme"), b'{"timezone": "Asia/Seoul"}')  # whose it is, the key says
    assert tenants.zones() == {"acme": "Asia/Seoul"}
    tenants.put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    assert tenants.zones() == {"acme": "Asia/Tokyo"}


def test_profiles_are_checked_again_when_the_rules_change(objects: ObjectStore) -> None:
    """A release of the world's clocks may know a zone that the last one did not."""
    tenants = Tenants(objects)
    tenants.put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    tenants.all()
    catalogue = json.loads(objects.get("state/tenants.json").body)
    catalogue["rules"] = "others"
    problems = ["timezone: 'Asia/Tokyo' is no IANA time zone"]
    catalogue["profiles"][tenant_profile("acme")] |= {"fields": None, "problems": problems, "is_unreadable": True}
    objects.put("state/tenants.json", json.dumps(catalogue).encode())
    assert tenants.zones() == {"acme": "Asia/Tokyo"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tenants/acme.json": ["etag", {"tenant_id": "acme"}]}'])
def test_a_catalogue_that_is_not_understood_is_made_anew(objects: ObjectStore, body: bytes) -> None:
    Tenants(objects).put(TenantProfile(tenant_id="acme", timezone="Asia/Tokyo"))
    objects.put("state/tenants.json", body)
    assert Tenants(objects).zones() == {"acme": "Asia/Tokyo"}


# Counted zones


def test_a_tenant_is_moving_until_whoever_moves_it_is_done(objects: ObjectStore) -> None:
    zones = CountedZones(objects, generation="first")
    assert zones.read() is None
    zones.begin(["acme"])
    zones.begin(["acme", "late"])  # another run was first
    zones.enter({"acme": "UTC", "new": "Asia/Tokyo"})
    assert zones.read() == {"acme": CountedZone.unknown(), "new": CountedZone("Asia/Tokyo")}
    moves = zones.begin_move({"acme": "Asia/Tokyo"})
    assert zones.begin_move({"acme": "Asia/Tokyo"}) == moves  # a twin on the same way
    assert zones.read() == moves | {"new": CountedZone("Asia/Tokyo")}
    zones.finish_move(moves)
    assert zones.read() == dict.fromkeys(["acme", "new"], CountedZone("Asia/Tokyo"))
    assert zones.verify({"acme": "Asia/Tokyo"})


def test_who_was_crossed_does_not_arrive_and_is_due_again(objects: ObjectStore) -> None:
    zones = CountedZones(objects, generation="first")
    zones.begin(["acme"])
    tokyo, berlin = (zones.begin_move({"acme": zone}) for zone in ("Asia/Tokyo", "Europe/Berlin"))
    zones.finish_move(tokyo)
    assert zones.read() == berlin
    assert not zones.verify({"acme": "Asia/Tokyo"})
    zones.finish_move(berlin)
    assert zones.read() == {"acme": CountedZone.unknown()}


def test_many_who_enter_at_once_are_all_noted(objects: ObjectStore) -> None:
    zones = CountedZones(objects, generation="first")
    zones.begin([])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(zones.enter, [{f"t{number}": "UTC"} for number in range(16)]))
    assert zones.read() == {f"t{number}": CountedZone("UTC") for number in range(16)}


def test_a_long_id_in_any_script_has_a_profile_too(objects: ObjectStore) -> None:
    tenants = Tenants(objects)
    profiles = [TenantProfile(tenant_id=text * 256, timezone="Asia/Tokyo") for text in ("社", "😀", "a", "/")]
    for profile in profiles:
        tenants.put(profile)
        assert tenants.get(profile.tenant_id) == profile
    assert tenants.all() == {profile.tenant_id: profile for profile in profiles}


# Watermarks


def test_instants_are_published_apart_and_never_move_backwards(objects: ObjectStore) -> None:
    freshness = Watermarks(objects)
    assert (freshness.settled_through(), freshness.data_through()) == (None, None)
    freshness.publish_settled_through(NOW)
    assert (freshness.settled_through(), freshness.data_through()) == (NOW, None)
    freshness.publish_settled_through(NOW - MINUTE)
    freshness.publish_data_through(NOW - MINUTE)
    freshness.publish_data_through(NOW - 2 * MINUTE)
    assert (freshness.settled_through(), freshness.data_through()) == (NOW, NOW - MINUTE)


def test_of_many_who_publish_at_once_the_latest_instant_stays(objects: ObjectStore) -> None:
    instants = [NOW + number * MINUTE for number in (3, 1, 7, 5, 2, 6, 4, 0)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Watermarks(objects).publish_settled_through, instants))
    assert Watermarks(objects).settled_through() == max(instants)


# Touched hours


def touched_event(number: int = 1, *, tenant_id: str = "acme", at: dt.datetime = NOW) -> UsageEvent:
    return UsageEvent("/portal", str(number), Action.SENT, tenant_id, "u1", "doc", at)


def test_notes_say_which_events_of_which_tenants_lie_in_which_hours_of_utc(objects: ObjectStore) -> None:
    notes = TouchedHours(objects)
    kathmandu = dt.timezone(dt.timedelta(hours=5, minutes=45))
    instant = dt.datetime(2026, 10, 3, 5, 44, 59, tzinfo=kathmandu)
    events = [
        touched_event(1, at=instant),
        touched_event(2, at=instant + MINUTE),
        touched_event(3, at=instant, tenant_id="ö"),
    ]
    notes.append([*events, *events], reason=RestatementReason.IMPORT)
    notes.append([])
    (note,) = notes.pending()
    assert note.hours == {
        TouchedHour("acme", dt.datetime(2026, 10, 2, 23, tzinfo=dt.UTC)),
        TouchedHour("acme", dt.datetime(2026, 10, 3, 0, tzinfo=dt.UTC)),
        TouchedHour("ö", dt.datetime(2026, 10, 2, 23, tzinfo=dt.UTC)),
    }
    assert note.rows.schema == TOUCHED
    assert note.rows["event_id"].to_list() == [each.event_id for each in events]
    assert set(note.rows["reason"]) == {"import"}
    assert note.tried_at is None


def test_a_settled_note_is_forgotten_and_a_later_one_is_not(objects: ObjectStore) -> None:
    notes = TouchedHours(objects)
    for _ in range(130):  # more than are read ahead
        notes.append([touched_event()])
    counted = list(notes.pending())
    assert len(counted) == 130
    notes.append([touched_event()])
    for note in counted:
        notes.ack(note, note.rows)
    assert len(list(notes.pending())) == 1


def test_a_note_that_a_twin_settles_meanwhile_is_passed_over(objects: ObjectStore) -> None:
    notes = TouchedHours(objects)
    for _ in range(70):
        notes.append([touched_event()])
    reading = notes.pending()
    first = next(reading)
    for note in TouchedHours(objects).pending():
        notes.ack(note, note.rows)
    assert first not in list(reading)


def test_shards_settle_their_own_part_of_a_note(objects: ObjectStore) -> None:
    notes = TouchedHours(objects)
    notes.append([touched_event(1), touched_event(2, tenant_id="bolt")])
    (one,), (other,) = notes.pending(), notes.pending()
    notes.ack(one, one.rows.filter(tenant_id="acme"))
    (left,) = notes.pending()
    assert left.rows["tenant_id"].to_list() == ["bolt"]
    notes.ack(other, other.rows.filter(tenant_id="bolt"))  # read before the first wrote
    assert list(notes.pending()) == []


def test_what_cannot_be_read_is_tried_again_after_a_while_and_by_hand_at_once(objects: ObjectStore) -> None:
    now = NOW
    notes = TouchedHours(objects, clock=lambda: now)
    notes.append([touched_event()])
    (note,) = notes.pending(due_only=True)
    now = NOW + 8 * MINUTE
    later = notes.requeue(note, note.rows)
    notes.ack(note, note.rows)
    assert list(notes.pending(due_only=True)) == []
    assert [(each.key, each.appended_at, each.tried_at) for each in notes.pending()] == [(later.key, NOW, now)]
    now += 2 * MINUTE  # a quarter of the time for which it could not be read
    assert [each.key for each in notes.pending(due_only=True)] == [later.key]


def test_figures_are_provisional_while_a_note_marks_them(objects: ObjectStore) -> None:
    notes, figures = TouchedHours(objects, clock=lambda: NOW), ProvisionalFigures(objects)
    old = NOW - dt.timedelta(days=40)
    notes.append([touched_event(1), touched_event(2, at=old), touched_event(3, tenant_id="a/b")])
    (note,) = notes.pending()
    later = notes.requeue(note, note.rows)
    figures.mark(later)
    hour = TouchedHour.of("acme", NOW).hour
    first = TouchedHour.of("acme", old).hour
    assert figures.spans("acme") == [ProvisionalSpan(first, hour + dt.timedelta(hours=1))]
    assert figures.spans("a/b") == [ProvisionalSpan(hour, hour + dt.timedelta(hours=1))]
    assert figures.spans("a") == []
    figures.clear(later, later.rows.filter(tenant_id="acme"))
    assert figures.spans("acme") == []
    assert len(figures.spans("a/b")) == 1


# Reports


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
