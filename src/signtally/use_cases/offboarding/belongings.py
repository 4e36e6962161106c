"""What the bucket has of one tenant, by kind of thing; its figures are in the usage store."""

from collections.abc import Iterator, Mapping

from signtally.services import Services
from signtally.stores import keys
from signtally.stores.imports import forget_rejects
from signtally.use_cases.delivering import all_deliveries

_FOLDERS = {
    "files and records of reports": ("reports/", keys.REPORT_INDEX, "reported/"),
    "deliveries": (keys.DELIVERIES,),
    "suppressions": (keys.SUPPRESSIONS,),
    "audit entries": (keys.AUDIT,),
    "idempotency keys": (keys.IDEMPOTENCY,),
}


class Belongings:
    """Counted, and deleted. Every method may raise a ServiceError."""

    def __init__(self, tenant_id: str, *, services: Services) -> None:
        self._tenant_id = tenant_id
        self._services = services
        self._objects = services.objects

    def exist(self) -> bool:
        """Whether there is a profile, or anything below one of the folders."""
        return self._services.stores.tenants.is_stored(self._tenant_id) or any(self.count().values())

    def count(self) -> dict[str, int]:
        found = {name: sum(1 for _ in self._keys(folders)) for name, folders in _FOLDERS.items()}
        return found | {"rejected rows of imports": self._rejects(dry_run=True)}

    def delete(self) -> dict[str, int]:
        """What can find the rest goes last: an interrupted call is told by the ledger which emails it sent."""
        stores = self._services.stores
        sent = all_deliveries(services=self._services, tenant_id=self._tenant_id)
        stores.sent_mails.forget(each.delivery.message_id for each in sent if each.delivery.message_id)
        stores.mail_deliveries.forget_reminders(self._tenant_id, None)
        for reminder in [each for each in stores.corrections.reminders() if each.tenant_id == self._tenant_id]:
            stores.corrections.forget(reminder)
        stores.holds.lift([self._tenant_id])
        stores.report_days.forget_tenant(self._tenant_id)
        return {name: self._deleted(folders) for name, folders in _FOLDERS.items()} | {
            "rejected rows of imports": self._rejects(dry_run=False)
        }

    def _deleted(self, folders: tuple[str, ...]) -> int:
        found = [*self._keys(folders)]
        self._objects.delete(found)
        return len(found)

    def _keys(self, folders: tuple[str, ...]) -> Iterator[str]:
        for folder in folders:
            for summary in self._objects.list_objects(f"{folder}{keys.segment(self._tenant_id)}/"):
                yield summary.key

    def _rejects(self, *, dry_run: bool) -> int:
        """Rows that have the tenant's id in them."""

        def is_about(reject: Mapping[str, object]) -> bool:
            row = reject.get("row")
            return isinstance(row, dict) and self._tenant_id in map(str, row.values())

        return forget_rejects(self._objects, is_about, dry_run=dry_run)
