"""The sandbox is as strict with parameters as Stripe."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


def send(sandbox: Sandbox, key: str, path: str, form: str | None = None) -> tuple[int, dict[str, Any]]:
    """One raw request, as the SDK would not let us send it."""
    data = None if form is None else form.encode()
    request = urllib.request.Request(sandbox.url + path, data=data, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)["error"]


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        ("/v1/products", "", "parameter_missing", "name"),
        ("/v1/products", "name=", "parameter_invalid_empty", "name"),
        ("/v1/products", "name=x&colour=red", "parameter_unknown", "colour"),
        ("/v1/products", "name=x&active=yes", None, "active"),
        ("/v1/products", "name=x&images=a", None, "images"),
        ("/v1/products", "name=x&metadata=a", None, "metadata"),
        ("/v1/products", "name=x&statement_descriptor=" + "a" * 23, None, "statement_descriptor"),
        ("/v1/products", "name=x&marketing_features[0][title]=a", "parameter_unknown", "marketing_features[0][title]"),
        ("/v1/prices", "currency=usd&unit_amount=1.5", "parameter_invalid_integer", "unit_amount"),
        ("/v1/prices", "currency=usd&unit_amount=-1", "parameter_invalid_integer", "unit_amount"),
        ("/v1/prices", "currency=usd&unit_amount_decimal=1E-7", None, "unit_amount_decimal"),
        ("/v1/prices", "currency=usd&unit_amount_decimal=0.1234567890123", None, "unit_amount_decimal"),
        ("/v1/prices", "currency=usd&recurring[interval]=fortnight", None, "recurring[interval]"),
        ("/v1/prices", "currency=usd&recurring[interval_count]=2", "parameter_missing", "recurring[interval]"),
        ("/v1/prices", "currency=usd&recurring=month", None, "recurring"),
        (
            "/v1/prices",
            "currency=usd&recurring[interval]=month&recurring[aggregate_usage]=sum",
            "parameter_unknown",
            "recurring[aggregate_usage]",
        ),
        ("/v1/subscriptions", "customer=x&items[0][price]=y&coupon=z", "parameter_unknown", "coupon"),
        ("/v1/subscriptions/sub_1", "billing_cycle_anchor=now", None, "billing_cycle_anchor"),
    ],
)
def test_wrong_parameters_are_refused_by_name(
    sandbox: Sandbox, account: SandboxAccount, path: str, form: str, code: str | None, param: str
) -> None:
    status, error = send(sandbox, account.test_key, path, form)
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error["param"]) == (code, param)


def test_unknown_parameters_are_named_together(sandbox: Sandbox, account: SandboxAccount) -> None:
    _, error = send(sandbox, account.test_key, "/v1/products", "name=x&foo=1&bar=2")
    assert error["message"] == "Received unknown parameters: foo, bar"
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/parameter-unknown"


def test_a_choice_names_what_can_be_chosen(sandbox: Sandbox, account: SandboxAccount) -> None:
    _, error = send(sandbox, account.test_key, "/v1/prices", "currency=usd&recurring[interval]=fortnight")
    assert error["message"] == "Invalid interval: must be one of day, month, week, or year"


def test_a_parameter_that_the_sandbox_does_not_know_yet_says_so(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="not know the parameter on_behalf_of yet"):
        client.v1.subscriptions.create(params={"customer": "cus_x", "items": [], "on_behalf_of": "acct_1"})


def test_both_array_spellings_are_understood(sandbox: Sandbox, account: SandboxAccount) -> None:
    _, bare = send(sandbox, account.test_key, "/v1/products", "name=x&images[]=a&images[]=b")
    _, indexed = send(sandbox, account.test_key, "/v1/products", "name=x&images[0]=a&images[1]=b")
    assert bare["images"] == indexed["images"] == ["a", "b"]


def test_hashes_in_bare_arrays_begin_anew_when_a_name_repeats(sandbox: Sandbox, account: SandboxAccount) -> None:
    form = "name=x&marketing_features[][name]=a&marketing_features[][name]=b"
    _, product = send(sandbox, account.test_key, "/v1/products", form)
    assert product["marketing_features"] == [{"name": "a"}, {"name": "b"}]


def test_an_unknown_path_is_an_unrecognized_url(sandbox: Sandbox, account: SandboxAccount) -> None:
    status, error = send(sandbox, account.test_key, "/v1/plans")
    assert status == 404
    assert error["message"].startswith("Unrecognized request URL (GET: /v1/plans)")
    assert send(sandbox, account.test_key, "/v1/invoices/upcoming")[0] == 404


def test_an_unknown_api_version_is_refused(sandbox: Sandbox, account: SandboxAccount) -> None:
    client = sandbox.client(account.test_key)
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        client.v1.balance.retrieve(options={"stripe_version": "1999-01-01"})


def test_metadata_merges_and_empty_values_remove(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "x", "metadata": {"a": "1", "b": "2"}})
    merged = client.v1.products.update(product.id, params={"metadata": {"a": "", "c": "3"}})
    assert merged.metadata.to_dict() == {"b": "2", "c": "3"}
    assert client.v1.products.update(product.id, params={"metadata": ""}).metadata.to_dict() == {}


def test_a_refused_update_changes_nothing(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(params={"name": "before", "metadata": {f"k{n}": "v" for n in range(50)}})
    with pytest.raises(stripe.InvalidRequestError, match="up to 50 metadata keys"):
        client.v1.products.update(product.id, params={"name": "after", "metadata": {"more": "v"}})
    assert client.v1.products.retrieve(product.id).name == "before"


def test_every_answer_carries_a_request_id_and_the_version(client: stripe.StripeClient) -> None:
    answer = client.v1.balance.retrieve().last_response
    assert answer is not None
    assert (answer.request_id or "").startswith("req_")
    assert answer.headers["stripe-version"] == "2026-10-28.endive"
    assert answer.headers["date"].endswith("GMT")
