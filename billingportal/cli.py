"""The commands. Each opens the portal and calls the domain; none decides anything itself."""

import click
from flask import Flask
from flask.cli import FlaskGroup, with_appcontext

from billingportal.app import create_app
from billingportal.config import Settings
from billingportal.db import transaction
from billingportal.domain import audit, setup
from billingportal.errors import Refusal, WrongSetting
from billingportal.portal import current_portal

USUAL_ADDRESS = "http://127.0.0.1:8000"


def open_portal() -> Flask:
    try:
        return create_app(Settings.from_env())
    except WrongSetting as error:
        raise click.ClickException(str(error)) from None


@click.group(cls=FlaskGroup, create_app=open_portal, add_default_commands=False, load_dotenv=False)
def main() -> None:
    """The billing portal."""


@main.command("setup-link")
@click.option("--address", help="Where people reach the portal, such as https://billing.example.com.")
@with_appcontext
def setup_link(address: str | None) -> None:
    """Print a one-time link for the first owner. It ends the links before it."""
    try:
        with transaction() as session:
            token = setup.new_link(session)
            audit.record(session, "setup_link.created", "Printed a set-up link", actor="command")
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    base = address or current_portal().settings.public_url or USUAL_ADDRESS
    click.echo(f"{base.rstrip('/')}/setup/{token}")
