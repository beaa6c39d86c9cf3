"""The kinds of addresses that are registered at Stripe, and what a listing of them shows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from billingportal.models.connection.registered_address import RegisteredAddress, Wrong
from billingportal.models.connection.webhook_endpoint import EndpointState
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import AddressCopy
from billingportal.vault import Vault


class Kind(ABC):
    """A kind of address. `noun` and `short` name it in words, `path` and `label` mark those of ours at Stripe."""

    noun: str
    short: str
    path: str
    label: str
    key: str
    events: Sequence[str]
    model: type[RegisteredAddress]

    @abstractmethod
    def create(self, gateway: StripeGateway, url: str, token: str, idempotency_key: str) -> AddressCopy:
        """Register a new one."""

    @abstractmethod
    def update(self, gateway: StripeGateway, found: AddressCopy, url: str) -> None:
        """Set URL and events, and switch it on. Raises NotThere."""

    @abstractmethod
    def delete(self, gateway: StripeGateway, stripe_id: str) -> None:
        """Remove one."""

    @abstractmethod
    def includes(self, found: AddressCopy) -> bool:
        """Whether a listed address is of this kind."""

    def reason_to_renew(self, found: AddressCopy) -> str | None:
        """Why no update could repair ours, in words for the audit log."""
        return None

    def address(self, public_url: str, token: str) -> str:
        """The URL to which Stripe delivers this account's events."""
        return f"{public_url}{self.path}{token}"


@dataclass(frozen=True)
class Repaired:
    """A repair that was made: what was wrong, and the sentence about it for the audit log."""

    wrong: Wrong
    words: str


@dataclass
class Outcome:
    """The registration's state after a check, the repairs that were made, and how many addresses they added."""

    state: EndpointState
    problem: str | None = None
    repairs: list[Repaired] = field(default_factory=list)
    added: int = 0


@dataclass(frozen=True)
class Survey:
    """The account's addresses in one listing: ours as registered, stale ones of ours, others at this portal.

    `used` is how many of Stripe's limit are in use, those of other kinds included.
    """

    everything: Sequence[AddressCopy]
    ours: AddressCopy | None
    stale: list[AddressCopy]
    others_here: list[AddressCopy]
    used: int


@dataclass(frozen=True)
class Registered:
    """Our own record of the registration. Without its secret it is of no use."""

    row_id: int
    token: str
    stripe_id: str | None
    is_secret_lost: bool

    @classmethod
    def of(cls, row: RegisteredAddress, vault: Vault) -> "Registered":
        is_lost = row.secret_sealed is None or not vault.can_open(row.secret_sealed)
        return cls(row.id, row.token, row.stripe_id, is_lost)


def survey(kind: Kind, listed: Sequence[AddressCopy], mine: Registered, public_url: str, used: int) -> Survey:
    """Sort the account's addresses. Stale are duplicates of ours, and older ones of a portal at this address."""
    ours = next((one for one in listed if one.stripe_id == mine.stripe_id), None)
    rest = [one for one in listed if one is not ours and kind.includes(one)]
    here = [one for one in rest if one.url.startswith(f"{public_url}{kind.path}")]
    labelled = [one for one in rest if kind.label in one.labels]
    stale = [one for one in labelled if one.labels[kind.label] == mine.token or one in here]
    return Survey(listed, ours, stale, [one for one in here if one not in stale], used)
