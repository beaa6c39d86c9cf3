"""Encrypts stored secrets. Only this module decrypts them."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from billingportal.errors import PortalError


class CannotOpen(PortalError):
    """A stored secret was sealed with a key that the portal no longer has."""


class Vault:
    """Seals with the first key, opens with all of them, so that keys can be rotated."""

    def __init__(self, secret_keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(derive(key, "stored secrets")) for key in secret_keys])

    def seal(self, secret: str) -> str:
        """The secret as text that is safe to store."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open_(self, sealed: str) -> str:
        """The secret in clear. Raises CannotOpen when no key fits."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise CannotOpen("No key in PORTAL_SECRET_KEYS opens this stored secret.") from None

    def can_open(self, sealed: str) -> bool:
        """Whether a key fits."""
        try:
            self.open_(sealed)
        except CannotOpen:
            return False
        return True


def derive(secret_key: str, purpose: str) -> bytes:
    """A separate key for each purpose, so that a leaked session key opens no stored secret."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"billingportal " + purpose.encode())
    return base64.urlsafe_b64encode(hkdf.derive(secret_key.encode()))
