"""Signtally's own settings, from environment variables `SIGNTALLY_…`; AWS's and Prefect's keep their names."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from signtally.setting_values import (
    PROCESSES,
    TIMESTREAM,
    a_word_or,
    address_or_none,
    alert_address,
    bearer_token,
    bucket_name,
    database_name,
    domains,
    hosts,
    lasting,
    listening_address,
    mail_rate,
    mail_service,
    origins,
    parse_duration,
    public_address,
    queue_name,
    replica_address,
    sender,
    task_runner_name,
    usage_store_address,
    web_address_or_none,
)

Duration = Annotated[dt.timedelta, BeforeValidator(parse_duration)]
_Queue = Annotated[str, AfterValidator(queue_name)]
_MOST = 1_000_000_000  # a number that Prefect and its database can hold, too
_MailTimeout = Annotated[Duration, lasting("1s", "10m")]


class Settings(BaseSettings):
    """Read once at an entry point and passed on; `.env.example` explains each."""

    model_config = SettingsConfigDict(env_prefix="SIGNTALLY_", frozen=True, extra="ignore", hide_input_in_errors=True)

    queue: _Queue = "signtally-events"
    dead_letter_queue: _Queue = "signtally-events-dead-letters"
    report_queue: _Queue = "signtally-report-orders"
    report_dead_letter_queue: _Queue = "signtally-report-orders-dead-letters"
    mail_events_queue: _Queue = "signtally-mail-events"  # also the SES configuration set and the SNS topic
    mail_events_dead_letter_queue: _Queue = "signtally-mail-events-dead-letters"
    bucket: Annotated[str, AfterValidator(bucket_name)] = "signtally"

    usage_store: Annotated[SecretStr, BeforeValidator(usage_store_address)] = SecretStr(
        TIMESTREAM
    )  # secret, as `mail` is
    database: Annotated[str, AfterValidator(database_name)] = "signtally"  # in PostgreSQL, the schema
    usage_store_replica: Annotated[SecretStr | None, BeforeValidator(replica_address)] = (
        None  # of PostgreSQL, for figures
    )
    postgresql_auth: Annotated[Literal["password", "iam"], a_word_or("password")] = "password"
    postgresql_connections: Annotated[int, Field(ge=1, le=1_000)] = 8  # of a process to write, and as many to read
    postgresql_statement_timeout: Annotated[Duration, lasting("1s", "24d")] = dt.timedelta(minutes=5)

    memory_retention_hours: Annotated[int, Field(ge=1, le=8766)] = 15 * 24  # longer than SQS's 14 days
    magnetic_retention_days: Annotated[int, Field(ge=1, le=73_000)] = 73_000  # as long as Timestream can

    jwks_url: Annotated[
        str | None,
        web_address_or_none(
            "set SIGNTALLY_JWKS_URL to where your identity provider serves its JSON Web Key Set, such as "
            "https://login.example.com/.well-known/jwks.json"
        ),
    ] = None
    jwt_issuer: Annotated[str, Field(min_length=1)] = "signtally-development"
    jwt_audience: Annotated[str, Field(min_length=1)] = "signtally"
    url_ttl: Annotated[Duration, lasting("1s", "7d")] = dt.timedelta(minutes=15)
    # How long an unchanged report of a running period serves again.
    report_reuse: Annotated[Duration, lasting("0s")] = dt.timedelta(minutes=15)
    public_url: Annotated[str, AfterValidator(public_address)] = "http://127.0.0.1:8000"  # where emails point
    portal_url: Annotated[  # where the page sends a reader without a token, with `return_to`
        str | None,
        web_address_or_none("set SIGNTALLY_PORTAL_URL to your portal's page that opens Usage Reports"),
    ] = None

    calls_per_minute: Annotated[int, Field(ge=0, le=_MOST)] = (
        30_000  # of one tenant, to one process of the API; 0: any number
    )
    orders_per_minute: Annotated[int, Field(ge=0, le=_MOST)] = 1_200  # of those, orders of reports
    orders_in_work: Annotated[int, Field(ge=0, le=_MOST)] = (
        500  # reports of one tenant that wait or are made; 0: any number
    )
    longest_period_days: Annotated[int, Field(ge=366, le=_MOST)] = 11_000  # of one request: thirty years
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(origins)] = ()  # whose scripts may call the API

    mail: Annotated[SecretStr, BeforeValidator(mail_service)] = SecretStr(
        "ses"
    )  # or smtp://[user:password@]host[:port]: secret, for the password in it
    mail_from: Annotated[str, AfterValidator(sender)] = "Signtally <reports@signtally.example>"
    mail_bounces_to: Annotated[str | None, BeforeValidator(address_or_none)] = None  # an SMTP envelope's sender
    mail_reply_to: Annotated[str | None, BeforeValidator(address_or_none)] = None  # where answers to emails go
    # How long an SMTP server may be silent: before each answer, and when it is sent a message and is to accept it.
    mail_timeout: _MailTimeout = dt.timedelta(seconds=30)
    mail_acceptance_timeout: _MailTimeout = dt.timedelta(minutes=10)
    # How long a digest waits for complete figures; then operators are told.
    digest_patience: Annotated[Duration, lasting("0s")] = dt.timedelta(hours=6)

    members_url: Annotated[  # says who is a member of a tenant now; asked before an email or a file goes to a user
        str | None, web_address_or_none("set SIGNTALLY_MEMBERS_URL to where your portal names a tenant's members")
    ] = None
    members_token: Annotated[SecretStr | None, BeforeValidator(bearer_token)] = None  # sent there

    recipient_domains: Annotated[tuple[str, ...], NoDecode, BeforeValidator(domains)] = ()  # acme.example,acme.test
    webhook_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(hosts)] = ()  # hooks.slack.com,acme.example
    webhook_loopback: bool = False  # whether webhooks may go to this machine itself, also by http
    schedule_limit: Annotated[int, Field(ge=1, le=1000)] = 50  # schedules of a tenant
    recipient_limit: Annotated[int, Field(ge=1, le=1000)] = 50  # recipients of a schedule

    render_timeout: Annotated[Duration, lasting("1s", "1d")] = dt.timedelta(minutes=2)  # of one file
    render_memory: Annotated[int, Field(ge=256, le=1_048_576)] = 1536  # MiB, of one file
    render_processes: Annotated[int, Field(ge=1, le=64)] = 2  # files at a time, of one worker

    consumer_niceness: Annotated[int, Field(ge=0, le=19)] = 10  # of order consumers and what renders for them

    task_runner: Annotated[str, AfterValidator(task_runner_name)] = PROCESSES  # of flows that share out their work

    reconcile_days: Annotated[int, Field(ge=1, le=73_000)] = 35  # how far back figures are proven, and ids compared

    alert_url: Annotated[SecretStr | None, BeforeValidator(alert_address)] = None  # whom Prefect's automations notify

    timestream_queries: Annotated[int, Field(ge=0, le=_MOST)] = 32  # at once, of all workers together; 0: any number
    timestream_unloads: Annotated[int, Field(ge=0, le=_MOST)] = 4  # of those, UNLOADs
    # Of all workers together; 0: any number, auto: what SES allows the account.
    mails_per_second: Annotated[Literal["auto"] | float, BeforeValidator(mail_rate)] = "auto"

    log_format: Annotated[Literal["auto", "json", "text"], a_word_or("auto")] = "auto"  # of stderr

    metrics_format: Annotated[Literal["prometheus", "emf"], a_word_or("prometheus")] = "prometheus"
    metrics_address: Annotated[str | None, BeforeValidator(listening_address)] = None  # of workers and consumers

    clock_skew: Annotated[Duration, lasting("0s", "1h")] = dt.timedelta(
        seconds=2
    )  # margin taken off an empty queue's instant
    # How long ingest and imports retry a service that is away.
    retry_budget: Annotated[Duration, lasting("0s")] = dt.timedelta(seconds=90)
    ingest_max_in_flight_events: Annotated[int, Field(ge=1_000, le=1_000_000)] = 20_000  # bounds the memory
    import_writers: Annotated[int, Field(ge=1, le=64)] = 8  # write requests at a time
    state_directory: Path = Path(".signtally")  # the development key; nothing else

    @property
    def keeps_usage_in_postgresql(self) -> bool:
        return self.usage_store.get_secret_value() != TIMESTREAM
