"""Fills an inbox with years of events, fast: straight into the table, with messages of realistic size."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg

from benchmarks.author import Event

COLUMNS = (
    "processor_account_id",
    "stripe_event_id",
    "type",
    "object_id",
    "created_at",
    "received_at",
    "source",
    "state",
    "payload",
    "attempts",
    "attempted_at",
    "changes",
)
# Event states as in an inbox after years: almost no event is pending.
STATES = ("applied", "stale", "ignored", "failed")
SHARES = (0.9, 0.08, 0.0199, 0.0001)
BATCH = 5_000

Row = tuple[int | str, ...]


@dataclass(frozen=True)
class Filling:
    """The number of added events, and the mean size of their messages in bytes."""

    count: int
    mean_bytes: int


def fill(database_url: str, samples: list[Event], count: int) -> Filling:
    """Add `count` events, made from the samples with new ids."""
    if database_url.startswith("sqlite"):
        fill_sqlite(database_url.removeprefix("sqlite:///"), rows(samples, count))
    else:
        fill_postgresql(database_url.replace("+psycopg", "", 1), rows(samples, count))
    # Gigabytes that are not yet written to the disk would slow down the commits that are measured next.
    os.sync()
    return Filling(count, sum(len(event.body.encode()) for event in samples) // len(samples))


def rows(samples: list[Event], count: int) -> Iterator[Row]:
    chance = random.Random(count)
    states = chance.choices(STATES, SHARES, k=BATCH)
    for number in range(count):
        sample = samples[number % len(samples)]
        event_id = f"evt_{chance.getrandbits(96):024x}"
        # A dozen events for each object, as an account of some years has them.
        object_id = f"{sample.object_id[:8]}{number // (12 * len(samples))}{sample.object_id[8:]}"
        body = sample.body.replace(sample.id, event_id, 1).replace(sample.object_id, object_id)
        moment = f"{2020 + 5 * number // count}-01-01 00:00:00.000000"
        state = states[number % BATCH]
        yield 1, event_id, sample.type, object_id, moment, moment, "webhook", state, body, 1, moment, "{}"


def fill_sqlite(path: str, made: Iterator[Row]) -> None:
    marks = ", ".join("?" for _ in COLUMNS)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-500000")
        connection.executemany(f"INSERT INTO stripe_event ({', '.join(COLUMNS)}) VALUES ({marks})", made)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("ANALYZE")


def fill_postgresql(database_url: str, made: Iterator[Row]) -> None:
    with closing(psycopg.connect(database_url, autocommit=True)) as connection:
        with connection.cursor().copy(f"COPY stripe_event ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in made:
                copy.write_row(row)
        connection.execute("VACUUM ANALYZE stripe_event")
        connection.execute("CHECKPOINT")
