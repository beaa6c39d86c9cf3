"""SaaS > Payment Processor: what the person sees, and what the database holds."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from billingportal.config import Settings
from billingportal.models import AuditEntry, ProcessorAccount
from tests.support.pages import Visitor, text_of
from tests.support.stripe.portals import new_account, with_sandbox, work
from tests.support.stripe.sandbox import Sandbox, SandboxAccount

PAGE = "/saas/payment-processor"


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_sandbox(settings, sandbox)


def save(visitor: Visitor, key: str) -> str:
    """Press "Save configuration"; what the card says then."""
    return text_of(visitor.swap(PAGE, {"secret_key": key}))


def accounts(session: Session) -> list[ProcessorAccount]:
    session.rollback()
    return list(session.scalars(select(ProcessorAccount).order_by(ProcessorAccount.id)))


def endpoints(sandbox: Sandbox, account: SandboxAccount, mode: str = "test") -> list[dict[str, object]]:
    found = sandbox.objects(account.id, mode, "webhook_endpoint")
    return [one for one in found if not one.get("deleted")]


def test_an_empty_portal_asks_for_the_key_and_says_what_happens(signed_in: Visitor) -> None:
    page = signed_in.get(PAGE)

    assert 'name="secret_key"' in page.text
    assert "Secret key" in text_of(page)
    assert "Save configuration" in text_of(page)
    assert "Registered for you when you save." in text_of(page)


def test_saving_shows_the_accepted_key_then_registered(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount, session: Session
) -> None:
    first = save(signed_in, f"  {stripe_account.test_key}\n")
    work(app)
    then = signed_in.get(f"{PAGE}/status", headers={"HX-Request-Type": "partial"})

    assert "Accepted" in first
    assert "Registering…" in first
    assert "Working" in text_of(then)
    assert "registered No event yet" in text_of(then)
    assert "Harbor Dental · Ireland · EUR" in text_of(then)
    assert "Complete up to" in text_of(then)
    assert [account.state for account in accounts(session)] == ["connected"]
    assert len(endpoints(sandbox, stripe_account)) == 1


def test_saving_without_javascript_leads_back_to_the_page(signed_in: Visitor, stripe_account: SandboxAccount) -> None:
    answer = signed_in.submit(PAGE, {"secret_key": stripe_account.test_key})

    assert answer.status_code == 303
    assert answer.location == PAGE
    assert "Accepted" in text_of(signed_in.get(PAGE))


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "Paste your secret key."),
        ("pk_test_51abc", "This is a publishable key"),
        ("whsec_abcdef", "This is a webhook signing secret"),
        ("price_1abc", "This is a Price ID"),
        ("sk_org_live_abc", "This is an organization key"),
        ("sk_orgabc", "This is an organization key"),
        ("sk_test_", "This key is not whole"),
        ("sk_test_abc def ghi", "This key is not whole"),
        ("sk_test_••••••••••••4f2a", "This key is not whole"),
        ("mk_1234", "This is not a secret key. It starts with sk_test_ or sk_live_."),
        ("<script>alert(1)</script>", "This is not a secret key."),
    ],
)
def test_what_is_no_secret_key_is_refused_with_its_own_words(
    signed_in: Visitor, session: Session, sandbox: Sandbox, pasted: str, words: str
) -> None:
    sandbox.control("requests", verb="DELETE")
    answer = signed_in.swap(PAGE, {"secret_key": pasted})

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'type="password" value=""' in answer.text
    assert accounts(session) == []
    assert sandbox.control("requests")["requests"] == []


def test_a_key_that_stripe_does_not_know_is_refused(signed_in: Visitor, session: Session) -> None:
    words = save(signed_in, "sk_test_51NobodyKnowsThisKeyAtAll")

    assert "Stripe does not know this key." in words
    assert accounts(session) == []


def test_an_expired_key_is_refused(
    signed_in: Visitor, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    sandbox.control("keys/expire", key=stripe_account.test_key)

    assert "This key has expired or was rolled in Stripe." in save(signed_in, stripe_account.test_key)
    assert accounts(session) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "429"}, "Stripe is asked too often right now (429)."),
        ({"kind": "500"}, "Stripe did not answer."),
        ({"kind": "drop"}, "Stripe did not answer."),
        ({"kind": "malformed"}, "Stripe did not answer."),
    ],
)
def test_trouble_at_stripe_while_saving_keeps_nothing(
    signed_in: Visitor,
    session: Session,
    sandbox: Sandbox,
    stripe_account: SandboxAccount,
    fault: dict[str, str],
    words: str,
) -> None:
    sandbox.control("faults", kind=fault["kind"])
    answer = signed_in.swap(PAGE, {"secret_key": stripe_account.test_key})

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Nothing was saved." in text_of(answer)
    assert stripe_account.test_key not in answer.text
    assert accounts(session) == []


def test_a_refused_key_leaves_the_connected_one_working(
    signed_in: Visitor, app: Flask, session: Session, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    words = save(signed_in, "pk_test_123")

    assert "This is a publishable key" in words
    assert "Working" in words
    assert accounts(session)[0].key_last_four == stripe_account.test_key[-4:]


def test_a_live_key_shows_the_live_side(
    signed_in: Visitor, app: Flask, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    answer = signed_in.swap(PAGE, {"secret_key": stripe_account.live_key})
    work(app)
    page = text_of(signed_in.get(PAGE))

    assert answer.headers["HX-Redirect"] == PAGE
    assert "Live mode" in page
    assert "registered" in page
    assert [(account.mode, account.state) for account in accounts(session)] == [
        ("test", "connected"),
        ("live", "connected"),
    ]
    assert len(endpoints(sandbox, stripe_account, "test")) == len(endpoints(sandbox, stripe_account, "live")) == 1


def test_a_key_of_another_account_asks_first_and_no_keeps_the_present_one(
    signed_in: Visitor, app: Flask, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    other = new_account(sandbox, "Oak & Iron")
    save(signed_in, stripe_account.test_key)
    work(app)
    asked = save(signed_in, other.test_key)
    declined = text_of(signed_in.swap(f"{PAGE}/replacement/refusal"))

    assert "This key belongs to another Stripe account" in asked
    assert "Connect Oak &amp; Iron instead" in asked
    assert "another Stripe account" not in declined
    assert [(row.name, row.state, bool(row.key_sealed)) for row in accounts(session)] == [
        ("Harbor Dental", "connected", True),
        ("Oak & Iron", "disconnected", False),
    ]


def test_a_key_of_another_account_connects_it_on_yes_and_keeps_the_old_rows(
    signed_in: Visitor, app: Flask, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    other = new_account(sandbox, "Oak & Iron")
    save(signed_in, stripe_account.test_key)
    work(app)
    save(signed_in, other.test_key)
    signed_in.swap(f"{PAGE}/replacement")
    work(app)

    assert [(row.name, row.state, bool(row.key_sealed)) for row in accounts(session)] == [
        ("Harbor Dental", "disconnected", False),
        ("Oak & Iron", "connected", True),
    ]
    assert endpoints(sandbox, stripe_account) == []
    assert len(endpoints(sandbox, other)) == 1
    assert "Oak &amp; Iron" in text_of(signed_in.get(PAGE))


def test_a_yes_that_comes_too_late_says_so(signed_in: Visitor, stripe_account: SandboxAccount) -> None:
    save(signed_in, stripe_account.test_key)
    answer = signed_in.swap(f"{PAGE}/replacement")

    assert answer.status_code == 409
    assert "no longer here. Paste it again." in text_of(answer)


def test_a_new_key_of_the_same_account_reuses_the_webhook(
    signed_in: Visitor, app: Flask, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    before = endpoints(sandbox, stripe_account)
    rolled = sandbox.control("keys/roll", key=stripe_account.test_key)["key"]
    save(signed_in, rolled)
    work(app)

    assert endpoints(sandbox, stripe_account) == before
    assert accounts(session)[0].key_last_four == rolled[-4:]
    assert "registered" in text_of(signed_in.get(PAGE))


@pytest.mark.parametrize(("action", "status"), [("expire", "Expired"), ("revoke", "Not accepted")])
def test_a_key_that_stripe_no_longer_takes_is_told_at_the_next_check(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount, action: str, status: str
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    sandbox.control(f"keys/{action}", key=stripe_account.test_key)
    signed_in.swap(f"{PAGE}/checks")
    work(app)
    page = signed_in.get(PAGE)

    assert "Stripe no longer accepts your secret key" in text_of(page)
    assert f"{status}" in text_of(page)
    assert "unknown" in text_of(page)
    assert "Save configuration" in text_of(page)
    assert "Needs attention" in text_of(page)


def test_the_page_tells_what_was_repaired(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    gone = endpoints(sandbox, stripe_account)[0]["id"]
    sandbox.client(stripe_account.test_key).v1.webhook_endpoints.delete(str(gone))
    signed_in.swap(f"{PAGE}/checks")
    work(app)
    page = text_of(signed_in.get(PAGE))

    assert "The webhook endpoint was gone from Stripe; registered it again." in page
    assert "registered" in page
    assert [one["id"] for one in endpoints(sandbox, stripe_account)] != [gone]


def test_a_restricted_key_names_each_right_that_it_lacks_and_where_to_grant_it(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    rights = ["balance:read", "webhook_endpoints:write", "events:read", "products:write", "customers:write"]
    key = sandbox.control("keys", account=stripe_account.id, mode="test", kind="restricted", rights=rights)["key"]
    save(signed_in, key)
    work(app)
    page = text_of(signed_in.get(PAGE))

    assert "Right missing: Prices, Write" in page
    assert "Right missing: Subscriptions, Write" in page
    assert "Right missing: Products" not in page
    assert "Grant it in Stripe: Developers, API keys" in page
    assert "registered" in page


def test_a_key_that_may_not_register_webhooks_says_so_and_tries_again_on_request(
    signed_in: Visitor, app: Flask, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    rights = ["balance:read", "webhook_endpoints:read", "events:read"]
    key = sandbox.control("keys", account=stripe_account.id, mode="test", kind="restricted", rights=rights)["key"]
    save(signed_in, key)
    work(app)
    page = text_of(signed_in.get(PAGE))

    assert "The webhook is not registered" in page
    assert "The key may not register webhooks." in page
    assert "Try again" in page


def test_without_a_public_address_the_page_says_how_to_get_registered(
    app: Flask, settings: Settings, signed_in: Visitor, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    portal = app.extensions["billingportal"]
    app.extensions["billingportal"] = replace(portal, settings=replace(settings, public_url=None))
    save(signed_in, stripe_account.test_key)
    work(app)
    page = text_of(signed_in.get(PAGE))

    assert "not registered" in page
    assert "To get “registered”, put it at a public https address and set PORTAL_PUBLIC_URL to it." in page
    assert "Complete up to" in page
    assert endpoints(sandbox, stripe_account) == []


def test_disconnecting_removes_the_webhook_and_keeps_the_history(
    signed_in: Visitor, app: Flask, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    words = text_of(signed_in.swap(f"{PAGE}/disconnection"))

    assert "Harbor Dental was disconnected" in words
    assert endpoints(sandbox, stripe_account) == []
    row = accounts(session)[0]
    assert (row.state, row.key_sealed) == ("disconnected", None)


def test_disconnecting_works_with_a_dead_key(
    signed_in: Visitor, app: Flask, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    sandbox.control("keys/revoke", key=stripe_account.test_key)
    signed_in.swap(f"{PAGE}/disconnection")

    assert accounts(session)[0].state == "disconnected"
    summaries = list(session.scalars(select(AuditEntry.summary).order_by(AuditEntry.id.desc())))
    left = "our webhook endpoint and event destination for usage errors"
    assert f"Stripe did not let us remove {left} there" in summaries[0]


def test_a_poll_that_would_show_the_same_changes_nothing(
    signed_in: Visitor, app: Flask, stripe_account: SandboxAccount
) -> None:
    save(signed_in, stripe_account.test_key)
    work(app)
    card = signed_in.get(PAGE).text
    address = card.split('hx-get="')[1].split('"')[0]

    assert address.startswith(f"{PAGE}/status?seen=")
    assert signed_in.get(address).status_code in (200, 204)
    assert signed_in.get(f"{PAGE}/status?seen=older").status_code == 200


def test_a_viewer_sees_the_connection_and_changes_nothing(viewer: Visitor, session: Session) -> None:
    assert viewer.get(PAGE).status_code == 200
    answer = viewer.swap(PAGE, {"secret_key": "sk_test_51abcdefghijk"})

    assert answer.status_code == 403
    assert "Your role may look at this, but not change it." in text_of(answer)
    assert accounts(session) == []


@pytest.mark.parametrize("action", ["checks", "catch-ups", "replacement/refusal", "disconnection"])
def test_actions_without_a_connection_do_nothing(signed_in: Visitor, session: Session, action: str) -> None:
    assert signed_in.swap(f"{PAGE}/{action}").status_code == 200
    assert accounts(session) == []


def test_saving_twice_at_once_connects_once(
    signed_in: Visitor, session: Session, sandbox: Sandbox, stripe_account: SandboxAccount, app: Flask
) -> None:
    save(signed_in, stripe_account.test_key)
    save(signed_in, stripe_account.test_key)
    work(app)

    assert len(accounts(session)) == 1
    assert len(endpoints(sandbox, stripe_account)) == 1
