import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.cli import setup_link
from billingportal.domain.auth import setup
from billingportal.models.audit_entry import AuditEntry


def test_a_link_is_printed_for_the_address_people_use(app: Flask, session: Session) -> None:
    result = app.test_cli_runner().invoke(setup_link, ["--address", "https://billing.example.com/"])
    assert result.exit_code == 0
    base, _, token = result.output.strip().rpartition("/")
    assert base == "https://billing.example.com/setup"
    assert setup.link_state(session, token) == "open"
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action) == ("command", "setup_link.created")
    assert token not in entry.summary


@pytest.mark.usefixtures("owner")
def test_no_link_is_printed_once_the_portal_is_set_up(app: Flask) -> None:
    result = app.test_cli_runner().invoke(setup_link)
    assert result.exit_code == 1
    assert result.output == "Error: The portal is set up already. Sign in, or ask the owner.\n"
