"""Every store of the bucket, built once over one `ObjectStore`."""

import datetime as dt
from collections.abc import Callable

from signtally.domain.operator_events import Tell, tell_nobody
from signtally.ports.objects import ObjectStore
from signtally.stores.audit import AuditTrail
from signtally.stores.corrections import Corrections
from signtally.stores.counted_zones import CountedZones
from signtally.stores.deliveries import Deliveries, DoneOccurrences
from signtally.stores.erasures import Erasures
from signtally.stores.holds import Holds
from signtally.stores.idempotency import IdempotencyKeys
from signtally.stores.imports import ImportLedger
from signtally.stores.link_key import LinkKey
from signtally.stores.mail_deliveries import MailDeliveries
from signtally.stores.mail_rates import MailRates
from signtally.stores.order_consumers import OrderConsumers
from signtally.stores.provisional import ProvisionalFigures
from signtally.stores.rebuilds import RebuildLedger
from signtally.stores.report_contents import ReportContents
from signtally.stores.report_days import ReportDays
from signtally.stores.reported_periods import ReportedPeriods
from signtally.stores.reports import Reports
from signtally.stores.sent_mails import SentMails
from signtally.stores.snapshot_rounds import SnapshotRounds
from signtally.stores.superseding import Superseding
from signtally.stores.suppressions import Suppressions
from signtally.stores.tenants import Tenants
from signtally.stores.touched_hours import TouchedHours
from signtally.stores.unread_rows import UnreadRows
from signtally.stores.user_figures import UserFigures
from signtally.stores.watermarks import Watermarks
from signtally.stores.zone_checks import ZoneChecks


class Stores:
    """The stores as attributes; of a kind with several (generations, imports …), a method that takes which."""

    def __init__(self, objects: ObjectStore, *, clock: Callable[[], dt.datetime], tell: Tell = tell_nobody) -> None:
        self._objects = objects
        self.audit = AuditTrail(objects)
        self.corrections = Corrections(objects)
        self.deliveries = Deliveries(objects)
        self.erasures = Erasures(objects)
        self.holds = Holds(objects)
        self.idempotency = IdempotencyKeys(objects)
        self.order_consumers = OrderConsumers(objects, clock=clock)
        self.link_key = LinkKey(objects)
        self.mail_deliveries = MailDeliveries(objects)
        self.mail_rates = MailRates(objects)
        self.provisional = ProvisionalFigures(objects)
        self.report_contents = ReportContents(objects)
        self.report_days = ReportDays(objects)
        self.reported_periods = ReportedPeriods(objects)
        self.reports = Reports(objects)
        self.sent_mails = SentMails(objects)
        self.superseding = Superseding(objects)
        self.suppressions = Suppressions(objects)
        self.tenants = Tenants(objects, tell=tell)
        self.touched_hours = TouchedHours(objects, clock=clock)
        self.unread_rows = UnreadRows(objects)
        self.user_figures = UserFigures(objects)
        self.watermarks = Watermarks(objects)
        self.zone_checks = ZoneChecks(objects)

    def counted_zones(self, *, generation: str) -> CountedZones:
        """For the rows of this `UsageStore.usage_generation`."""
        return CountedZones(self._objects, generation=generation)

    def done_occurrences(self, what: str) -> DoneOccurrences:
        """For `reports` or `digests`; reads what is known at once."""
        return DoneOccurrences(self._objects, what=what)

    def import_ledger(self, *, identity: str) -> ImportLedger:
        """For the import that reads these rows in this way."""
        return ImportLedger(self._objects, identity=identity)

    def rebuild_ledger(self, *, arguments: tuple[str | None, ...]) -> RebuildLedger:
        """For the rebuild that was asked for with these arguments."""
        return RebuildLedger(self._objects, arguments=arguments)

    def snapshot_rounds(self) -> SnapshotRounds:
        """For one ingest run: each call is another participant."""
        return SnapshotRounds(self._objects)
