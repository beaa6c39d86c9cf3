"""The look of the partner's pages, and the sites that may embed the pricing page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from billingportal import clock
from billingportal.domain.branding.contrast import colour_of, darkened
from billingportal.domain.common import audit
from billingportal.domain.common.email_addresses import is_possible
from billingportal.domain.common.locks import BRANDING, take_turns
from billingportal.errors import Refusal
from billingportal.models import Branding
from billingportal.plain_json import Json

DEFAULT_NAME = "Billing Portal"
DEFAULT_COLOUR = "#3956c1"
MOST_ORIGINS = 20
THE_ROW = 1


@dataclass(frozen=True)
class Looks:
    """The submitted form of the Branding page."""

    name: str
    colour: str
    headline: str = ""
    privacy_url: str = ""
    terms_url: str = ""
    contact: str = ""
    embedding_origins: str = ""


def find_branding(session: Session) -> Branding | None:
    """The stored branding, if any."""
    return session.get(Branding, THE_ROW)


def save_branding(session: Session, looks: Looks, *, staff_id: int) -> Branding:
    """Validate and store the branding. The colour is darkened until white text is readable on it. Raises Refusal."""
    chosen: dict[str, object] = {
        "name": name_of(looks.name),
        "colour": darkened(colour_of(looks.colour)),
        "headline": looks.headline.strip(),
        "privacy_url": web_address("privacy_url", looks.privacy_url),
        "terms_url": web_address("terms_url", looks.terms_url),
        "contact_url": contact_address(looks.contact),
        "embedding_origins": list(origins_of(looks.embedding_origins)),
    }
    take_turns(session, BRANDING)
    row = find_branding(session) or Branding(id=THE_ROW)
    changed = [name for name, value in chosen.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, chosen[name])
    row.updated_at = clock.now()
    session.add(row)
    if changed:
        details: dict[str, Json] = {"changed": list[Json](changed)}
        audit.record_act(
            session, audit.Act("branding.updated", "Changed the branding", staff_id=staff_id, details=details)
        )
    return row


def name_of(typed: str) -> str:
    name = " ".join(typed.split())
    if not name:
        raise Refusal("name", "Clients see this name on every page. Write it.")
    return name


def web_address(field: str, typed: str) -> str:
    """A valid http(s) URL, or empty. Raises Refusal."""
    address = typed.strip()
    if not address:
        return ""
    if not is_web_address(address):
        raise Refusal(field, "Write the whole address, for example https://example.com/terms.")
    return address


def is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and address.isprintable() and " " not in address


def contact_address(typed: str) -> str:
    """A `mailto:` URL for an email address, a valid http(s) URL, or empty. Raises Refusal."""
    contact = typed.strip().removeprefix("mailto:")
    if is_possible(contact) and "?" not in contact:
        return f"mailto:{contact}"
    if contact and not is_web_address(contact):
        raise Refusal("contact", "Write an email address or the whole address of a page.")
    return contact


def origins_of(typed: str) -> tuple[str, ...]:
    """The origins that may embed the pricing page, from text separated by whitespace or commas. Raises Refusal."""
    origins = tuple(dict.fromkeys(origin_of(word) for word in typed.replace(",", " ").split()))
    if len(origins) > MOST_ORIGINS:
        raise Refusal("embedding_origins", f"Name at most {MOST_ORIGINS} sites.")
    return origins


def origin_of(typed: str) -> str:
    """The origin of a site (scheme, host, port), which browsers compare. Raises Refusal if invalid or insecure."""
    try:
        parts = urlsplit(typed if "//" in typed else f"https://{typed}")
        host, port = parts.hostname or "", parts.port
        host = host.encode("idna").decode()
    except (ValueError, UnicodeError):
        host, port = "", None
    is_plain = bool(host) and set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    if not is_plain or parts.username is not None or ("." not in host and host != "localhost"):
        raise Refusal("embedding_origins", f"“{typed[:80]}” is not a site. Write it like https://www.example.com.")
    is_own_machine = host in ("localhost", "127.0.0.1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_own_machine):
        raise Refusal("embedding_origins", f"“{typed[:80]}” has to start with https://, or browsers show a warning.")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"
