"""How much ingest takes in hand, how long it waits for company, and when it gives up."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IngestPace:
    """The defaults suit SQS and Timestream; tests go faster."""

    held_events: int = 20_000  # in hand at most, whatever the messages' size; bounds the memory
    write_events: int = 100  # Timestream takes no more in a request
    gather_seconds: float = 0.5  # how long a lone event waits for company before it is written
    flush_events: int = 5_000  # one note for aggregation covers so many
    flush_seconds: float = 1.0  # or what was stored within this time
    look_seconds: float = 5.0  # between looks at the queue's depth while there is traffic
    joint_look_seconds: float = 15.0  # between looks that several runs take together
    notice_seconds: float = 1.0  # within which a run hears of another's call for such a look
    hold_still_seconds: float = 5.0  # the longest that a run neither receives nor deletes for it
    poll_seconds: int = 1  # a long poll asks all of SQS's servers, a short one only some
    patience_seconds: float = 90.0  # with a service that is away, before the run fails
    pause_seconds: float = 0.2  # the longest first pause before trying again; later ones grow
    grace_seconds: float = 10.0  # to finish what is in hand when the run is to end, patient with services until then
    retry_seconds: int = 20  # before a message with an event that could not be stored comes again
    give_up_receives: int = 20  # then such an event goes to the dead letters
    remembered_events: int = 100_000  # ids stored last, to know a redelivery by
