"""Lives by chance, here and in Stripe's dashboard: pages, Stripe and what was sold agree after every step.

Nobody pays what was not shown, and nobody loses what was bought. A failure prints its seed and all its steps;
`--lives-steps` lives longer (four of five steps on SQLite), `--lives-seed` starts at another seed.
"""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.models.auth.staff import Staff
from tests.support.lives.lives import live
from tests.support.pages import Visitor
from tests.support.stripe.portals import with_sandbox
from tests.support.stripe.sandbox import Sandbox

STEPS_OF_A_LIFE = 30


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


@pytest.mark.timeout(3600)
def test_pages_stripe_and_what_was_sold_agree_after_every_step(
    app: Flask, sandbox: Sandbox, session: Session, owner: Staff, signed_in: Visitor, pytestconfig: pytest.Config
) -> None:
    is_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    steps = pytestconfig.getoption("--lives-steps") * (4 if is_sqlite else 1) // 5
    first = pytestconfig.getoption("--lives-seed")
    for number in range(max(1, steps // STEPS_OF_A_LIFE)):
        live(app, sandbox, signed_in, owner.id, seed=first + number, steps=STEPS_OF_A_LIFE)
