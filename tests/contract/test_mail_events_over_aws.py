"""SES tells of a bounce and a complaint by topic and queue, as `provision` connected them."""

from email.message import EmailMessage

from signtally.domain.actions import Counts
from signtally.domain.corrections import Told
from signtally.domain.deliveries import DeliveryKey, MailState
from signtally.services import Services
from signtally.use_cases.delivering import handle_mail_events
from signtally.use_cases.delivering.mail_sending import MailSending

OCTOBER = DeliveryKey("acme", "Monthly usage", "2026-10")
EXPECTED = {
    "bounce": MailState.BOUNCED,
    "complaint": MailState.COMPLAINED,
    "suppressionlist": MailState.BOUNCED,
    "full": MailState.SENT,
}


def test_addresses_of_the_simulator_bounce_and_complain(real_services: Services) -> None:
    mails = MailSending(services=real_services)
    addresses = {f"{name}+acme@simulator.amazonses.com": state for name, state in EXPECTED.items()}
    for address in addresses:
        message = EmailMessage()
        message["From"], message["To"] = real_services.settings.mail_from, address
        message.set_content("41 → 43")
        assert mails.send(OCTOBER, address, message, told=Told(Counts(), real_services.clock()))
    outcome = handle_mail_events(services=real_services)
    assert (outcome.received, outcome.waiting, outcome.dead_letters) == (4, 0, {})
    ledger, suppressions = real_services.stores.mail_deliveries, real_services.stores.suppressions
    assert {delivery.email: delivery.state for _, delivery in ledger.of(OCTOBER)} == addresses
    assert set(suppressions.by_address("acme")) == {each for each in addresses if not each.startswith("full")}
