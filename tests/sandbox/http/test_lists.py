"""Paging, cursors and ranges."""

import time

import pytest
import stripe

from tests.support.stripe.sandbox import Sandbox, SandboxAccount


@pytest.fixture
def products(client: stripe.StripeClient) -> list[str]:
    """The ids of twelve products, newest first."""
    return [client.v1.products.create(params={"name": f"Product {n}"}).id for n in range(12)][::-1]


def test_lists_are_newest_first_ten_at_a_time(client: stripe.StripeClient, products: list[str]) -> None:
    page = client.v1.products.list()
    assert [product.id for product in page.data] == products[:10]
    assert (page.has_more, page.url) == (True, "/v1/products")


def test_the_sdk_pages_through_all(client: stripe.StripeClient, products: list[str]) -> None:
    found = client.v1.products.list(params={"limit": 5}).auto_paging_iter()
    assert [product.id for product in found] == products


def test_ending_before_pages_back(client: stripe.StripeClient, products: list[str]) -> None:
    page = client.v1.products.list(params={"limit": 3, "ending_before": products[6]})
    assert [product.id for product in page.data] == products[3:6]
    assert page.has_more is True


def test_the_last_page_has_no_more(client: stripe.StripeClient, products: list[str]) -> None:
    page = client.v1.products.list(params={"limit": 2, "starting_after": products[9]})
    assert ([product.id for product in page.data], page.has_more) == (products[10:], False)


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_out_of_range_is_refused(client: stripe.StripeClient, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.products.list(params={"limit": limit})
    assert refused.value.param == "limit"


def test_a_cursor_that_names_nothing_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.products.list(params={"starting_after": "prod_gone"})
    assert (refused.value.code, refused.value.param) == ("resource_missing", "starting_after")


def test_a_deleted_cursor_still_pages(client: stripe.StripeClient, products: list[str]) -> None:
    client.v1.products.delete(products[4])
    page = client.v1.products.list(params={"limit": 2, "starting_after": products[4]})
    assert [product.id for product in page.data] == products[5:7]


def test_created_ranges(client: stripe.StripeClient, products: list[str]) -> None:
    moment = int(time.time())
    assert len(client.v1.products.list(params={"created": {"gte": moment - 60}, "limit": 100}).data) == 12
    assert client.v1.products.list(params={"created": {"gt": moment + 60}}).data == []
    assert client.v1.products.list(params={"created": {"lt": moment - 60}}).data == []


def test_both_cursors_at_once_are_refused(sandbox: Sandbox, account: SandboxAccount, products: list[str]) -> None:
    cursors = {"starting_after": products[0], "ending_before": products[2]}
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        sandbox.client(account.test_key).v1.products.list(params=cursors)  # type: ignore[arg-type]
