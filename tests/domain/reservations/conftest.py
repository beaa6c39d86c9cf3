"""Clients that reserve, without Stripe."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from billingportal.models.auth.staff import Staff
from tests.support.usage.takers import Takers


@pytest.fixture
def takers(app: Flask, session: Session, owner: Staff) -> Takers:
    return Takers(app, owner.id)
