"""The digest: one email with the period's figures inline and links to its files."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage

from signtally.domain.actions import Action
from signtally.domain.conditions import Condition
from signtally.domain.corrections import ChangedPeriod, Told
from signtally.domain.schedule_terms import Recipient
from signtally.domain.snapshot import UsageSnapshot, UserUsage
from signtally.render.condition_texts import condition_sentence
from signtally.render.contents import Contents
from signtally.render.corrections import correction_sentences, earlier_lines, subject_of_correction
from signtally.render.email_chart import EmailChart, email_chart
from signtally.render.email_headers import POLICY, add_headers, header_text
from signtally.render.email_logo import logo_of
from signtally.render.email_picture import EmailPicture
from signtally.render.formats import Formats
from signtally.render.highlights import allowance_line, highlight_sentences
from signtally.render.insights import InsightContents
from signtally.render.measure_texts import Card
from signtally.render.people import distinct_names
from signtally.render.plain_table import aligned
from signtally.render.progress import open_documents, sender_names
from signtally.render.restatements import restatement_lines
from signtally.render.templating import environment, plain_text
from signtally.render.theme import DARK
from signtally.render.translation import Translation
from signtally.render.visible_text import one_line, shortened

LINK_LABELS = {"pdf": "PDF", "xlsx": "Excel", "csv": "CSV", "zip": "ZIP", "json": "JSON"}
_MOST_RESTATED_DAYS = 7
_MOST_OPEN_DOCUMENTS = 10
_TOP_USERS = 5
_NAME_LIMIT_CHARACTERS = 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DigestContext:
    """What an email says beside the figures; *links* by format go through the API and carry no secret."""

    schedule_name: str
    sender: str
    links: Mapping[str, str]
    page_url: str
    reply_to: str | None = None
    is_complete: bool = True  # else the email says that its figures will change
    # Formats that the reader expects attached, and finds linked alone.
    too_large: Sequence[str] = ()
    not_made: Sequence[str] = ()
    replaces: Told | None = None  # what an earlier email told: then this one says what has changed
    earlier: Sequence[ChangedPeriod] = ()
    condition: Condition | None = None  # under which alone it is sent


def digest_message(
    snapshot: UsageSnapshot, *, context: DigestContext, recipient: Recipient, unsubscribe_url: str
) -> EmailMessage:
    """A complete message, in plain text and HTML.

    Made twice from one snapshot for one recipient, it has the same Message-ID, so that a mail program may fold a
    second delivery into the first.
    """
    contents = Contents(snapshot)
    formats, words = contents.formats, contents.words
    chart, logo = email_chart(contents), logo_of(snapshot.tenant)
    values = _values(contents, chart, logo) | {
        "schedule_name": one_line(context.schedule_name),
        "recipient": recipient,
        "links": labelled_links(context.links, words),
        "replaced": correction_sentences(context.replaces, contents) if context.replaces else [],
        "subject_of_correction": subject_of_correction(context.replaces, contents) if context.replaces else "",
        "earlier": earlier_lines(context.earlier, contents),
        "not_attached": _not_attached(context, formats),
        "page_url": context.page_url,
        "condition": condition_sentence(context.condition, formats) if context.condition else "",
        "incomplete": "" if context.is_complete else incomplete_notice(words),
        "unsubscribe_url": unsubscribe_url,
    }
    message = EmailMessage(policy=POLICY)
    message["Subject"] = header_text(plain_text("email/digest/subject.txt", words=words, **values))
    add_headers(message, snapshot, context=context, recipient=recipient, unsubscribe_url=unsubscribe_url)
    message.set_content(plain_text("email/digest/body.txt", words=words, **values))
    html = environment(words).get_template("email/digest/body.html").render(**values)
    message.add_alternative(html, subtype="html")
    for picture in (logo, chart.picture):
        if picture is not None:
            picture.add_to(message)
    return message


def incomplete_notice(words: Translation) -> str:
    return words.gettext("Incomplete: not all documents of this period are counted yet, so these figures will change.")


def _values(contents: Contents, chart: EmailChart, logo: EmailPicture | None) -> dict[str, object]:
    snapshot, formats = contents.snapshot, contents.formats
    top = [user for user in snapshot.users[:_TOP_USERS] if user.counts.sent]
    return {
        "contents": contents,
        "highlights": highlight_sentences(contents),
        "allowance": allowance_line(contents),
        "is_empty": not any(snapshot.totals.as_tuple()),
        "insights": InsightContents.of(contents),
        "restated": restatement_lines(contents, most=_MOST_RESTATED_DAYS),
        "more_restated": max(0, len(snapshot.restated) - _MOST_RESTATED_DAYS),
        "snapshot": snapshot,
        "formats": formats,
        "theme": contents.theme,
        "dark": DARK.with_accent(snapshot.tenant.branding.accent),
        "logo": logo,
        "chart": chart,
        "tables": _plain_tables(contents, top),
        "preview": contents.freshness,
        "open_documents": _oldest_open(contents),
        "top_users": top,
        "more_users": len(snapshot.users) - len(top),
        "names": distinct_names(top, most_characters=_NAME_LIMIT_CHARACTERS),
    }


def _oldest_open(contents: Contents) -> list[tuple[str, str, str]]:
    """Document, sender and days open of those that wait longest."""
    rows = open_documents(contents).head(_MOST_OPEN_DOCUMENTS)
    senders = sender_names(rows)
    return [
        (
            shortened(one_line(row["document_id"]), _NAME_LIMIT_CHARACTERS, keeps_end=True),
            senders.get(row["user_id"], ""),
            contents.formats.number(row["days_open"] or 0),
        )
        for row in rows.iter_rows(named=True)
    ]


def labelled_links(links: Mapping[str, str], words: Translation) -> list[tuple[str, str]]:
    """Label and address of each file: the first one says what they all are for."""
    named = [(LINK_LABELS[name], links[name]) for name in LINK_LABELS if name in links]
    return [(words.gettext("Download %(format)s", format=label), url) for label, url in named[:1]] + named[1:]


def _not_attached(context: DigestContext, formats: Formats) -> str:
    """Why files that the reader expects are linked alone; empty when none is."""
    if context.not_made:
        return formats.words.gettext("The files were not ready when this email was sent. Please use the links.")
    if context.too_large:
        files = formats.listed(*(LINK_LABELS[name] for name in context.too_large))
        return formats.words.gettext("Too large to attach: %(files)s. Please use the links.", files=files)
    return ""


def _plain_tables(contents: Contents, top_users: list[UserUsage]) -> dict[str, list[str]]:
    """The tables of the plain-text part, as lines."""
    number, insights = contents.formats.number, InsightContents.of(contents)
    names = distinct_names(top_users, most_characters=_NAME_LIMIT_CHARACTERS)
    cards = [(card.label, card.figure, _with_change(card)) for card in contents.cards]
    more = [(card.label, card.figure, card.note) for card in insights.cards] if insights else []
    return {
        "cards": aligned(cards, left=(0, 2)),
        "insights": aligned(more, left=(0, 2)),
        "totals": aligned(_totals(contents)),
        "open_documents": aligned(_open_table(contents), left=(0, 1)),
        "senders": aligned(
            [
                ("", contents.heading(Action.SENT), contents.heading(Action.COMPLETED)),
                *((names[user.user_id], number(user.counts.sent), number(user.counts.completed)) for user in top_users),
            ]
        ),
    }


def _open_table(contents: Contents) -> list[tuple[str, str, str]]:
    gettext = contents.words.gettext
    return [(gettext("Document"), gettext("Sender"), gettext("Days open")), *_oldest_open(contents)]


def _totals(contents: Contents) -> Iterator[tuple[str, ...]]:
    gettext, number = contents.words.gettext, contents.formats.number
    width = 2 + contents.is_previous_known + contents.is_comparable
    yield ("", gettext("This period"), gettext("Previous"), gettext("Change"))[:width]
    for line in contents.measures:
        yield (line.heading, number(line.now), number(line.before), line.change or "")[:width]


def _with_change(card: Card) -> str:
    return " · ".join(filter(None, (card.change, card.note)))
