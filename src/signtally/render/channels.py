"""A digest for a channel or a program: a text for Slack, a card for Teams, a JSON document for whoever takes webhooks.

Slack's incoming webhooks take `{"text": …}` (so do Mattermost, Rocket.Chat and Google Chat), those of Teams a message
with one Adaptive Card.
"""

import datetime as dt
import json
from typing import Any

from signtally.domain.destinations import DestinationKind
from signtally.domain.snapshot import UsageSnapshot
from signtally.render.contents import Contents
from signtally.render.corrections import correction_sentences
from signtally.render.email import DigestContext, incomplete_notice, labelled_links
from signtally.render.highlights import allowance_line, highlight_sentences
from signtally.render.measure_texts import Card
from signtally.render.translation import Translation

EVENT_TYPE = "usage.digest"
_CARD_SCHEMA, _CARD_VERSION = "http://adaptivecards.io/schemas/adaptive-card.json", "1.4"
_CARD = "application/vnd.microsoft.card.adaptive"


def channel_body(snapshot: UsageSnapshot, *, context: DigestContext, kind: DestinationKind) -> bytes:
    """The JSON that is posted."""
    match kind:
        case "slack":
            document = {"text": _slack_text(Contents(snapshot), context)}
        case "teams":
            document = _teams_message(Contents(snapshot), context)
        case "webhook":
            document = _event(snapshot, context)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _title(contents: Contents) -> str:
    return contents.words.gettext(
        "%(tenant)s: usage for %(period)s", tenant=contents.tenant_name, period=contents.period_in_text
    )


def _sentences(contents: Contents, context: DigestContext) -> list[str]:
    """What stands before the figures."""
    notice = "" if context.is_complete else incomplete_notice(contents.words)
    replaced = correction_sentences(context.replaces, contents) if context.replaces else []
    lines = [*replaced, notice, *highlight_sentences(contents), allowance_line(contents), contents.caveat]
    if _is_empty(contents):
        lines.append(contents.emptiness)
    return [line for line in lines if line]


def _is_empty(contents: Contents) -> bool:
    return not any(contents.snapshot.totals.as_tuple())


def _figures(contents: Contents) -> list[tuple[str, str]]:
    """None where nothing happened, or nothing is known, as in emails."""
    if _is_empty(contents):
        return []
    return [(card.label, _with_change(card, contents.words)) for card in contents.cards]


def _with_change(card: Card, words: Translation) -> str:
    if not card.change:
        return card.figure
    return words.gettext("%(text)s (%(detail)s)", text=card.figure, detail=card.change)


def _links(contents: Contents, context: DigestContext) -> list[tuple[str, str]]:
    page = contents.words.gettext("Open the Usage Reports page")
    return [*labelled_links(context.links, contents.words), (page, context.page_url)]


def _slack_text(contents: Contents, context: DigestContext) -> str:
    """Bold title, a line a figure, links. Escaped as Slack asks: so no name can mention a whole channel."""
    links = " · ".join(f"<{url}|{_escaped(label)}>" for label, url in _links(contents, context))
    named = contents.words.gettext
    figures = [
        f"{_escaped(named('%(name)s:', name=label))} *{_escaped(figure)}*" for label, figure in _figures(contents)
    ]
    sentences = [_escaped(sentence) for sentence in _sentences(contents, context)]
    title = _escaped(_title(contents)).replace("*", "∗")
    return "\n".join([f"*{title}*", *sentences, *figures, _escaped(contents.freshness), links])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams_message(contents: Contents, context: DigestContext) -> dict[str, Any]:
    """Rich text, because a plain block takes Markdown, and a name might be some."""
    facts = [{"title": label, "value": figure} for label, figure in _figures(contents)]
    body = [
        _rich_text(_title(contents), size="Large", weight="Bolder"),
        *(_rich_text(sentence) for sentence in _sentences(contents, context)),
        *([{"type": "FactSet", "facts": facts}] if facts else []),
        _rich_text(contents.freshness, isSubtle=True),
    ]
    card = {
        "$schema": _CARD_SCHEMA,
        "type": "AdaptiveCard",
        "version": _CARD_VERSION,
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": label, "url": url} for label, url in _links(contents, context)],
    }
    attachment = {"contentType": _CARD, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _rich_text(text: str, **style: object) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _event(snapshot: UsageSnapshot, context: DigestContext) -> dict[str, Any]:
    """Figures rather than words, in the envelope of Standard Webhooks."""
    period, through, replaced = snapshot.period, snapshot.data_through, context.replaces
    return {
        "type": EVENT_TYPE,
        "timestamp": _instant(snapshot.taken_at),
        "data": {
            "tenant_id": snapshot.tenant.tenant_id,
            "schedule": context.schedule_name,
            "period": period.name,
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "timezone": snapshot.tenant.timezone,
            "data_through": _instant(through) if through else None,
            "complete": context.is_complete,
            "replaces": {"totals": replaced.totals.as_dict(), "sent_at": _instant(replaced.at)} if replaced else None,
            "totals": snapshot.totals.as_dict(),
            "previous_totals": snapshot.previous_totals.as_dict(),
            "completion_rate": snapshot.completion_rate,
            "files": dict(context.links),
        },
    }


def _instant(at: dt.datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
