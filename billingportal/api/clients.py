"""Clients: created, found and changed by the host platform."""

from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from billingportal.api.ids import ClientText, find_client
from billingportal.api.kernel.answers import Answer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.operation import Group, Output, operation
from billingportal.domain.common.references import public_id
from billingportal.models import Client
from billingportal.models.connection.processor_account import Mode


class ClientAnswer(Output):
    """A client. `external_id` is the host platform's own id of it."""

    id: Annotated[str, Field(examples=["cl_42"])]
    external_id: str | None
    name: str
    email: str
    mode: Mode
    created_at: datetime
    suspended_at: datetime | None
    archived_at: datetime | None


@operation(
    "GET",
    "/clients/{client}",
    scope="read",
    summary="Get a client",
    answers={200: ClientAnswer},
    problems=("client_not_found",),
)
def show_client(call: Call, session: Session, client: ClientText) -> Answer:
    """A client, archived or not."""
    return Answer(200, answer_of(find_client(session, call.mode, client)))


def answer_of(client: Client) -> ClientAnswer:
    return ClientAnswer(
        id=public_id("client", client.id),
        external_id=client.external_id,
        name=client.name,
        email=client.email,
        mode=client.mode,
        created_at=client.created_at,
        suspended_at=client.suspended_at,
        archived_at=client.archived_at,
    )


GROUP = Group("Clients", "Your customers. Each has its workspaces and at most one subscription.", (show_client,))
