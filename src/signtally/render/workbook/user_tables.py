"""Tables of users: those of the period, and those who were active before it only."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

from signtally.domain.actions import Counts
from signtally.domain.documents import Cohort
from signtally.domain.snapshot import InactiveUser, UserUsage
from signtally.render.contents import Contents
from signtally.render.workbook.cells import Value, id_text, name_text, person_text
from signtally.render.workbook.sheets import Book, column_width
from signtally.render.workbook.styles import ADDRESS, FIGURE, FIGURE_MUTED, NAME
from signtally.render.workbook.tables import Column, Share, Table, Total, add_table
from signtally.render.workbook.usage_tables import measure_columns

_WIDTHS_LOOK_AT = 2_000
_HOUR = dt.timedelta(hours=1)


def add_users(book: Book) -> None:
    """One row a user, in the snapshot's order; what only a whole report knows beside the counts."""
    snapshot, words = book.contents.snapshot, book.words
    columns = [*_who(book, snapshot.users), *measure_columns(book, snapshot.totals)]
    rows = _plain_rows(snapshot.users)
    if snapshot.cohort is not None and snapshot.insights is not None:
        columns += _beyond_counts(book, snapshot.users)
        rows = _whole_rows(book.contents)
    table = Table("Users", words.gettext("Users"), columns, rows, len(snapshot.users), frozen="B2")
    add_table(book, table)


def add_inactive_users(book: Book) -> None:
    users, words = book.contents.snapshot.inactive_users, book.words
    before = Counts.total(user.previous for user in users) if users else Counts()
    figure = dataclasses.replace(FIGURE, number_format=book.numbers.count)
    columns = [
        *_who(book, users),
        Column(words.gettext("Sent before"), figure, 13, Total("sum", before.sent)),
        Column(words.gettext("Completed before"), figure, 13, Total("sum", before.completed)),
        Column(words.gettext("All actions before"), figure, 13, Total("sum", sum(before.as_tuple()))),
        Column(
            words.gettext("Last active"),
            dataclasses.replace(FIGURE_MUTED, number_format=book.numbers.date),
            book.numbers.date_width,
        ),
    ]
    rows = (
        [
            *_identity(user),
            user.previous.sent,
            user.previous.completed,
            sum(user.previous.as_tuple()),
            user.last_active_day,
        ]
        for user in users
    )
    table = Table("InactiveUsers", words.gettext("Inactive users"), columns, rows, len(users), frozen="B2")
    add_table(book, table)


def _who(book: Book, users: Sequence[UserUsage] | Sequence[InactiveUser]) -> list[Column]:
    """Name, email and id; a text below the ids keeps pandas from taking a column of digits for numbers."""
    words, sample = book.words, users[:_WIDTHS_LOOK_AT]
    names = column_width([_identity(user)[0] for user in sample], least=18, most=42)
    emails = column_width([user.user_email for user in sample], least=18, most=42)
    everybody = words.gettext("All users")
    ids = column_width([everybody, *(user.user_id for user in sample)], least=12, most=38)
    return [
        Column(words.gettext("User"), NAME, names, total=words.gettext("Total"), is_id=True),
        Column(words.gettext("Email"), ADDRESS, emails),
        Column(words.gettext("User ID"), ADDRESS, ids, total=everybody, is_id=True),
    ]


def _beyond_counts(book: Book, users: Sequence[UserUsage]) -> list[Column]:
    words, numbers = book.words, book.numbers
    figure = dataclasses.replace(FIGURE, number_format=numbers.count)
    rate, share = (dataclasses.replace(FIGURE, number_format=code) for code in (numbers.percent, numbers.share))
    signed = dataclasses.replace(FIGURE_MUTED, number_format=numbers.signed)
    cohort = _sum([user.cohort for user in users])
    sent, before = sum(user.counts.sent for user in users), sum(user.previous.sent for user in users)
    is_known, is_comparable = book.contents.is_previous_known, book.contents.is_comparable
    sent_heading, completed_heading = words.gettext("Documents sent"), words.gettext("Of these completed")
    return [
        Column(words.gettext("Share of sent"), share, 11, Total("sum", 1.0 if sent else 0)),
        Column(words.gettext("Sent before"), figure, 11, Total("sum", before) if is_known else None),
        Column(words.gettext("Difference in sent"), signed, 12, Total("sum", sent - before) if is_comparable else None),
        Column(sent_heading, figure, 11.5, Total("sum", cohort.sent)),
        Column(completed_heading, figure, 13, Total("sum", cohort.completed)),
        Column(words.gettext("Of these open"), figure, 11.5, Total("sum", cohort.open)),
        Column(
            words.gettext("Completion rate"), rate, 13, Share(completed_heading, sent_heading, cohort.completion_rate)
        ),
        Column(
            words.gettext("Median turnaround in hours"), dataclasses.replace(FIGURE, number_format=numbers.decimal), 14
        ),
        Column(
            words.gettext("Last active"),
            dataclasses.replace(FIGURE_MUTED, number_format=numbers.date),
            numbers.date_width,
        ),
    ]


def _sum(cohorts: Sequence[Cohort]) -> Cohort:
    parts = [[getattr(cohort, field.name) for cohort in cohorts] for field in dataclasses.fields(Cohort)]
    return Cohort(*map(sum, parts))


def _plain_rows(users: Sequence[UserUsage]) -> Iterator[Sequence[Value]]:
    for user in users:
        yield *_identity(user), *user.counts.as_tuple()


def _identity(user: UserUsage | InactiveUser) -> tuple[str | None, str | None, str | None]:
    label = person_text(user.user_name, user.user_email, user.user_id)
    return label, name_text(user.user_email), id_text(user.user_id)


def _whole_rows(contents: Contents) -> Iterator[Sequence[Value]]:
    """What nothing is known of before is empty, so that the columns are those of every month."""
    users, sent = contents.snapshot.users, contents.snapshot.totals.sent
    is_known, is_comparable = contents.is_previous_known, contents.is_comparable
    for plain, user in zip(_plain_rows(users), users, strict=True):
        counts, cohort, took = user.counts, user.cohort, user.median_turnaround
        yield (
            *plain,
            counts.sent / sent if sent else None,
            user.previous.sent if is_known else None,
            counts.sent - user.previous.sent if is_comparable else None,
            cohort.sent,
            cohort.completed,
            cohort.open,
            cohort.completion_rate,
            None if took is None else took / _HOUR,
            user.last_active_day,
        )
