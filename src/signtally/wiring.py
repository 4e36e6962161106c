"""From settings to services: which adapter stands behind which port."""

import atexit
import datetime as dt
import functools
from typing import cast

from pydantic import SecretStr

from signtally.aws.clients import BATCH_TIMEOUTS, INTERACTIVE_TIMEOUTS, AwsClients, ClientTimeouts, is_loopback
from signtally.aws.limiting import limit_queries
from signtally.aws.rds import rds_password
from signtally.aws.s3 import S3ObjectStore
from signtally.aws.ses import SesMailer
from signtally.aws.ses_events import SesEvents
from signtally.aws.sqs import SqsEventQueue
from signtally.aws.timestream import TimestreamUsageStore
from signtally.aws.timestream_unload import TimestreamUnload
from signtally.bucket_format import GuardedBucket
from signtally.erased_names import ErasedNames
from signtally.mail_event_queue import MailEventQueue
from signtally.ports.errors import StoreAddressError
from signtally.ports.limits import Limits
from signtally.ports.mail import Mailer
from signtally.ports.members import MemberSource
from signtally.ports.usage_store import UsageStore
from signtally.render.process_pool import RenderProcesses
from signtally.report_queue import ReportQueue
from signtally.services import Services, system_clock
from signtally.settings import Settings
from signtally.smtp.mailer import SmtpMailer
from signtally.stores.erasures import Erasures
from signtally.webhooks.posting import HttpsWebhooks

__all__ = [
    "BATCH_TIMEOUTS",
    "INTERACTIVE_TIMEOUTS",
    "only_loopback_endpoints",
    "render_processes",
    "services",
    "usage_store",
]

_SES = "ses"
# Who only reads, for a person, may be so late to see the first superseded event there is; whoever counts must not.
_RECHECK_SECONDS = 1.0
_ORDER_VISIBILITY_SECONDS = 30  # how long an order waits whose consumer died; a living one extends it


def services(
    settings: Settings | None = None, *, timeouts: ClientTimeouts = BATCH_TIMEOUTS, limits: Limits | None = None
) -> Services:
    """Connect nothing yet, only build: an unreachable service shows at its first call.

    *timeouts* is INTERACTIVE_TIMEOUTS where somebody waits for the answer; *limits* are those that all workers keep to.
    """
    settings = settings or Settings()
    clients = AwsClients(timeouts)
    if limits is not None:
        limit_queries(clients.timestream_query, limits)
    objects = GuardedBucket(S3ObjectStore(clients.s3, bucket=settings.bucket))
    store = usage_store(settings, clients=clients, timeouts=timeouts, limits=limits)
    return Services(
        settings=settings,
        queue=SqsEventQueue(clients.sqs, name=settings.queue, dead_letter_queue=settings.dead_letter_queue),
        dead_letters=SqsEventQueue(clients.sqs, name=settings.dead_letter_queue),
        usage_store=cast("UsageStore", ErasedNames(store, Erasures(objects))),
        objects=objects,
        mailer=_mailer(settings, clients),
        webhooks=HttpsWebhooks(clock=system_clock, to_loopback=settings.webhook_loopback),
        report_queue=ReportQueue(
            SqsEventQueue(
                clients.sqs,
                name=settings.report_queue,
                dead_letter_queue=settings.report_dead_letter_queue,
                visibility_seconds=_ORDER_VISIBILITY_SECONDS,
            ),
            SqsEventQueue(clients.sqs, name=settings.report_dead_letter_queue),
        ),
        members=_members(settings.members_url, settings.members_token),
        mail_events=_mail_events(settings, clients),
        renderer=render_processes(settings).render,
    )


def usage_store(
    settings: Settings,
    *,
    clients: AwsClients | None = None,
    timeouts: ClientTimeouts = BATCH_TIMEOUTS,
    limits: Limits | None = None,
) -> UsageStore:
    """The one that the settings name, with the names of erased users."""
    if settings.keeps_usage_in_postgresql:
        return _postgresql(settings, timeouts=timeouts)
    clients = clients or AwsClients(timeouts)
    return TimestreamUsageStore(
        clients.timestream_write,
        clients.timestream_query,
        unload=TimestreamUnload(clients.timestream_query, clients.s3, bucket=settings.bucket, limits=limits),
        database=settings.database,
        memory_retention_hours=settings.memory_retention_hours,
        magnetic_retention_days=settings.magnetic_retention_days,
        recheck_seconds=_RECHECK_SECONDS if timeouts is INTERACTIVE_TIMEOUTS else 0,
    )


def _postgresql(settings: Settings, *, timeouts: ClientTimeouts) -> UsageStore:
    """Its drivers are imported here: who keeps usage elsewhere does not wait for them."""
    from signtally.postgresql.connections import PostgresqlConnections  # noqa: PLC0415 -- as above
    from signtally.postgresql.replica_reads import Replica, ReplicaReads  # noqa: PLC0415 -- as above
    from signtally.postgresql.usage_store import PostgresqlUsageStore  # noqa: PLC0415 -- as above

    longest = settings.postgresql_statement_timeout
    if timeouts.read_seconds is not None:
        longest = min(longest, dt.timedelta(seconds=timeouts.read_seconds))

    def connections(address: SecretStr, *, named: str) -> PostgresqlConnections:
        where = address.get_secret_value()
        try:
            return PostgresqlConnections(
                where,
                size=settings.postgresql_connections,
                statement_timeout=longest,
                password=rds_password(where) if settings.postgresql_auth == "iam" else None,
            )
        except StoreAddressError as error:
            raise StoreAddressError(error.advice, named=named) from None

    primary = connections(settings.usage_store, named="SIGNTALLY_USAGE_STORE")
    kept = dt.timedelta(hours=settings.memory_retention_hours, days=settings.magnetic_retention_days)
    store = PostgresqlUsageStore(primary, schema=settings.database, kept=kept)
    if settings.usage_store_replica is None:
        return store
    replica = connections(settings.usage_store_replica, named="SIGNTALLY_USAGE_STORE_REPLICA")
    figures = PostgresqlUsageStore(replica, schema=settings.database)
    return cast("UsageStore", ReplicaReads(store, figures, Replica(primary, replica)))


def render_processes(settings: Settings) -> RenderProcesses:
    """This process's own, the same for the same limits; none is started before the first file, or `warm_up`."""
    return _render_processes(
        max(1, round(settings.render_timeout.total_seconds())), settings.render_memory, settings.render_processes
    )


@functools.cache
def _render_processes(timeout_seconds: int, memory_mebibytes: int, most: int) -> RenderProcesses:
    processes = RenderProcesses(timeout_seconds=timeout_seconds, memory_mebibytes=memory_mebibytes, most=most)
    atexit.register(processes.close)
    return processes


def only_loopback_endpoints() -> bool:
    """Whether every AWS client calls this machine; only then a development key may be trusted. Raises ServiceError."""
    return all(map(is_loopback, AwsClients().endpoints.values()))


@functools.cache
def _members(url: str | None, token: SecretStr | None) -> MemberSource | None:
    """This process's own: its answers serve again for a minute."""
    if url is None:
        return None
    from signtally.portal_members import HttpMembers  # noqa: PLC0415 -- only who asks a portal pays for httpx

    return HttpMembers(url, token=token.get_secret_value() if token else None)


def _mailer(settings: Settings, clients: AwsClients) -> Mailer:
    service = settings.mail.get_secret_value()
    if service != _SES:
        return SmtpMailer.from_url(
            service,
            bounces_to=settings.mail_bounces_to,
            timeout=settings.mail_timeout,
            acceptance_timeout=settings.mail_acceptance_timeout,
        )
    return SesMailer(clients.ses, configuration_set=settings.mail_events_queue)


def _mail_events(settings: Settings, clients: AwsClients) -> MailEventQueue | None:
    """SES writes them to a queue; an SMTP server sends an email (`signtally mail-events --message`)."""
    if settings.mail.get_secret_value() != _SES:
        return None
    name, dead_letters = settings.mail_events_queue, settings.mail_events_dead_letter_queue
    queue = SqsEventQueue(clients.sqs, name=name, dead_letter_queue=dead_letters)
    feed = SesEvents(clients.ses, clients.sns, queue, name=name)
    return MailEventQueue(queue, SqsEventQueue(clients.sqs, name=dead_letters), feed=feed)
