"""Email addresses: the one form in which they are compared.

Dots and plus signs before the @ stay: only the owner of a domain knows whether they matter there.
"""

import unicodedata

import idna

LONGEST = 254


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
