"""HTTP in, HTML or JSON out."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every blueprint and what surrounds a request."""
