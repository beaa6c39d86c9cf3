"""The blueprints of this subject."""

from billingportal.web.price_moves import confirmations, exceptions, price_moves, undos

BLUEPRINTS = (
    confirmations.blueprint,
    exceptions.blueprint,
    price_moves.blueprint,
    undos.blueprint,
)
