"""Which queue a replay sends to, and the dead letters of the other queues."""

from signtally.domain.dead_letter_queues import QueueName
from signtally.ports.errors import NotProvisionedError, ServiceError
from signtally.ports.queue import QueuePair
from signtally.services import Services


def pair_of(queue: QueueName, *, services: Services) -> QueuePair:
    """A queue with its dead letters. Raises NotProvisionedError where the mail service tells nothing by a queue."""
    match queue:
        case QueueName.EVENTS:
            return QueuePair(services.queue, services.dead_letters)
        case QueueName.REPORT_ORDERS:
            return services.report_queue.pair
        case QueueName.MAIL_EVENTS:
            if services.mail_events is None:
                raise NotProvisionedError(
                    "there is no queue of mail events: SIGNTALLY_MAIL is an SMTP server, which sends an email instead"
                )
            return services.mail_events.pair


def elsewhere(queue: QueueName, *, services: Services) -> dict[str, int]:
    """About how many dead letters the queues other than this one have, where they have any and answer."""
    found = {other: _depth(other, services=services) for other in QueueName if other is not queue}
    return {str(other): depth for other, depth in found.items() if depth}


def _depth(queue: QueueName, *, services: Services) -> int:
    try:
        return pair_of(queue, services=services).dead_letters.depth().visible
    except ServiceError:  # whoever asks for that queue is told why
        return 0
