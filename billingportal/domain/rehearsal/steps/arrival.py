"""The clock and the throw-away clients on it."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.clock import from_unix, now
from billingportal.domain.clients import clients
from billingportal.domain.clients.clients import ClientDraft
from billingportal.domain.clients.stripe_customers import LABEL as CLIENT_LABEL
from billingportal.domain.clients.stripe_customers import link_customer
from billingportal.domain.rehearsal.comparison import check, moment_words
from billingportal.domain.rehearsal.promises import default_plan, promised_quotas
from billingportal.domain.rehearsal.stage import LABEL, Scene
from billingportal.domain.rehearsal.steps.facts import access_of, check_quotas, check_standing
from billingportal.domain.rehearsal.steps.kind import Kind
from billingportal.models import Client, Plan, ProcessorAccount, RehearsalClient, RehearsalLife
from billingportal.models.rehearsal.rehearsal_client import Part
from billingportal.plain_json import JsonObject
from billingportal.stripe_gateway.requests.test_mode.test_customers import FAILING_CARD, GOOD_CARD

# It is not documented whether Stripe measures a meter event's time (35 days back at most, 5 minutes ahead) by the test
# clock or by real time. A clock that starts so long ago is right by both, as long as the use is before the present.
BEGINS_BEFORE = timedelta(days=33)
NAMES: dict[Part, str] = {"buyer": "buys", "changer": "changes plans", "debtor": "does not pay"}
CARDS = {"good": GOOD_CARD, "failing": FAILING_CARD}


def clock_name(life_id: int) -> str:
    """The name of a life's clock at Stripe, by which it is found when its id was lost."""
    return f"{LABEL}, life {life_id}"


def clock_intent(_: Scene) -> JsonObject:
    start = (now() - BEGINS_BEFORE).replace(second=0, microsecond=0)
    return {"starts_at": int(start.timestamp())}


def make_clock(scene: Scene) -> JsonObject:
    stage = scene.stage
    moment = from_unix(scene.planned("starts_at"))
    clock_id = stage.gateway.test_clocks.create(clock_name(stage.life_id), moment, scene.key)
    with stage.transaction() as session:
        session.get_one(RehearsalLife, stage.life_id).stripe_test_clock_id = clock_id
    return {"clock": clock_id}


def check_clock(scene: Scene) -> list[JsonObject]:
    state = scene.stage.gateway.test_clocks.state(scene.clock_id)
    wanted = from_unix(scene.planned("starts_at"))
    return [check("clock", "Time of the test clock", moment_words(wanted), moment_words(state.frozen_at))]


def make_client(scene: Scene) -> JsonObject:
    """A throw-away client here, marked from its first moment, and its customer on the clock."""
    stage = scene.stage
    with stage.transaction() as session:
        client = client_of(session, stage.life_id, scene.part) or new_client(session, stage.life_id, scene.part)
        client_id, name, email = client.id, client.name, client.canonical_email
        country = session.get_one(ProcessorAccount, stage.account_id).country or "US"
    labels = {CLIENT_LABEL: str(client_id)}
    customer = stage.gateway.test_customers.create(
        scene.clock_id, name, email, labels, country, f"{scene.key}-customer"
    )
    with stage.transaction() as session:
        link_customer(session, stage.account_id, client_id, customer)
    card = CARDS.get(str(scene.intent.get("card")))
    if card is not None:
        stage.gateway.test_customers.use_card(customer, card, f"{scene.key}-card")
    return scene.made(client=client_id, customer=customer)


def client_of(session: Session, life_id: int, part: Part) -> Client | None:
    return session.scalar(
        select(Client)
        .join(RehearsalClient, RehearsalClient.client_id == Client.id)
        .where(RehearsalClient.rehearsal_life_id == life_id, RehearsalClient.part == part)
    )


def new_client(session: Session, life_id: int, part: Part) -> Client:
    plan = session.get_one(Plan, session.get_one(RehearsalLife, life_id).plan_id)
    draft = ClientDraft(
        mode="test",
        name=f"Rehearsal {life_id}: {NAMES[part]} ({plan.name})"[:120],
        email=f"rehearsal-{life_id}-{part}@example.com",
        source="staff",
        is_rehearsal=True,
    )
    client = clients.create_client(session, draft)
    session.add(RehearsalClient(rehearsal_life_id=life_id, client_id=client.id, part=part))
    session.flush()
    return client


def check_client(scene: Scene) -> list[JsonObject]:
    """Before anything is paid the client has what the default plan gives, and no more."""
    with scene.stage.transaction() as session:
        plan = default_plan(session)
        seen = access_of(session, client_id(scene))
        rows = check_quotas(session, promised_quotas(session, plan), seen)
        name = plan.name if plan else "no plan"
        return [
            check("plan", "Plan in force", name, plan_name(session, seen.plan_id)),
            check_standing("free", seen),
            *rows,
        ]


def plan_name(session: Session, plan_id: int | None) -> str:
    return session.get_one(Plan, plan_id).name if plan_id is not None else "no plan"


def client_id(scene: Scene) -> int:
    """The id of this part's client. Raises LookupError before it was made."""
    return scene.number("client")


CLOCK = Kind(make_clock, check_clock, clock_intent, ("test_helpers.test_clock.created",))
CLIENT = Kind(make_client, check_client, events=("customer.created",))
