"""Each route says which of its parameters a log may show."""

from flask import Flask
from werkzeug.routing import Map, Rule

from billingportal.web.common.input.url_parameters import PublicConverter, SecretConverter, secret_paths, undeclared


def test_every_parameter_of_every_route_is_public_or_secret(app: Flask) -> None:
    assert undeclared(app.url_map) == []


def test_the_secret_addresses_are_these(app: Flask) -> None:
    assert secret_paths(app.url_map) == (
        "/portal/billing-link/",
        "/portal/checkout/",
        "/portal/sign-up/confirmed/",
        "/setup/",
        "/webhooks/stripe/",
        "/webhooks/stripe/reports/",
    )


def test_a_parameter_that_was_not_declared_is_found_and_kept_secret() -> None:
    rules = [Rule("/a/<int:number>/b"), Rule("/b/<public:name>/<secret:token>/c"), Rule("/c/<token>"), Rule("/d")]
    addresses = Map(rules, converters={"public": PublicConverter, "secret": SecretConverter})
    assert undeclared(addresses) == ["/c/<token>"]
    assert secret_paths(addresses) == ("/b/*/", "/c/")
