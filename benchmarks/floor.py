"""A minimal Flask application for events: checks the signature, reads the event, upserts one row, commits."""

import hmac
import json
import time

from flask import Flask, Response, request
from sqlalchemy import Column, MetaData, String, Table, Text, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from billingportal.database.limits import LIMITS, engine_options

TABLE = Table("floor", MetaData(), Column("object_id", String, primary_key=True), Column("payload", Text))
TOLERANCE = 300


def create_app(database_url: str, secret: str) -> Flask:
    app = Flask("floor")
    engine = create_engine(database_url, **engine_options(database_url, LIMITS["web"]))
    make = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    new = make(TABLE)
    upsert = new.on_conflict_do_update(index_elements=["object_id"], set_={"payload": new.excluded.payload})

    @app.post("/webhook")
    def create() -> Response:
        body = request.get_data(cache=False)
        if not is_signed(body, request.headers["Stripe-Signature"], secret):
            return Response("wrong signature\n", status=400)
        event = json.loads(body)
        with engine.begin() as connection:
            connection.execute(upsert, {"object_id": event["data"]["object"]["id"], "payload": body.decode()})
        return Response("stored\n", mimetype="text/plain")

    return app


def prepare(database_url: str) -> None:
    engine = create_engine(database_url)
    TABLE.metadata.create_all(engine)
    engine.dispose()


def is_signed(body: bytes, header: str, secret: str) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, "sha256").hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and time.time() - int(parts["t"]) < TOLERANCE
