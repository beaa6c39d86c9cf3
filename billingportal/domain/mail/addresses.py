"""Email addresses in the form that headers and mail servers take: domains in ASCII, names quoted and encoded."""

from email.headerregistry import Address

from billingportal.domain.common import email_addresses
from billingportal.models import Client, SignUpRequest, Staff


def header_address(address: str, name: str = "") -> Address:
    """The address for a From or To header, with a display name. Raises ValueError when it cannot be one.

    The part before the @ may have any letters: whether they are taken is for the mail server to say (SMTPUTF8).
    """
    local, at, domain = address.rpartition("@")
    if not (at and local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError(f"{address} is not an email address.")
    return Address(" ".join(name.split()), local, ascii_domain(domain))


def ascii_domain(domain: str) -> str:
    """The domain in ASCII ("xn--..."), as mail servers know it. Raises ValueError when it has no such form."""
    encoded = email_addresses.ascii_domain(domain).lower()
    if not encoded.isascii() or "" in encoded.split(".") or any(character.isspace() for character in encoded):
        raise ValueError(f"{domain} is not the name of a domain.")
    return encoded


def recipient_of(client: Client | None, applicant: SignUpRequest | None, staff: Staff | None) -> str:
    """The recipient's address in its canonical form."""
    if client is not None:
        return client.canonical_email
    if staff is not None:
        return staff.email
    return email_addresses.canonical_address(applicant.email if applicant else "")
