"""Catalogs with twins in another mode, and in another account."""

import urllib.error

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.mark.parametrize("other", ["mode", "account"])
def test_a_catalog_has_its_twin_elsewhere(
    sandbox: Sandbox, account: SandboxAccount, client: stripe.StripeClient, other: str
) -> None:
    made = sandbox.control("samples", account=account.id, mode="test", name="catalog")
    client.v1.prices.update(made["prices"]["graduated"], params={"lookup_key": "key"})
    if other == "mode":
        where, to = account, {"to_mode": "live"}
        target = sandbox.client(where.live_key)
    else:
        found = sandbox.control("accounts", name="Twin", country="IE", currency="eur")
        to = {"to_account": found["id"], "to_mode": "test"}
        target = sandbox.client(found["keys"]["test"])
    twins = sandbox.control("twins", account=account.id, mode="test", **to)["twins"]
    for identifier in made["prices"].values():
        expand = {"expand": ["tiers", "currency_options"]}
        price = client.v1.prices.retrieve(identifier, params=expand).to_dict()  # type: ignore[arg-type]
        twin = target.v1.prices.retrieve(twins[identifier], params=expand).to_dict()  # type: ignore[arg-type]
        meter = twins.get(price["recurring"]["meter"])
        price["recurring"] = {**price["recurring"], "meter": meter}
        changed = {"id": twins[identifier], "product": twins[price["product"]], "livemode": other == "mode"}
        assert twin == {**price, **changed}
    assert [one.id for one in target.v1.prices.list(params={"lookup_keys": ["key"]})] == [
        twins[made["prices"]["graduated"]]
    ]
    assert target.v1.events.list().data == []


def test_a_catalog_is_no_twin_of_itself(sandbox: Sandbox, account: SandboxAccount) -> None:
    with pytest.raises(urllib.error.HTTPError):
        sandbox.control("twins", account=account.id, mode="test", to_mode="test")
