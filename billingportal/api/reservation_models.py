"""What is sent and answered about reservations."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from billingportal.api.entitlements import PlanOfClient
from billingportal.api.ids import WorkspaceText
from billingportal.api.kernel.operation import Input, Output
from billingportal.api.kernel.types import ResourceKey
from billingportal.domain.reservations.outcomes import Reason
from billingportal.models.usage.reservation import ReservationState

ReservationText = Annotated[str, Field(description="The reservation: `rsv_9`.", examples=["rsv_9"])]
Quantity = Annotated[int, Field(ge=1, le=10**12, examples=[1])]


class NewReservation(Input):
    """What is about to be used. It is given back when it is not confirmed within `expires_in` seconds."""

    workspace: WorkspaceText
    resource: ResourceKey
    quantity: Quantity
    expires_in: Annotated[int, Field(ge=10, le=24 * 3600, description="Seconds.")] = 300


class Confirmation(Input):
    """How much of the reservation was used; all of it, if nothing is said. The rest is given back."""

    quantity: Quantity | None = None


class GrantedReservation(Output):
    """The units are reserved. `over`: use and reservations are above the limit, which only warns or bills."""

    id: Annotated[str, Field(examples=["rsv_9"])]
    granted: Literal[True]
    expires_at: datetime
    used: int
    reserved: int
    limit: int | None
    remaining: int | None
    over: bool


class RefusedReservation(Output):
    """Nothing is reserved. `upgrade_url` leads the client to its choice of plans."""

    granted: Literal[False]
    reason: Reason
    used: int
    reserved: int
    limit: int | None
    plan: PlanOfClient | None
    upgrade_url: str


class ConfirmedReservation(Output):
    """What came of a confirmation. Only one that came too late, or after a move, can be refused with a `reason`."""

    id: Annotated[str, Field(examples=["rsv_9"])]
    granted: bool
    reason: Reason | None
    quantity: int
    used: int
    reserved: int
    limit: int | None
    over: bool
    plan: PlanOfClient | None
    upgrade_url: str


class ReservationAnswer(Output):
    """A reservation. `confirmed_quantity` is what was used of it."""

    id: Annotated[str, Field(examples=["rsv_9"])]
    client: str
    workspace: str
    resource: str
    quantity: int
    state: ReservationState
    confirmed_quantity: int | None
    expires_at: datetime
    created_at: datetime
