"""Tells a load balancer whether this process can do its work."""

from flask import Blueprint
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from billingportal.db import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def show() -> tuple[str, int, dict[str, str]]:
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
    try:
        db.session.execute(select(1))
    except SQLAlchemyError:
        return "the database does not answer", 503, headers
    return "ok", 200, headers
