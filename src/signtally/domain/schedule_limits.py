"""What a new or changed schedule may ask for: how many recipients and schedules, which mail domains and hosts."""

import dataclasses
from collections.abc import Collection

from signtally.domain.counted import counted
from signtally.domain.destinations import Destination, is_loopback_host
from signtally.domain.mail_addresses import ascii_address
from signtally.domain.schedule_terms import Schedule
from signtally.domain.tenants import TenantProfile
from signtally.errors import SigntallyError


class ScheduleLimitError(SigntallyError, ValueError):
    """A schedule asks for more than is allowed; *location* is the part of it that does, *code* what is wrong there.

    *values* are what the code speaks of (`signtally.api.problem_codes`).
    """

    def __init__(self, detail: str, *, location: str, code: str, **values: str | int | list[str]) -> None:
        super().__init__(detail)
        self.location = location
        self.code = code
        self.values = values


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLimits:
    """The limits of an installation; *domains* in small letters, as the DNS has them. No domains: any will do."""

    schedules: int
    recipients: int
    domains: tuple[str, ...] = ()
    webhook_hosts: tuple[str, ...] = ()  # and the hosts below each; none: any will do
    loopback_webhooks: bool = False  # whether webhooks may go to this machine itself

    def check(self, schedule: Schedule, *, of: TenantProfile) -> None:
        """Raises ScheduleLimitError when this schedule of a tenant, *of* whom the profile is, asks for too much."""
        if len(schedule.recipients) > self.recipients:
            raise ScheduleLimitError(
                f"a schedule has at most {counted(self.recipients, 'recipient')}, this one {len(schedule.recipients)}; "
                "use a mailing list",
                location="recipients",
                code="too-many-recipients",
                count=len(schedule.recipients),
                limit=self.recipients,
            )
        for number, recipient in enumerate(schedule.recipients):
            self.check_address(recipient.email, of=of, location=f"recipients.{number}.email")
        for number, destination in enumerate(schedule.destinations):
            if why := self.why_not_to(destination):
                raise ScheduleLimitError(
                    why,
                    location=f"destinations.{number}.url",
                    code="url-host",
                    host=destination.host,
                    hosts=list(self.webhook_hosts),
                )

    def check_address(self, address: str, *, of: TenantProfile, location: str) -> None:
        """Raises ScheduleLimitError when reports of a tenant may not be sent to an address."""
        if why := self.why_not(address, tenant=of):
            raise ScheduleLimitError(
                why,
                location=location,
                code="email-domain",
                domain=_domain(address),
                domains=sorted(self.allowed_domains(of)),
            )

    def check_number(self, profile: TenantProfile) -> None:
        """Raises ScheduleLimitError when a tenant has too many schedules."""
        if len(profile.schedules) > self.schedules:
            detail = f"a tenant has at most {counted(self.schedules, 'schedule')}"
            raise ScheduleLimitError(detail, location="name", code="too-many-schedules", limit=self.schedules)

    def allowed_domains(self, tenant: TenantProfile) -> Collection[str]:
        """Where a tenant's reports may be mailed to; none: anywhere."""
        return tenant.recipient_domains or self.domains

    def why_not(self, address: str, *, tenant: TenantProfile) -> str:
        """Why reports may not be sent to a valid address; empty when they may."""
        allowed = self.allowed_domains(tenant)
        domain = _domain(address)
        if not allowed or domain in allowed:
            return ""
        return f"reports are sent to addresses at {', '.join(sorted(allowed))} only, not at {domain}"

    def why_not_to(self, destination: Destination) -> str:
        """Why reports may not be posted to a destination; empty when they may."""
        host = destination.host
        if is_loopback_host(host):
            return "" if self.loopback_webhooks else "reports are not posted to this machine itself"
        allowed = any(host == each or host.endswith(f".{each}") for each in self.webhook_hosts)
        if allowed or not self.webhook_hosts:
            return ""
        return f"reports are posted to {', '.join(self.webhook_hosts)} only, not to {host}"


def _domain(address: str) -> str:
    return ascii_address(address).rpartition("@")[2].lower()
