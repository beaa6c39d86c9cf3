"""Health check for a load balancer: whether this process can do its work."""

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from billingportal.database.write_line import Look
from billingportal.db import db, standstill

blueprint = Blueprint("healthz", __name__)
# Seconds without a write, while one is waiting, before the answer mentions it.
STANDSTILL = 2


@blueprint.get("/healthz")
def show() -> tuple[str, int, dict[str, str]]:
    """200 also while writes wait, with words: the pages can still be read. 503 when the database does not answer."""
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
    try:
        db.session.execute(select(1))
        look = standstill(STANDSTILL)
    except SQLAlchemyError:
        return "the database does not answer", 503, headers
    return ("ok" if look is None else in_words(look)), 200, headers


def in_words(look: Look) -> str:
    words = f"writes wait: none could begin for {look.seconds} seconds"
    if look.process is None:
        return f"{words}; a program that is not the portal's holds the database"
    return f"{words}; process {look.process} is first in line"
