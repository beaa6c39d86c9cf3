"""The page that shows in a browser what the sandbox holds."""

from billingportal.sandbox.application import Application
from billingportal.sandbox.control import Control
from billingportal.sandbox.wire import Answer, Request


class Home:
    """Answers what a browser asks for."""

    def __init__(self, application: Application, control: Control) -> None:
        self.world = application.world
        self.control = control

    def answer(self, request: Request) -> Answer:
        """The home page."""
        return Answer(200, "<!doctype html><title>Stripe sandbox</title>", {}, "text/html; charset=utf-8")
