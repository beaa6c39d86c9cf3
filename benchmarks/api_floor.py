"""Bare Flask handlers: one indexed SELECT, one conditional UPDATE, one INSERT of many rows. Nothing else is done."""

import json

from flask import Flask, Response, request
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, create_engine, select, update

from billingportal.database.limits import LIMITS, engine_options

METADATA = MetaData()
CLIENT = Table(
    "floor_client",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("plan", String),
    Column("used", BigInteger),
    Column("reserved", BigInteger),
    Column("quota", BigInteger),
)
RECORD = Table(
    "floor_record",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(120), unique=True),
    Column("workspace", String(120)),
    Column("resource", String(40)),
    Column("quantity", BigInteger),
)
QUOTA = 10**12


def create_app(database_url: str) -> Flask:
    app = Flask("floor")
    engine = create_engine(database_url, **engine_options(database_url, LIMITS["web"]))

    @app.get("/clients/<int:client_id>")
    def show(client_id: int) -> Response:
        with engine.connect() as connection:
            row = connection.execute(select(CLIENT).where(CLIENT.c.id == client_id)).one()
        return Response(json.dumps(row._asdict()), mimetype="application/json")

    @app.post("/reservations")
    def reserve() -> Response:
        body = json.loads(request.get_data())
        taken = CLIENT.c.used + CLIENT.c.reserved + body["quantity"] <= CLIENT.c.quota
        take = update(CLIENT).where(CLIENT.c.id == body["client"], taken)
        with engine.begin() as connection:
            done = connection.execute(take.values(reserved=CLIENT.c.reserved + body["quantity"])).rowcount
        return Response(json.dumps({"granted": done}), mimetype="application/json")

    @app.post("/usage")
    def count() -> Response:
        records = json.loads(request.get_data())["records"]
        with engine.begin() as connection:
            connection.execute(RECORD.insert(), records)
        return Response(json.dumps({"accepted": len(records)}), mimetype="application/json")

    return app


def prepare(database_url: str, clients: int) -> None:
    engine = create_engine(database_url)
    METADATA.create_all(engine)
    known = {"plan": "growth", "used": 0, "reserved": 0, "quota": QUOTA}
    rows = [{"id": number, **known} for number in range(1, clients + 1)]
    with engine.begin() as connection:
        connection.execute(CLIENT.insert(), rows)
    engine.dispose()
