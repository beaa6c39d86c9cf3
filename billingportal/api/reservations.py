"""Reservations: the host platform takes units before it uses them, so that nobody takes more than there is."""

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from billingportal.api.ids import no_workspace, workspace_ref
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.operation import Group, operation
from billingportal.api.kernel.problems import Problem, invalid
from billingportal.api.reservation_models import (
    Confirmation,
    ConfirmedReservation,
    GrantedReservation,
    NewReservation,
    RefusedReservation,
    ReservationAnswer,
    ReservationText,
)
from billingportal.db import Database
from billingportal.domain.common.references import public_id, read_ref
from billingportal.domain.entitlements.answer import UPGRADE_PATH, plan_of_client
from billingportal.domain.reservations import confirmation, reservations
from billingportal.domain.reservations.confirmation import Confirmed
from billingportal.domain.reservations.errors import (
    ArchivedWorkspace,
    SettledReservation,
    TooMany,
    UnknownReservation,
    UnknownResource,
    UnknownWorkspace,
)
from billingportal.domain.reservations.outcomes import Granted, Refused
from billingportal.domain.reservations.reservations import Stored, Wish
from billingportal.plain_json import JsonObject


@operation(
    "POST",
    "/reservations",
    scope="usage",
    summary="Reserve units",
    answers={201: GrantedReservation, 200: RefusedReservation},
    problems=("workspace_not_found", "resource_not_found"),
    idempotency="required",
)
def create_reservation(call: Call, connection: Connection, body: NewReservation) -> Answer:
    """Check and take in one call: of many askers for the last unit, one gets it. 201 when granted, 200 when not."""
    wish = Wish(workspace_ref(body.workspace), body.resource, body.quantity, body.expires_in)
    try:
        outcome = reservations.reserve(connection, call.mode, wish)
    except UnknownWorkspace:
        raise no_workspace(body.workspace) from None
    except UnknownResource:
        raise Problem("resource_not_found", f"There is no resource {body.resource[:200]}.") from None
    except ArchivedWorkspace:
        raise invalid("/workspace", "The workspace is archived.") from None
    if isinstance(outcome, Granted):
        return Answer(201, granted(outcome))
    return Answer(200, refused(call, connection, outcome))


@operation(
    "GET",
    "/reservations/{reservation}",
    scope="usage",
    summary="Get a reservation",
    answers={200: ReservationAnswer},
    problems=("reservation_not_found",),
)
def show_reservation(call: Call, connection: Connection, reservation: ReservationText) -> Answer:
    """A reservation, whatever became of it."""
    try:
        return Answer(200, stored(reservations.find_reservation(connection, call.mode, id_of(reservation))))
    except UnknownReservation:
        raise no_reservation(reservation) from None


@operation(
    "DELETE",
    "/reservations/{reservation}",
    scope="usage",
    summary="Release a reservation",
    answers={200: ReservationAnswer},
    problems=("reservation_not_found", "reservation_settled"),
)
def release_reservation(call: Call, connection: Connection, reservation: ReservationText) -> Answer:
    """Give back what is not needed. Doing it twice is fine."""
    try:
        return Answer(200, stored(reservations.release(connection, call.mode, id_of(reservation))))
    except UnknownReservation:
        raise no_reservation(reservation) from None
    except SettledReservation:
        raise Problem("reservation_settled", "The reservation was confirmed before.") from None


@operation(
    "POST",
    "/reservations/{reservation}/confirmation",
    scope="usage",
    summary="Confirm a reservation",
    answers={200: ConfirmedReservation},
    problems=("reservation_not_found", "reservation_settled"),
)
def confirm_reservation(call: Call, session: Session, reservation: ReservationText, body: Confirmation) -> Answer:
    """Count it as used now. A counter gets a record with the reservation's id as its key; a gauge rises until a newer
    level is reported. One that has expired is confirmed only if there is room."""
    reservation_id = id_of(reservation)
    try:
        outcome = confirmation.confirm(session, call.mode, reservation_id, body.quantity)
    except UnknownReservation:
        raise no_reservation(reservation) from None
    except SettledReservation:
        raise Problem("reservation_settled", "The reservation was released, or confirmed differently.") from None
    except TooMany:
        raise invalid("/quantity", "It is more than was reserved.") from None
    return Answer(200, confirmed(call, session, reservation_id, outcome))


def id_of(text: str) -> int:
    ref = read_ref("reservation", text)
    if ref is None or ref.id is None:
        raise no_reservation(text)
    return ref.id


def no_reservation(text: str) -> Problem:
    return Problem("reservation_not_found", f"There is no reservation {text[:200]} in this mode.")


def granted(outcome: Granted) -> GrantedReservation:
    return GrantedReservation(
        id=public_id("reservation", outcome.reservation_id),
        granted=True,
        expires_at=outcome.expires_at,
        used=outcome.used,
        reserved=outcome.reserved,
        limit=outcome.limit,
        remaining=outcome.remaining,
        over=outcome.is_over,
    )


def refused(call: Call, database: Database, outcome: Refused) -> JsonObject:
    return {
        "granted": False,
        "reason": outcome.reason,
        "used": outcome.used,
        "reserved": outcome.reserved,
        "limit": outcome.limit,
        "plan": plan_of_client(database, outcome.client_id),
        "upgrade_url": call.base_url + UPGRADE_PATH,
    }


def confirmed(call: Call, database: Database, reservation_id: int, outcome: Confirmed | Refused) -> JsonObject:
    is_done = isinstance(outcome, Confirmed)
    return {
        "id": public_id("reservation", reservation_id),
        "granted": is_done,
        "reason": None if isinstance(outcome, Confirmed) else outcome.reason,
        "quantity": outcome.quantity if isinstance(outcome, Confirmed) else 0,
        "used": outcome.used,
        "reserved": outcome.reserved,
        "limit": outcome.limit,
        "over": isinstance(outcome, Confirmed) and outcome.is_over,
        "plan": plan_of_client(database, outcome.client_id),
        "upgrade_url": call.base_url + UPGRADE_PATH,
    }


def stored(one: Stored) -> ReservationAnswer:
    return ReservationAnswer(
        id=public_id("reservation", one.id),
        client=public_id("client", one.client_id),
        workspace=public_id("workspace", one.workspace_id),
        resource=one.resource_key,
        quantity=one.quantity,
        state=one.state,
        confirmed_quantity=one.confirmed_quantity,
        expires_at=one.expires_at,
        created_at=one.created_at,
    )


GROUP = Group(
    "Reservations",
    "Where exceeding a limit is not an option: reserve, use, confirm. What is not confirmed in time is given back.",
    (create_reservation, show_reservation, release_reservation, confirm_reservation),
)
