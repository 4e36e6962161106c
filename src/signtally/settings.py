"""Signtally's own settings, from environment variables `SIGNTALLY_…`; AWS's and Prefect's keep their names."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from signtally.domain.mail_addresses import ascii_domain, parse_sender, valid_address
from signtally.domain.public_addresses import ip_address

THREADS, PROCESSES, DASK = "threads", "processes", "dask://"
TIMESTREAM = "timestream"
_POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")
ALERT_SCHEMES = ("https", "http", "mailtos", "mailto")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_LONGEST_DURATION = dt.timedelta(days=100 * 365)  # an instant and one of these after it is still in the calendar
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(value: object) -> object:
    """Read `90s`, `15m`, `1h`, `7d` or a number of seconds, negative ones too. Raises ValueError for any other text."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(-?\d+)([smhd]?)", value.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{value!r} is no duration: write 90s, 15m, 1h or 7d")
    try:
        duration = dt.timedelta(**{_UNITS[match[2] or "s"]: int(match[1])})
    except OverflowError:
        duration = dt.timedelta.max
    if abs(duration) > _LONGEST_DURATION:
        raise ValueError(f"{value!r} is too long: write {_LONGEST_DURATION.days}d at most")
    return duration


def _web_address_or_none(advice: str) -> BeforeValidator:
    """An empty variable counts as unset; ValueError with *advice* for anything but an http or https address."""

    def address(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = value.strip()
        if not text:
            return None
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{text!r} is no web address: {advice}, or leave it unset")
        return text

    return BeforeValidator(address)


def _alert_address(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what is no web or mail address."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ALERT_SCHEMES or not parts.hostname:
        raise ValueError(
            "it is no address for alerts: write https://… (a webhook; Slack's and Mattermost's too) or "
            "mailtos://USER:PASSWORD@HOST?from=…&to=…, or leave it unset"
        )
    return text


def _listening_address(value: object) -> object:
    """Read `127.0.0.1:9464`; an empty variable counts as unset. Raises ValueError for anything else."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text:
        return None
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not parts.port or parts.path:
        raise ValueError(f"{text!r} is no address to listen on: write 127.0.0.1:9464, or leave it unset")
    return text


def _word_or(default: str) -> Callable[[object], object]:
    """Capitals do not matter; an empty variable counts as unset."""
    return lambda value: (value.strip().lower() or default) if isinstance(value, str) else value


def _public_address(text: str) -> str:
    """Raises ValueError for what no link can begin with."""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is no web address: write https://reports.example.com, where people reach the page")
    return text.strip()


def _domains(value: object) -> object:
    return tuple(map(_domain, _listed(value))) if isinstance(value, str) else value


def _domain(text: str) -> str:
    try:
        return ascii_domain(text)
    except ValueError:
        raise ValueError(f"{text!r} is no domain of email: write acme.example, or several with commas") from None


def _hosts(value: object) -> object:
    return tuple(map(_host, _listed(value))) if isinstance(value, str) else value


def _host(text: str) -> str:
    if ip_address(text) is None and not _HOST.fullmatch(text.lower()):
        raise ValueError(f"{text!r} is no host: write hooks.slack.com, which stands for the hosts below it too")
    return text.lower().strip("[]")


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _not_negative(value: dt.timedelta) -> dt.timedelta:
    if value < dt.timedelta():
        raise ValueError("it is less than nothing: write 0s, 6h or 1d")
    return value


def _sender(text: str) -> str:
    try:
        parse_sender(text)
    except ValueError as error:
        raise ValueError(f"SIGNTALLY_MAIL_FROM: {error}") from None
    return text


def _address_or_none(value: object) -> object:
    return (valid_address(value.strip()) if value.strip() else None) if isinstance(value, str) else value


def _origins(value: object) -> object:
    """Read `https://a.example, https://b.example`. Raises ValueError for what is no origin."""
    if not isinstance(value, str):
        return value
    origins = tuple(each.rstrip("/") for each in _listed(value))
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or f"{parts.scheme}://{parts.netloc}" != origin:
            raise ValueError(f"{origin!r} is no origin: write https://portal.example.com, without a path")
    return origins


def _usage_store(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what names no store."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text or text.lower() == TIMESTREAM:
        return TIMESTREAM
    if not text.startswith(_POSTGRESQL_SCHEMES):
        raise ValueError("it names no usage store: write timestream, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return text


def _replica(value: object) -> object:
    """An empty variable counts as unset. Raises ValueError, without showing it, for what names no server."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text and not text.startswith(_POSTGRESQL_SCHEMES):
        raise ValueError("it names no replica: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it unset")
    return text or None


def _known_task_runner(value: str) -> str:
    """Raises ValueError for anything but the three kinds."""
    address = urlsplit(value)
    if value in {THREADS, PROCESSES} or (value.startswith(DASK) and address.hostname and address.port):
        return value
    raise ValueError(f"{value!r} is no task runner: write threads, processes or dask://HOST:PORT, a Dask scheduler's")


Duration = Annotated[dt.timedelta, BeforeValidator(parse_duration)]
_MailTimeout = Annotated[Duration, Field(ge=dt.timedelta(seconds=1), le=dt.timedelta(minutes=10))]


class Settings(BaseSettings):
    """Read once at an entry point and passed on; `.env.example` explains each."""

    model_config = SettingsConfigDict(env_prefix="SIGNTALLY_", frozen=True, extra="ignore", hide_input_in_errors=True)

    queue: str = "signtally-events"
    dead_letter_queue: str = "signtally-events-dead-letters"
    report_queue: str = "signtally-report-orders"
    report_dead_letter_queue: str = "signtally-report-orders-dead-letters"
    mail_events_queue: str = "signtally-mail-events"  # also the SES configuration set and the SNS topic
    mail_events_dead_letter_queue: str = "signtally-mail-events-dead-letters"
    bucket: str = "signtally"
    database: str = "signtally"  # in PostgreSQL, the schema

    usage_store: Annotated[SecretStr, BeforeValidator(_usage_store)] = SecretStr(TIMESTREAM)  # secret, as `mail` is
    usage_store_replica: Annotated[SecretStr | None, BeforeValidator(_replica)] = None  # of PostgreSQL, for figures
    postgresql_auth: Annotated[Literal["password", "iam"], BeforeValidator(_word_or("password"))] = "password"
    postgresql_connections: Annotated[int, Field(ge=1, le=1_000)] = 8  # of a process to write, and as many to read
    postgresql_statement_timeout: Annotated[Duration, Field(ge=dt.timedelta(seconds=1))] = dt.timedelta(minutes=5)

    memory_retention_hours: Annotated[int, Field(ge=1, le=8766)] = 15 * 24  # longer than SQS's 14 days
    magnetic_retention_days: Annotated[int, Field(ge=1, le=73_000)] = 73_000  # as long as Timestream can

    jwks_url: Annotated[
        str | None,
        _web_address_or_none(
            "set SIGNTALLY_JWKS_URL to where your identity provider serves its JSON Web Key Set, such as "
            "https://login.example.com/.well-known/jwks.json"
        ),
    ] = None
    jwt_issuer: str = "signtally-development"
    jwt_audience: str = "signtally"
    url_ttl: Duration = dt.timedelta(minutes=15)
    report_reuse: Duration = dt.timedelta(minutes=15)  # how long an unchanged report of a running period serves again
    public_url: Annotated[str, AfterValidator(_public_address)] = "http://127.0.0.1:8000"  # where emails point
    portal_url: Annotated[  # where the page sends a reader without a token, with `return_to`
        str | None,
        _web_address_or_none("set SIGNTALLY_PORTAL_URL to your portal's page that opens Usage Reports"),
    ] = None

    calls_per_minute: Annotated[int, Field(ge=0)] = 30_000  # of one tenant, to one process of the API; 0: any number
    orders_per_minute: Annotated[int, Field(ge=0)] = 1_200  # of those, orders of reports
    orders_in_work: Annotated[int, Field(ge=0)] = 500  # reports of one tenant that wait or are made; 0: any number
    longest_period_days: Annotated[int, Field(ge=366)] = 11_000  # of one request: thirty years
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()  # whose scripts may call the API

    mail: SecretStr = SecretStr("ses")  # or smtp://[user:password@]host[:port]: secret, for the password in it
    mail_from: Annotated[str, AfterValidator(_sender)] = "Signtally <reports@signtally.example>"
    mail_bounces_to: Annotated[str | None, BeforeValidator(_address_or_none)] = None  # an SMTP envelope's sender
    mail_reply_to: Annotated[str | None, BeforeValidator(_address_or_none)] = None  # where answers to emails go
    # How long an SMTP server may be silent: before each answer, and when it is sent a message and is to accept it.
    mail_timeout: _MailTimeout = dt.timedelta(seconds=30)
    mail_acceptance_timeout: _MailTimeout = dt.timedelta(minutes=10)
    # How long a digest waits for complete figures; then operators are told.
    digest_patience: Annotated[Duration, AfterValidator(_not_negative)] = dt.timedelta(hours=6)

    members_url: Annotated[  # says who is a member of a tenant now; asked before an email or a file goes to a user
        str | None, _web_address_or_none("set SIGNTALLY_MEMBERS_URL to where your portal names a tenant's members")
    ] = None
    members_token: Annotated[SecretStr | None, BeforeValidator(lambda value: value or None)] = (
        None  # sent there as a bearer token
    )

    recipient_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_domains)] = ()  # acme.example,acme.test
    webhook_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()  # hooks.slack.com,acme.example
    webhook_loopback: bool = False  # whether webhooks may go to this machine itself, also by http
    schedule_limit: Annotated[int, Field(ge=1, le=1000)] = 50  # schedules of a tenant
    recipient_limit: Annotated[int, Field(ge=1, le=1000)] = 50  # recipients of a schedule

    render_timeout: Annotated[Duration, Field(ge=dt.timedelta(seconds=1))] = dt.timedelta(minutes=2)  # of one file
    render_memory: Annotated[int, Field(ge=256)] = 1536  # MiB, of one file
    render_processes: Annotated[int, Field(ge=1, le=64)] = 2  # files at a time, of one worker

    consumer_niceness: Annotated[int, Field(ge=0, le=19)] = 10  # of order consumers and what renders for them

    task_runner: Annotated[str, AfterValidator(_known_task_runner)] = PROCESSES  # of flows that share out their work

    reconcile_days: Annotated[int, Field(ge=1, le=73_000)] = 35  # how far back figures are proven, and ids compared

    alert_url: Annotated[SecretStr | None, BeforeValidator(_alert_address)] = None  # whom Prefect's automations notify

    timestream_queries: Annotated[int, Field(ge=0)] = 32  # at once, of all workers together; 0: any number
    timestream_unloads: Annotated[int, Field(ge=0)] = 4  # of those, UNLOADs
    mails_per_second: Annotated[  # of all workers together; 0: any number, auto: what SES allows the account
        Literal["auto"] | Annotated[float, Field(ge=0, le=10_000)], BeforeValidator(_word_or("auto"))
    ] = "auto"

    log_format: Annotated[Literal["auto", "json", "text"], BeforeValidator(_word_or("auto"))] = "auto"  # of stderr

    metrics_format: Annotated[Literal["prometheus", "emf"], BeforeValidator(_word_or("prometheus"))] = "prometheus"
    metrics_address: Annotated[str | None, BeforeValidator(_listening_address)] = None  # of workers and consumers

    clock_skew: Duration = dt.timedelta(seconds=2)  # margin taken off an empty queue's instant
    retry_budget: Duration = dt.timedelta(seconds=90)  # how long ingest and imports retry a service that is away
    ingest_max_in_flight_events: Annotated[int, Field(ge=1_000, le=1_000_000)] = 20_000  # bounds the memory
    import_writers: Annotated[int, Field(ge=1, le=64)] = 8  # write requests at a time
    state_directory: Path = Path(".signtally")  # the development key; nothing else

    @property
    def keeps_usage_in_postgresql(self) -> bool:
        return self.usage_store.get_secret_value() != TIMESTREAM
