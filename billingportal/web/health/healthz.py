"""Probes for a load balancer: whether this process can do its work, and whether the whole portal is in order."""

from pathlib import Path

from flask import Blueprint, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from billingportal.database.write_line import Look
from billingportal.db import db, standstill
from billingportal.domain.health import readiness
from billingportal.portal import current_portal

blueprint = Blueprint("healthz", __name__)
HEADERS = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
# Seconds without a write, while one is waiting, before the answer mentions it.
STANDSTILL = 2


@blueprint.get("/healthz")
def show() -> tuple[str, int, dict[str, str]]:
    """200 also while writes wait, with words: the pages can still be read. 503 when the database does not answer."""
    try:
        db.session.execute(select(1))
        look = standstill(STANDSTILL)
    except SQLAlchemyError:
        return "the database does not answer", 503, HEADERS
    return ("ok" if look is None else in_words(look)), 200, HEADERS


def in_words(look: Look) -> str:
    words = f"writes wait: none could begin for {look.seconds} seconds"
    if look.process is None:
        return f"{words}; a program that is not the portal's holds the database"
    return f"{words}; process {look.process} is first in line"


@blueprint.get("/readyz")
def ready() -> tuple[str, int, dict[str, str]]:
    """200 while database, migrations, worker and secret keys are in order, else 503 with what is not.

    Findings about Stripe do not take a node away: another node would have the same.
    """
    migrations = Path(current_app.root_path) / "migrations"
    try:
        troubles = readiness.troubles(db.session(), current_portal().vault, migrations)
    except SQLAlchemyError:
        troubles = ["the database does not answer"]
    return ("\n".join(troubles) or "ready", 503 if troubles else 200, HEADERS)
