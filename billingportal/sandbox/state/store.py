"""The sandbox's stored state: accounts, their keys, and one store of objects per account and mode."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billingportal.sandbox.clock import now
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import letters
from billingportal.sandbox.state.keys import MODES, Key, new_key

FORMAT = 3
REQUESTS_KEPT = 500


@dataclass
class Store:
    """The objects of one account in one mode, by type and id, oldest first; deleted and lost ones stay, marked.

    The API knows nothing of a lost object, though what belongs to it keeps its id.
    """

    account: str
    livemode: bool
    objects: dict[str, dict[str, Document]] = field(default_factory=dict)
    deliveries: dict[str, Document] = field(default_factory=dict)
    answers: dict[str, Document] = field(default_factory=dict)
    # Attributes that answers and events show instead of the stored ones, by the object's id.
    altered: dict[str, Document] = field(default_factory=dict)
    # Of meter events: type and key of what waits to be processed, the keys of rejected events that no error report
    # counts yet, and the key of the newest event of each identifier.
    waiting: list[list[str]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    identifiers: dict[str, str] = field(default_factory=dict)
    # Planted faults by name (`planted.py`), and type, id and former state of each object that a fault has changed.
    planted: dict[str, Document] = field(default_factory=dict)
    unplanted: list[Any] = field(default_factory=list)

    @property
    def mode(self) -> str:
        return "live" if self.livemode else "test"

    def put(self, document: Document) -> Document:
        """Store a new object under its own type and id."""
        self.objects.setdefault(document["object"], {})[document["id"]] = document
        return document

    def sizes(self) -> dict[str, int]:
        """How many objects there are of each type, for `cut_back`."""
        return {kind: len(documents) for kind, documents in self.objects.items()}

    def cut_back(self, sizes: dict[str, int]) -> None:
        """Remove the objects stored since `sizes` was taken."""
        for kind, documents in self.objects.items():
            for _ in range(len(documents) - sizes.get(kind, 0)):
                documents.popitem()

    def find(self, kind: str, identifier: str) -> Document | None:
        """An object, deleted or not, but not lost."""
        document = self.objects.get(kind, {}).get(identifier)
        return None if document is None or document.get("_lost") else document

    def newest_first(self, kind: str) -> Iterator[Document]:
        """All objects of a type, deleted ones too: cursors may name them. Lost ones are left out."""
        return (one for one in reversed(self.objects.get(kind, {}).values()) if not one.get("_lost"))

    def living(self, kind: str) -> Iterator[Document]:
        """All objects of a type that are not deleted, newest first."""
        return (document for document in self.newest_first(kind) if not document.get("deleted"))


@dataclass
class Account:
    """One Stripe account with its two modes."""

    id: str
    name: str
    country: str
    currency: str
    charges_enabled: bool
    created: int
    stores: dict[str, Store]
    settings: dict[str, Document] = field(default_factory=dict)


@dataclass
class World:
    """All accounts. `lock` is held while anything is read or changed; `answered` counts the API's answers."""

    accounts: dict[str, Account] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    answered: int = 0
    requests: deque[Document] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add_account(self, name: str, country: str, currency: str, charges_enabled: bool = True) -> Account:
        """A new account with a secret key for each mode."""
        identifier = f"acct_1{letters(16)}"
        stores = {mode: Store(identifier, mode == "live") for mode in MODES}
        account = Account(identifier, name, country, currency, charges_enabled, now(), stores)
        self.accounts[identifier] = account
        for mode in MODES:
            self.add_key(new_key(identifier, mode, "secret", []))
        return account

    def add_key(self, key: Key) -> Key:
        """Store a key."""
        self.keys[key.secret] = key
        return key

    def keys_of(self, account: str, mode: str) -> list[Key]:
        """The keys of an account in one mode, oldest first."""
        return [key for key in self.keys.values() if (key.account, key.mode) == (account, mode)]

    def store_of(self, key: Key) -> Store:
        """The store of a key's account and mode."""
        return self.accounts[key.account].stores[key.mode]


def first_world() -> World:
    """The initial state: one account, a secret key per mode and a restricted test key."""
    world = World()
    account = world.add_account("Northwind Digital Ltd", "IE", "usd")
    rights = ["balance:read", "products:write", "prices:write", "customers:write", "subscriptions:write"]
    world.add_key(new_key(account.id, "test", "restricted", rights))
    return world


def save(world: World, path: Path) -> None:
    """Write the whole state, replacing the file atomically."""
    with world.lock:
        accounts = [
            {**vars(account), "stores": {mode: vars(store) for mode, store in account.stores.items()}}
            for account in world.accounts.values()
        ]
        keys = [key.as_json() for key in world.keys.values()]
        text = json.dumps({"format": FORMAT, "accounts": accounts, "keys": keys})
    temporary = path.with_suffix(path.suffix + ".part")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def load(path: Path) -> World:
    """Read a saved state. Raises ValueError for another kind of file, or another version's."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(saved, dict) or "format" not in saved:
        raise ValueError(f"{path} is no state of this sandbox")
    if saved["format"] != FORMAT:
        raise ValueError(f"{path} was written by another version of the sandbox. Move it away to start anew.")
    world = World()
    for account in saved["accounts"]:
        stores = {mode: Store(**store) for mode, store in account["stores"].items()}
        world.accounts[account["id"]] = Account(**{**account, "stores": stores})
    for key in saved["keys"]:
        world.add_key(Key(**key))
    return world
