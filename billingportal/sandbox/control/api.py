"""The control API: JSON, for this machine only, to prepare and inspect the sandbox."""

import ipaddress
import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from functools import partial
from urllib.parse import parse_qsl

from billingportal.sandbox import settings
from billingportal.sandbox.control import twins
from billingportal.sandbox.control.commands import COMMANDS, Command
from billingportal.sandbox.control.faults import Fault
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.call import Call
from billingportal.sandbox.http.errors import Refused
from billingportal.sandbox.http.presentation import whole
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.resources.core import accounts, thin_events
from billingportal.sandbox.resources.core.history import history
from billingportal.sandbox.resources.core.samples import sample
from billingportal.sandbox.state.keys import MODES, Key, new_key
from billingportal.sandbox.state.store import Account
from billingportal.sandbox.webhooks.delivery import Settings

PREFIX = "/__control/"


class Control:
    """Answers each control request; wrong input is a 400 with the reason."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.world = application.world
        self.postman = application.postman
        self.actions: dict[tuple[str, str], Callable[[Document], object]] = {
            ("GET", "state"): self.state,
            ("POST", "accounts"): self.add_account,
            ("POST", "keys"): self.add_key,
            ("POST", "keys/expire"): self.expire_key,
            ("POST", "keys/revoke"): self.revoke_key,
            ("POST", "keys/roll"): self.roll_key,
            ("GET", "faults"): self.show_faults,
            ("POST", "faults"): self.add_fault,
            ("DELETE", "faults"): self.clear_faults,
            ("GET", "delivery"): self.delivery,
            ("POST", "delivery"): self.change_delivery,
            ("POST", "delivery/wait"): self.wait_for_delivery,
            ("POST", "twins"): partial(twins.copy_catalog, self.world),
            ("POST", "accounts/details"): partial(accounts.change_details, self.world),
            ("POST", "date"): self.skew_date,
            ("POST", "clocks"): partial(settings.change, self.world, "clocks"),
            ("POST", "dunning"): partial(settings.change, self.world, "dunning"),
            ("POST", "invoices"): partial(settings.change, self.world, "invoices"),
            ("POST", "rate_limits"): partial(settings.change, self.world, "rate_limits"),
            ("POST", "metering"): partial(settings.change, self.world, "metering"),
            ("GET", "objects"): self.objects,
            ("GET", "requests"): self.requests,
            ("DELETE", "requests"): self.clear_requests,
            ("POST", "samples"): self.add_sample,
            ("POST", "histories"): self.add_history,
            ("POST", "events/age"): self.age_events,
            **{("POST", name): partial(self.command, command) for name, command in COMMANDS.items()},
        }

    def answer(self, request: Request) -> Answer:
        """Run the requested action, for a client on this machine."""
        if not ipaddress.ip_address(request.client_address).is_loopback:
            return Answer(403, json.dumps({"error": "the control API answers this machine only"}))
        action = self.actions.get((request.method, request.path.removeprefix(PREFIX)))
        if action is None:
            return Answer(404, json.dumps({"error": "no such control"}))
        try:
            given = json.loads(request.body) if request.body else dict(parse_qsl(request.query))
            return Answer(200, json.dumps(action(given)))
        except (ValueError, TypeError, KeyError) as failure:
            return Answer(400, json.dumps({"error": f"{type(failure).__name__}: {failure}"}))

    def command(self, command: Command, given: Document) -> Document:
        """Run a command in a mode of an account: {account, mode, ...}. Raises ValueError if it fails."""
        store = self.world.accounts[given["account"]].stores[given["mode"]]
        try:
            with self.application.acting(store) as call:
                return command(call, given)
        except Refused as refused:
            raise ValueError(refused.message) from refused

    def state(self, given: Document) -> Document:
        """Accounts with their keys and the number of objects in each mode."""
        with self.world.lock:
            return {"accounts": [self.described(account) for account in self.world.accounts.values()]}

    def described(self, account: Account) -> Document:
        """One account."""
        modes = {}
        for mode, store in account.stores.items():
            keys = [key.as_json() for key in self.world.keys_of(account.id, mode)]
            counts = {kind: len(documents) for kind, documents in store.objects.items()}
            modes[mode] = {"keys": keys, "objects": counts, "deliveries": len(store.deliveries)}
        return {"id": account.id, "name": account.name, "country": account.country, "modes": modes}

    def add_account(self, given: Document) -> Document:
        """A new account."""
        with self.world.lock:
            account = self.world.add_account(**given)
            keys = {mode: self.world.keys_of(account.id, mode)[0].secret for mode in MODES}
        return {"id": account.id, "keys": keys}

    def add_key(self, given: Document) -> Document:
        """A new secret, restricted or publishable key."""
        with self.world.lock:
            account = self.world.accounts[given["account"]]
            key = new_key(account.id, given["mode"], given.get("kind", "secret"), given.get("rights", []))
            return {"key": self.world.add_key(key).secret}

    def expire_key(self, given: Document) -> Document:
        """Expire a key."""
        return self.end_key(given["key"], "expired")

    def revoke_key(self, given: Document) -> Document:
        """Revoke a key: it becomes unknown."""
        return self.end_key(given["key"], "revoked")

    def end_key(self, secret: str, status: str) -> Document:
        """Set a key's status to expired or revoked."""
        with self.world.lock:
            self.world.keys[secret].status = status
        return {"key": secret, "status": status}

    def roll_key(self, given: Document) -> Document:
        """A new key with the same rights; the old one is expired at once."""
        with self.world.lock:
            old: Key = self.world.keys[given["key"]]
            old.status = "expired"
            return {"key": self.world.add_key(new_key(old.account, old.mode, old.kind, old.rights)).secret}

    def show_faults(self, given: Document) -> Document:
        """The active faults."""
        return {"faults": self.application.faults.as_json()}

    def add_fault(self, given: Document) -> Document:
        """Activate a fault."""
        with self.world.lock:
            self.application.faults.add(Fault(**given))
        return self.show_faults({})

    def clear_faults(self, given: Document) -> Document:
        """Remove all faults."""
        with self.world.lock:
            self.application.faults.clear()
        return self.show_faults({})

    def skew_date(self, given: Document) -> Document:
        """Answers carry a `Date` that is some seconds ahead of the clock, or behind: {seconds}."""
        self.application.date_skew = int(given["seconds"])
        return {"seconds": self.application.date_skew}

    def delivery(self, given: Document) -> Document:
        """The delivery settings and counts."""
        postman = self.postman
        queued = len(postman.queue) + postman.under_way
        return {"settings": asdict(postman.settings), "queued": queued, **postman.counts}

    def change_delivery(self, given: Document) -> Document:
        """Change some settings. Raises ValueError for an unknown one."""
        unknown = given.keys() - {field.name for field in fields(Settings)}
        if unknown:
            raise ValueError(f"unknown settings {', '.join(sorted(unknown))}")
        self.postman.change(replace(self.postman.settings, **given))
        return self.delivery({})

    def wait_for_delivery(self, given: Document) -> Document:
        """Wait until nothing is left to deliver."""
        idle = self.postman.wait_until_idle(float(given.get("timeout", 10)))
        return {"idle": idle, **self.delivery({})}

    def objects(self, given: Document) -> Document:
        """Every object of a type, with nothing hidden."""
        with self.world.lock:
            store = self.world.accounts[given["account"]].stores[given["mode"]]
            return {"objects": [whole(store, one) for one in store.objects.get(given["type"], {}).values()]}

    def requests(self, given: Document) -> Document:
        """The last requests, oldest first."""
        with self.world.lock:
            return {"requests": list(self.world.requests)}

    def clear_requests(self, given: Document) -> Document:
        """Forget the requests so far."""
        with self.world.lock:
            self.world.requests.clear()
        return {"requests": []}

    def add_history(self, given: Document) -> Document:
        """Generate random history: {account, mode, steps, seed}."""
        with self.world.lock:
            account = self.world.accounts[given["account"]]
            call = Call(account, account.stores[given["mode"]])
            told = history(call, int(given["steps"]), int(given.get("seed", 0)))
            self.application.publish(call)
        return told

    def age_events(self, given: Document) -> Document:
        """Make every event of a mode older by some seconds: {account, mode, seconds}."""
        with self.world.lock:
            store = self.world.accounts[given["account"]].stores[given["mode"]]
            events = store.objects.get("event", {})
            for event in events.values():
                event["created"] -= int(given["seconds"])
            thin_events.age(store.objects.get("v2.core.event", {}), int(given["seconds"]))
        return {"events": len(events)}

    def add_sample(self, given: Document) -> Document:
        """Make a sample catalog or a running subscription, as the API would."""
        with self.world.lock:
            account = self.world.accounts[given["account"]]
            call = Call(account, account.stores[given["mode"]])
            made = sample(call, given["name"])
            self.application.publish(call)
        return made
