"""Who sends requests: a stranger, a client, staff who may look, the owner, and Stripe with signed events."""

import hashlib
import hmac
import json
from random import Random
from typing import cast

from flask import Flask
from sqlalchemy import select

from billingportal import clock
from billingportal.db import db
from billingportal.models import Staff, StripeEvent
from billingportal.plain_json import Json, JsonObject
from tests.fuzz.business import Business
from tests.fuzz.requests import hostile
from tests.fuzz.requests.attempts import Attempt, Outcome
from tests.fuzz.requests.making import Caller, Maker
from tests.fuzz.requests.values import Values
from tests.support.pages import Visitor
from tests.support.people.billing import link_of
from tests.support.stripe import events

# Of a hundred requests, so many are of each kind.
SHARES = {"stranger": 25, "client": 23, "viewer": 12, "owner": 35, "stripe": 5}
# An address to which browsers send the cookies of both sessions.
PROBE = "/portal/billing"


class Callers:
    """The sessions of one round, each begun anew when it has ended."""

    def __init__(self, app: Flask, business: Business) -> None:
        self.app = app
        self.business = business
        self.open: dict[str, Caller] = {}
        with app.app_context():
            self.events = [whole_event(row) for row in db.session().scalars(select(StripeEvent).limit(40))]
            db.session.remove()

    def caller(self, name: str) -> Caller:
        if name not in self.open:
            self.open[name] = self.begun(name)
        return self.open[name]

    def begun(self, name: str) -> Caller:
        """A new session, or none when its person may have none any more."""
        visitor = self.app.test_client()
        assert isinstance(visitor, Visitor)
        if name == "client":
            visitor.get(link_of(self.app, self.business.client_id))
        elif name in ("viewer", "owner"):
            staff_id = self.business.owner_id if name == "owner" else self.business.viewer_id
            visitor.become(self.staff(staff_id))
        token = visitor.csrf_token()
        return Caller(name, visitor.get(PROBE).request.headers.get("Cookie", ""), token)

    def staff(self, staff_id: int) -> Staff:
        with self.app.app_context():
            person = db.session().get_one(Staff, staff_id)
            db.session().expunge(person)
            db.session.remove()
            return person

    def attempt(self, name: str, maker: Maker) -> Attempt:
        if name == "stripe" and self.events:
            return self.event(maker.chance, maker.values)
        return maker.make(self.caller(name))

    def event(self, chance: Random, values: Values) -> Attempt:
        """An event as Stripe might send it, with parts of it replaced; the signature is good."""
        event = cast(JsonObject, json.loads(json.dumps(chance.choice(self.events))))
        event["id"] = f"evt_{chance.randrange(10**9)}"
        for _ in range(chance.choice((0, 1, 1, 2, 4))):
            replace_part(event, chance, values)
        body = json.dumps(event, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        if chance.random() < 0.1:
            body = chance.choice(hostile.BODIES)
        headers = (
            ("Stripe-Signature", signed(body, self.business.webhook_secret)),
            ("Content-Type", "application/json"),
        )
        return Attempt("stripe", "POST", self.business.webhook_path, headers=headers, body=body)

    def look(self, attempt: Attempt, outcome: Outcome) -> None:
        """Forget a session that this request ended."""
        if outcome.header("Set-Cookie") or "/sign-in" in outcome.header("Location") or outcome.status == 401:
            self.open.pop(attempt.caller, None)


def whole_event(row: StripeEvent) -> JsonObject:
    """The event as it is delivered. Those that were listed come without what a delivery has around the object."""
    told = cast(JsonObject, json.loads(row.payload)["data"])
    return events.event(row.type, cast(JsonObject, told["object"]), previous={"metadata": {}, "status": "open"})


def signed(body: bytes, secret: str) -> str:
    """Stripe's header for any octets; its own SDK signs text only."""
    moment = int(clock.now().timestamp())
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def replace_part(inside: Json, chance: Random, values: Values) -> None:
    """Something, somewhere in the event, becomes something else."""
    while isinstance(inside, dict | list) and inside:
        key = chance.choice(list(inside)) if isinstance(inside, dict) else chance.randrange(len(inside))
        deeper = cast(dict[str | int, Json], inside)[key]
        if isinstance(deeper, dict | list) and deeper and chance.random() < 0.8:
            inside = deeper
            continue
        cast(dict[str | int, Json], inside)[key] = other_value(chance, values)
        return


def other_value(chance: Random, values: Values) -> Json:
    if chance.random() < 0.5:
        return values.hostile()
    numbers: tuple[Json, ...] = (
        None,
        True,
        -1,
        0,
        2**63,
        10**30,
        -(10**18),
        [],
        {},
        [[]],
        {"a": {}},
        ["x"],
        10**400,
    )
    return chance.choice(numbers)
