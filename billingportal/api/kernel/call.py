"""What an operation may know of the request beside its declared input."""

from collections.abc import Mapping
from dataclasses import dataclass

from billingportal.domain.auth.api_keys import KeyTerms
from billingportal.models.connection.processor_account import Mode


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `base_url` is where the portal is reached, without a slash at its end.

    `idempotency_key` is None where the caller sent none. `headers` are those of the request that an operation may
    read, by their names in lower case.
    """

    key: KeyTerms
    request_id: str
    base_url: str
    idempotency_key: str | None
    headers: Mapping[str, str]

    @property
    def mode(self) -> Mode:
        return self.key.mode
