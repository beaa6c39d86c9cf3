"""Email addresses: which are possible, and the one form in which they are compared.

Dots and plus signs before the @ stay: only the owner of a domain knows whether they matter there.
"""

import re
import unicodedata

import idna

from billingportal.errors import Refusal

# RFC 5321, 4.5.3.1: a local part of 64 octets, and 254 that fit into a path with its angle brackets.
LONGEST = 254
LONGEST_LOCAL_PART = 64
# RFC 5322, 3.2.3: dot-atom. Quoted local parts are possible on paper, and neither Stripe nor mail servers take them.
LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# RFC 1123, 2.1: letters, digits and inner hyphens. A last label of digits would be an IP address.
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])")


def canonical_address(text: str) -> str:
    """The address in lower case, its domain in ASCII: equal for all spellings of one address. Never raises.

    A domain that is none stays as it is typed, in lower case.
    """
    local_part, at, domain = unicodedata.normalize("NFC", text.strip()).lower().rpartition("@")
    return f"{local_part}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """The domain with its international labels as punycode, by IDNA 2008: `straße` is not `strasse`."""
    if len(domain) > LONGEST:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain


def is_possible(text: str) -> bool:
    """Whether an address can receive email. One that needs more than ASCII before the @ can't: few servers take it."""
    address = canonical_address(text)
    local_part, _, domain = address.rpartition("@")
    return (
        len(address) <= LONGEST
        and len(local_part) <= LONGEST_LOCAL_PART
        and LOCAL_PART.fullmatch(local_part) is not None
        and DOMAIN.fullmatch(domain) is not None
    )


def checked_address(typed: str, field: str = "email", example: str = "name@example.com") -> str:
    """The address as typed, in lower case and without blanks around it. Raises Refusal about `field`."""
    address = typed.strip().lower()
    if len(address) > LONGEST or not is_possible(address):
        raise Refusal(field, f"This is not an email address. It looks like {example}.")
    return address
