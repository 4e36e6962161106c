"""How the text of a setting becomes its value, or a ValueError that says what to write instead."""

import datetime as dt
import re
from collections.abc import Container
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from signtally.domain.mail_addresses import ascii_domain, parse_sender, valid_address
from signtally.domain.public_addresses import ip_address

THREADS, PROCESSES, DASK = "threads", "processes", "dask://"
TIMESTREAM = "timestream"
_POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")
_WEB_SCHEMES = ("https", "http")
_ALERT_SCHEMES = (*_WEB_SCHEMES, "mailtos", "mailto")
_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_BUCKET_NAME = re.compile(r"arn:\S+|[A-Za-z0-9._-]{3,255}")  # an access point has an ARN
_DATABASE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,256}")
_SCHEMA_BYTES = 63  # PostgreSQL cuts a longer name off without a word, and two such would be one
_TOKEN = re.compile(r"[!-~]+")  # what a header can hold
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_LONGEST_DURATION = dt.timedelta(days=100 * 365)  # an instant and one of these after it is still in the calendar
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AUTO, _SES = "auto", "ses"
_MOST_MAILS_PER_SECOND = 10_000


def parse_duration(value: object) -> object:
    """Read `90s`, `15m`, `1h`, `7d` or a number of seconds, negative ones too. Raises ValueError for any other text."""
    return _duration(value) if isinstance(value, str) else value


def _duration(text: str) -> dt.timedelta:
    match = re.fullmatch(r"(-?\d+)([smhd]?)", text.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is no duration: write 90s, 15m, 1h or 7d")
    try:
        duration = dt.timedelta(**{_UNITS[match[2] or "s"]: int(match[1])})
    except OverflowError:
        duration = dt.timedelta.max
    if abs(duration) > _LONGEST_DURATION:
        raise ValueError(f"{text!r} is too long: write {_LONGEST_DURATION.days}d at most")
    return duration


def lasting(least: str, most: str | None = None) -> AfterValidator:
    """A duration from *least* to *most*, both as somebody writes them."""
    shortest, longest = _duration(least), _duration(most) if most else _LONGEST_DURATION

    def check(value: dt.timedelta) -> dt.timedelta:
        if value < shortest:
            raise ValueError(f"it is less than {least}: write {f'{least} to {most}' if most else f'{least} or more'}")
        if value > longest:
            raise ValueError(f"it is more than {most}: write {least} to {most}")
        return value

    return AfterValidator(check)


def queue_name(text: str, info: ValidationInfo) -> str:
    """Each queue is another: a queue that was its own dead-letter queue would never be empty."""
    if not _QUEUE_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a queue: write 1 to 80 of the characters A-Z a-z 0-9 _ -")
    for other, name in info.data.items():
        if other.endswith("queue") and name == text:
            raise ValueError(f"{text!r} is SIGNTALLY_{other.upper()} already: give each queue a name of its own")
    return text


def bucket_name(text: str) -> str:
    if not _BUCKET_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a bucket: write 3 to 63 of the characters a-z 0-9 . -")
    return text


def database_name(text: str, info: ValidationInfo) -> str:
    """Of Timestream's database, or of PostgreSQL's schema, whichever `usage_store`, read before, names."""
    store = info.data.get("usage_store")
    if store is None or store.get_secret_value() == TIMESTREAM:
        if not _DATABASE_NAME.fullmatch(text):
            raise ValueError(f"{text!r} is no name of a database: write 3 to 256 of the characters A-Z a-z 0-9 _ . -")
    elif not 1 <= len(text.encode(errors="replace")) <= _SCHEMA_BYTES or text.startswith("pg_"):
        raise ValueError(f"{text!r} is no name of a schema: write 1 to {_SCHEMA_BYTES} bytes that begin without pg_")
    return text


def web_address_or_none(advice: str) -> BeforeValidator:
    """An empty variable counts as unset; ValueError with *advice* for anything but an http or https address."""

    def address(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = value.strip()
        if text and _parts(text, _WEB_SCHEMES) is None:
            raise ValueError(f"{text!r} is no web address: {advice}, or leave it unset")
        return text or None

    return BeforeValidator(address)


def public_address(text: str) -> str:
    """Raises ValueError for what no link can begin with."""
    parts = _parts(text.strip(), _WEB_SCHEMES)
    if parts is None or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no web address: write https://reports.example.com, where people reach the page")
    return text.strip()


def alert_address(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what is no web or mail address."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text and _parts(text, _ALERT_SCHEMES) is None:
        raise ValueError(
            "it is no address for alerts: write https://… (a webhook; Slack's and Mattermost's too) or "
            "mailtos://USER:PASSWORD@HOST?from=…&to=…, or leave it unset"
        )
    return text or None


def listening_address(value: object) -> object:
    """Read `127.0.0.1:9464`; an empty variable counts as unset. Raises ValueError for anything else."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    parts = _parts(f"tcp://{text}", ("tcp",))
    if text and (parts is None or not parts.port or parts.path):
        raise ValueError(f"{text!r} is no address to listen on: write 127.0.0.1:9464, or leave it unset")
    return text or None


def a_word_or(default: str) -> BeforeValidator:
    """Capitals do not matter; an empty variable counts as unset."""
    return BeforeValidator(lambda value: (value.strip().lower() or default) if isinstance(value, str) else value)


def mail_service(value: object) -> object:
    """`SES` is `ses`; an empty variable counts as unset. An address stays as it is: `smtp.mailer` reads it."""
    return _SES if isinstance(value, str) and value.strip().lower() in {"", _SES} else value


def mail_rate(value: object) -> object:
    """Read `auto` or a number of emails a second; an empty variable counts as unset."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower() or _AUTO
    if word == _AUTO:
        return word
    try:
        rate = float(word)
    except ValueError:
        rate = -1
    if not 0 <= rate <= _MOST_MAILS_PER_SECOND:
        raise ValueError(f"{value!r} is no rate: write auto, or a number from 0 to {_MOST_MAILS_PER_SECOND}")
    return rate


def bearer_token(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what no header can hold."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text and not _TOKEN.fullmatch(text):
        raise ValueError("it is no bearer token: write ASCII characters without blanks, or leave it unset")
    return text or None


def domains(value: object) -> object:
    return tuple(map(_domain, _listed(value))) if isinstance(value, str) else value


def _domain(text: str) -> str:
    try:
        return ascii_domain(text)
    except ValueError:
        raise ValueError(f"{text!r} is no domain of email: write acme.example, or several with commas") from None


def hosts(value: object) -> object:
    return tuple(map(_host, _listed(value))) if isinstance(value, str) else value


def _host(text: str) -> str:
    if ip_address(text) is None and not _HOST.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is no host: write hooks.slack.com, which stands for the hosts below it too")
    return text.lower().strip("[]")


def origins(value: object) -> object:
    """Read `https://a.example, https://b.example`. Raises ValueError for what is no origin."""
    if not isinstance(value, str):
        return value
    found = tuple(each.rstrip("/") for each in _listed(value))
    for origin in found:
        parts = _parts(origin, _WEB_SCHEMES)
        if parts is None or f"{parts.scheme}://{parts.netloc}" != origin:
            raise ValueError(f"{origin!r} is no origin: write https://portal.example.com, without a path")
    return found


def sender(text: str) -> str:
    try:
        parse_sender(text)
    except ValueError as error:
        raise ValueError(f"SIGNTALLY_MAIL_FROM: {error}") from None
    return text


def address_or_none(value: object) -> object:
    return (valid_address(value.strip()) if value.strip() else None) if isinstance(value, str) else value


def usage_store_address(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what names no store."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text or text.lower() == TIMESTREAM:
        return TIMESTREAM
    if not text.startswith(_POSTGRESQL_SCHEMES):
        raise ValueError("it names no usage store: write timestream, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return text


def replica_address(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what names no server."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text and not text.startswith(_POSTGRESQL_SCHEMES):
        raise ValueError("it names no replica: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it unset")
    return text or None


def task_runner_name(value: str) -> str:
    """Raises ValueError for anything but the three kinds."""
    address = _parts(value, ("dask",))
    if value in {THREADS, PROCESSES} or (address is not None and address.port):
        return value
    raise ValueError(f"{value!r} is no task runner: write threads, processes or dask://HOST:PORT, a Dask scheduler's")


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _parts(text: str, schemes: Container[str]) -> SplitResult | None:
    """None for what is no address of one of *schemes* at a host, and a port if any, that there can be."""
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    is_plain = text.isprintable() and not re.search(r"\s", parts.netloc)
    return parts if parts.scheme in schemes and has_place and is_plain else None
