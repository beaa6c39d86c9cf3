"""The blueprints of this subject."""

from billingportal.web.usage import client_usage, usage
from billingportal.web.usage.ledger import acts, ledger

BLUEPRINTS = (usage.blueprint, client_usage.blueprint, ledger.blueprint, acts.blueprint)
