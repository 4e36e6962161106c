"""Watermarks, touched hours and provisional figures: the same over the bucket in memory and over S3."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from signtally.domain.actions import Action
from signtally.domain.events import UsageEvent
from signtally.domain.restatements import RestatementReason
from signtally.ports.objects import ObjectStore
from signtally.stores.provisional import ProvisionalFigures, ProvisionalSpan
from signtally.stores.touched_hours import TOUCHED, TouchedHour, TouchedHours
from signtally.stores.watermarks import Watermarks

NOW = dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


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
