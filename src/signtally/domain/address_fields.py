"""Fields of profiles and requests that are addresses of email, or domains of such."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from signtally.domain.mail_addresses import ascii_domain, valid_address

ALREADY_CHECKED = {"already_checked": True}  # context of a validation: addresses passed it before


def _address(text: str, info: ValidationInfo) -> str:
    """43,000 profiles are read at a time, from a catalogue of valid ones: there the check would cost seconds."""
    return text if info.context == ALREADY_CHECKED else valid_address(text)


def _mail_domain(text: str, info: ValidationInfo) -> str:
    return text if info.context == ALREADY_CHECKED else ascii_domain(text)


EmailAddress = Annotated[str, Field(max_length=254), AfterValidator(_address)]
MailDomain = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_mail_domain)]
