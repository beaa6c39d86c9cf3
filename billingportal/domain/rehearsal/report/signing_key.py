"""The portal's own Ed25519 key, with which it signs reports. The private half is sealed with the vault."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.domain.common.locks import REPORT_KEY, take_turns
from billingportal.models import ReportKey
from billingportal.vault import Vault

PREFIX = "ed25519:"


@dataclass(frozen=True)
class SigningKey:
    """`public_key` is the raw key in hexadecimal digits."""

    private: Ed25519PrivateKey
    public_key: str

    def sign(self, text: str) -> str:
        """The signature of a text, in hexadecimal digits."""
        return self.private.sign(text.encode()).hex()


def signing_key(session: Session, vault: Vault) -> SigningKey:
    """The portal's key; made at the first report, or when no secret key opens the one before."""
    take_turns(session, REPORT_KEY)
    for row in session.scalars(select(ReportKey).order_by(ReportKey.id.desc())):
        if row.private_key_sealed is not None and vault.can_open(row.private_key_sealed):
            private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vault.open_(row.private_key_sealed)))
            return SigningKey(private, row.public_key)
    private = Ed25519PrivateKey.generate()
    sealed, public = vault.seal(private.private_bytes_raw().hex()), private.public_key().public_bytes_raw().hex()
    session.add(ReportKey(public_key=public, private_key_sealed=sealed, created_at=now()))
    session.flush()
    return SigningKey(private, public)


def own_keys(session: Session) -> list[str]:
    """The public keys of this portal, the present one first. Empty before the first report."""
    return list(session.scalars(select(ReportKey.public_key).order_by(ReportKey.id.desc())))


def key_words(public_key: str) -> str:
    """The key as it is shown."""
    return f"{PREFIX}{public_key}"


def read_key(text: str) -> str | None:
    """The hexadecimal digits of a public key as it is shown, or None when it is no key."""
    digits = text.strip().removeprefix(PREFIX).lower()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits))
    except ValueError:
        return None
    return digits


def is_signed(public_key: str, signature: str, text: str) -> bool:
    """Whether the signature fits the text and the key."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
