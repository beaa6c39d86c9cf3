"""The settings and services of a running portal, for web, command line and jobs."""

from dataclasses import dataclass, field

from flask import Flask, current_app

from billingportal.config import Settings
from billingportal.database.outages import Outage
from billingportal.stripe_gateway.client import OpenGateway
from billingportal.vault import Vault

EXTENSION = "billingportal"


@dataclass(frozen=True)
class Portal:
    settings: Settings
    vault: Vault
    open_gateway: OpenGateway
    outage: Outage = field(default_factory=Outage)


def attach(app: Flask, portal: Portal) -> None:
    """Attach the portal to the application, where `current_portal` finds it."""
    app.extensions[EXTENSION] = portal


def current_portal() -> Portal:
    """The portal of the current application. Needs an application context."""
    portal = current_app.extensions[EXTENSION]
    if not isinstance(portal, Portal):
        raise TypeError("create_app has not attached a portal")
    return portal
