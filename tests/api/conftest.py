"""A host platform with a key of each kind."""

import pytest
from flask import Flask

from billingportal.models.auth.staff import Staff
from tests.support.api.callers import Caller, new_key


@pytest.fixture
def platform(app: Flask, owner: Staff) -> Caller:
    """It may do everything, in test mode."""
    return new_key(app, owner.id)


@pytest.fixture
def stranger(app: Flask) -> Caller:
    """It has no key."""
    return Caller(app, None)
