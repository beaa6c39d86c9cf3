"""Keeps exactly one address of ours of a kind at Stripe: right URL, right events, switched on, secret known."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from billingportal.clock import now
from billingportal.db import Transaction
from billingportal.domain.connection.preflight import MOST_ENDPOINTS
from billingportal.domain.connection.registration import Kind, Outcome, Registered, Repaired, Survey
from billingportal.models import ProcessorAccount
from billingportal.models.connection.registered_address import RegisteredAddress
from billingportal.stripe_gateway.errors import NotThere, RequestRefused, RightMissing
from billingportal.stripe_gateway.gateway import StripeGateway
from billingportal.stripe_gateway.objects.connection import AddressCopy
from billingportal.vault import Vault

# Stripe retries a delivery for three days, each time signed with the secret of the endpoint it was made for.
PREVIOUS_SECRET_LASTS = timedelta(days=4)


@dataclass(frozen=True)
class Registrar:
    """Registers and repairs addresses of one kind, with one account's key."""

    kind: Kind
    transaction: Transaction
    gateway: StripeGateway
    vault: Vault

    def ensure(self, mine: Registered, found: Survey, url: str) -> Outcome:
        """Register the address, or repair it. Raises a StripeProblem only when Stripe cannot be asked."""
        outcome = Outcome("registered")
        try:
            for one in found.stale:
                self.remove(one, outcome)
                words = f"Removed an old {self.kind.noun} of ours, {one.stripe_id}."
                outcome.repairs.append(Repaired("duplicate", words))
            self.keep_ours(mine, found.ours, url, outcome)
        except RightMissing as problem:
            words = f"The key may not register {self.kind.short}s. {problem.message}"
            return replace(outcome, state="refused", problem=words)
        except RequestRefused as problem:
            return self.refused(problem, found, outcome)
        return outcome

    def keep_ours(self, mine: Registered, ours: AddressCopy | None, url: str, outcome: Outcome) -> None:
        """Repair the registration, or renew it where no update can repair it."""
        gone = Repaired("missing", f"The {self.kind.noun} was gone from Stripe; registered it again.")
        if ours is None:
            self.create(mine.row_id, url, outcome, gone)
            return
        renewal = self.reason_to_renew(mine, ours)
        if renewal is not None:
            self.remove(ours, outcome)
            self.create(mine.row_id, url, outcome, renewal)
        elif not self.repair(ours, url, outcome):
            self.create(mine.row_id, url, outcome, gone)

    def reason_to_renew(self, mine: Registered, ours: AddressCopy) -> Repaired | None:
        if mine.is_secret_lost:
            words = f"The signing secret of the {self.kind.noun} was lost; registered it again."
            return Repaired("signature", words)
        outdated = self.kind.reason_to_renew(ours)
        return None if outdated is None else Repaired("version", outdated)

    def remove(self, found: AddressCopy, outcome: Outcome) -> None:
        self.kind.delete(self.gateway, found.stripe_id)
        outcome.added -= 1

    def repair(self, ours: AddressCopy, url: str, outcome: Outcome) -> bool:
        """Repair the address by an update. False when it was deleted since it was listed."""
        to_mend = self.wrongs(ours, url)
        if to_mend:
            try:
                self.kind.update(self.gateway, ours, url)
            except NotThere:
                return False
            outcome.repairs += to_mend
        return True

    def wrongs(self, ours: AddressCopy, url: str) -> list[Repaired]:
        """The repairs that an update makes."""
        found = []
        if not ours.is_enabled:
            words = f"The {self.kind.noun} was disabled in Stripe; switched it on again."
            found.append(Repaired("disabled", words))
        if ours.url != url:
            found.append(Repaired("moved", f"The {self.kind.short} address was {ours.url}; set it to {url}."))
        if ours.enabled_events != frozenset(self.kind.events):
            words = f"The event list of the {self.kind.short} was out of date; brought it up to date."
            found.append(Repaired("events", words))
        return found

    def create(self, row_id: int, url: str, outcome: Outcome, repaired: Repaired) -> None:
        """Register a new address, and report a repair if it is not the first one.

        The attempt is counted first, so that its idempotency key belongs to it alone.
        """
        with self.transaction() as session:
            row = session.get_one(self.kind.model, row_id, with_for_update=True)
            row.registrations += 1
            token, attempt = row.token, row.registrations
            was_registered = row.registered_at is not None
        made = self.kind.create(self.gateway, url, token, f"{self.kind.key}-{token}-{attempt}")
        moment = now()
        with self.transaction() as session:
            row = session.get_one(self.kind.model, row_id, with_for_update=True)
            is_wanted = row.registrations == attempt and is_connected(session, row)
            if is_wanted:
                self.accept(row, made, url, moment)
        if not is_wanted:
            # Disconnected meanwhile, or another worker has begun to register too: one address is enough.
            self.kind.delete(self.gateway, made.stripe_id)
            return
        outcome.added += 1
        if was_registered:
            outcome.repairs.append(repaired)

    def accept(self, row: RegisteredAddress, made: AddressCopy, url: str, moment: datetime) -> None:
        """Seal the secret at once: Stripe shows it this one time."""
        if made.secret is None:
            raise RequestRefused(f"Stripe did not tell the signing secret of the new {self.kind.noun}.")
        self.drop_lost_secrets(row)
        row.keep_secret(self.vault.seal(made.secret), moment + PREVIOUS_SECRET_LASTS)
        row.stripe_id = made.stripe_id
        row.url = url
        row.registered_at = moment

    def drop_lost_secrets(self, row: RegisteredAddress) -> None:
        """A secret that no key opens verifies nothing, and would spoil the verification with the others."""
        if row.secret_sealed is not None and not self.vault.can_open(row.secret_sealed):
            row.secret_sealed = None
        if row.previous_secret_sealed is not None and not self.vault.can_open(row.previous_secret_sealed):
            row.previous_secret_sealed, row.previous_secret_ends_at = None, None

    def refused(self, problem: RequestRefused, found: Survey, outcome: Outcome) -> Outcome:
        """The outcome after Stripe refused: at 16 endpoints the words name one that could be deleted."""
        if found.used - len(found.stale) < MOST_ENDPOINTS:
            words = f"Stripe refused the {self.kind.short}: {problem.message}"
            return replace(outcome, state="refused", problem=words)
        spare = sorted(found.everything, key=lambda one: (one.is_enabled, one.url))[0]
        state = "is disabled" if not spare.is_enabled else "may be one you no longer need"
        words = (
            f"All {MOST_ENDPOINTS} webhook endpoints of this Stripe account are taken. Delete one in Stripe under "
            f"Developers, Webhooks, then try again. {spare.url} {state}."
        )
        return replace(outcome, state="full", problem=words)


def is_connected(session: Session, row: RegisteredAddress) -> bool:
    return session.get_one(ProcessorAccount, row.processor_account_id).state == "connected"
