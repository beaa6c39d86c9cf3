"""The sandbox's home page in a browser."""

import ipaddress
from collections import defaultdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader

from billingportal.sandbox.control.api import Control
from billingportal.sandbox.http.application import Application
from billingportal.sandbox.http.call import CLOCK
from billingportal.sandbox.http.wire import Answer, Document, Request
from billingportal.sandbox.state.store import Account, Store

PAGES = Path(__file__).parents[1] / "pages"
HTML = "text/html; charset=utf-8"
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
EVENTS_SHOWN, REQUESTS_SHOWN = 12, 20
BUTTONS = {("POST", "/samples"), ("POST", "/time")}
OWN_KINDS = ("event", "line_item", "subscription_item")


class Home:
    """Answers browser requests from this machine."""

    def __init__(self, application: Application, control: Control) -> None:
        self.world = application.world
        self.control = control
        loader = FileSystemLoader(PAGES)
        self.pages = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self.pages.filters["clock"] = clock
        self.pages.filters["moment"] = moment

    def answer(self, request: Request) -> Answer:
        """The home page, its style sheet, or the result of a button."""
        if not ipaddress.ip_address(request.client_address).is_loopback:
            return Answer(403, "This page is for the machine that the sandbox runs on.", {}, "text/plain")
        if (request.method, request.path) in BUTTONS:
            return self.press(request.path.removeprefix("/"), dict(parse_qsl(request.body)))
        if request.method == "GET" and request.path == "/":
            return Answer(200, self.page(), {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}, HTML)
        if request.method == "GET" and request.path == "/home.css":
            return Answer(200, (PAGES / "home.css").read_text(encoding="utf-8"), {}, "text/css; charset=utf-8")
        return Answer(404, "Nothing here. The sandbox's page is at /, its API below /v1.", {}, "text/plain")

    def press(self, name: str, given: Document) -> Answer:
        """Run a button's action, as the control API would, and show the page again."""
        try:
            self.control.actions["POST", name](given)
        except (KeyError, ValueError):
            return Answer(400, "No such account, mode, sample or time.", {}, "text/plain")
        return Answer(303, "", {"Location": "/"}, "text/plain")

    def page(self) -> str:
        """The whole page."""
        with self.world.lock:
            accounts = [self.account_shown(account) for account in self.world.accounts.values()]
            requests = list(islice(reversed(self.world.requests), REQUESTS_SHOWN))
        return self.pages.get_template("home.html").render(accounts=accounts, requests=requests)

    def account_shown(self, account: Account) -> Document:
        """An account with the contents of its modes."""
        modes = [self.mode_shown(account, store) for store in account.stores.values()]
        return {"id": account.id, "name": account.name, "country": account.country, "modes": modes}

    def mode_shown(self, account: Account, store: Store) -> Document:
        """Keys, counts, endpoints and events of one mode."""
        counts = {kind: sum(1 for _ in store.living(kind)) for kind in sorted(store.objects) if kind not in OWN_KINDS}
        return {
            "name": store.mode,
            "keys": self.world.keys_of(account.id, store.mode),
            "counts": counts,
            "endpoints": list(store.living("webhook_endpoint")),
            "events": events_shown(store),
            "clocks": list(store.living(CLOCK)),
        }


def events_shown(store: Store) -> list[Document]:
    """The last events, each with the state of its deliveries."""
    events = list(islice(store.newest_first("event"), EVENTS_SHOWN))
    wanted = {event["id"] for event in events}
    deliveries: dict[str, list[str]] = defaultdict(list)
    for delivery in reversed(store.deliveries.values()):
        if delivery["event"] in wanted:
            tries = len(delivery["attempts"])
            deliveries[delivery["event"]].append(f"{delivery['state']}, {tries} {'try' if tries == 1 else 'tries'}")
    return [{**event, "deliveries": deliveries[event["id"]]} for event in events]


def clock(seconds: int) -> str:
    """A time as the page shows it, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def moment(seconds: int) -> str:
    """A day and time as the page shows it, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y %H:%M")
