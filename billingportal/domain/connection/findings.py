"""Looks at an account at Stripe, and repairs the registrations of our addresses there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from billingportal.config import Settings
from billingportal.db import Transaction
from billingportal.domain.connection.event_destination import DESTINATION
from billingportal.domain.connection.registrar import Registrar
from billingportal.domain.connection.registration import Kind, Outcome, Registered, survey
from billingportal.domain.connection.webhook_registration import WEBHOOK
from billingportal.stripe_gateway.errors import KeyRejected, NotThere, RequestRefused, RightMissing, StripeProblem
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import AccountCopy, AddressCopy
from billingportal.stripe_gateway.permissions import Right
from billingportal.vault import Vault

# A listing, or why there is none.
Listing = Sequence[AddressCopy] | StripeProblem
# Answers that come again until somebody changes something at Stripe.
REFUSALS = (RightMissing, RequestRefused, NotThere)


@dataclass(frozen=True)
class Findings:
    """The results of one check at Stripe.

    `endpoints_used` is None when the key may not list them. `destination` is None when Stripe could not be asked about
    it; `problem` says why.
    """

    account: AccountCopy
    missing: list[Right]
    endpoint: Outcome
    destination: Outcome | None
    endpoints_used: int | None
    others_here: list[AddressCopy]
    problem: str | None


@dataclass(frozen=True)
class Mine:
    """Our own records of the two registrations."""

    endpoint: Registered
    destination: Registered


@dataclass(frozen=True)
class Examination:
    """One check of an account, with its key."""

    transaction: Transaction
    gateway: StripeGateway
    vault: Vault
    settings: Settings
    mine: Mine

    def run(self, *, is_restricted: bool) -> Findings:
        """Ask Stripe about key, account and addresses, and repair the registrations. Raises a StripeProblem.

        Nothing but usage errors depends on the destination, so a problem with it alone does not end the check.
        """
        account = self.gateway.account()
        missing = self.gateway.missing_rights(livemode=account.livemode) if is_restricted else []
        endpoints = listed(self.gateway.webhook_endpoints, RightMissing)
        destinations = listed(self.gateway.event_destinations.every, StripeProblem)
        ids = {one.stripe_id for listing in (endpoints, destinations) for one in copies(listing)}
        others = self.others_here(WEBHOOK, endpoints, self.mine.endpoint)
        others += self.others_here(DESTINATION, destinations, self.mine.destination)
        endpoint = self.keep(WEBHOOK, endpoints, self.mine.endpoint, len(ids))
        destination, problem = self.keep_destination(destinations, len(ids) + endpoint.added)
        is_counted = not (isinstance(endpoints, StripeProblem) and isinstance(destinations, StripeProblem))
        used = len(ids) + endpoint.added + (destination.added if destination else 0) if is_counted else None
        return Findings(account, missing, endpoint, destination, used, others, problem)

    def others_here(self, kind: Kind, listing: Listing, mine: Registered) -> list[AddressCopy]:
        """Addresses at this portal that are not ours."""
        return survey(kind, copies(listing), mine, self.settings.public_url or "", 0).others_here

    def keep(self, kind: Kind, listing: Listing, mine: Registered, used: int) -> Outcome:
        """Register or repair one address. Raises a StripeProblem when Stripe cannot be asked."""
        if isinstance(listing, StripeProblem):
            return Outcome("refused", f"The key may not read or register {kind.short}s. {listing.message}")
        if self.settings.public_url is None or not self.settings.is_reachable_by_stripe:
            return Outcome("unreachable")
        found = survey(kind, listing, mine, self.settings.public_url, used)
        registrar = Registrar(kind, self.transaction, self.gateway, self.vault)
        return registrar.ensure(mine, found, kind.address(self.settings.public_url, mine.token))

    def keep_destination(self, listing: Listing, used: int) -> tuple[Outcome | None, str | None]:
        """The destination's outcome, or the problem for which there is none. Raises KeyRejected."""
        if isinstance(listing, StripeProblem) and not isinstance(listing, REFUSALS):
            return None, listing.message
        try:
            return self.keep(DESTINATION, listing, self.mine.destination, used), None
        except KeyRejected:
            raise
        except StripeProblem as problem:
            return None, problem.message


def listed(ask: Callable[[], Sequence[AddressCopy]], expected: type[StripeProblem]) -> Listing:
    """The listing, or the problem of an expected type. Raises any other StripeProblem, and KeyRejected always."""
    try:
        return ask()
    except KeyRejected:
        raise
    except expected as problem:
        return problem


def copies(listing: Listing) -> Sequence[AddressCopy]:
    return () if isinstance(listing, StripeProblem) else listing
