"""What may be typed on the Branding page, and how it is kept."""

import pytest

from billingportal.domain.branding.branding import contact_address, name_of, origins_of, web_address
from billingportal.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "origins"),
    [
        ("", ()),
        ("https://www.example.com", ("https://www.example.com",)),
        ("https://Example.com/pricing?x=1#y", ("https://example.com",)),
        ("example.com", ("https://example.com",)),
        (
            "https://a.example\r\n https://b.example:8443, https://a.example/",
            ("https://a.example", "https://b.example:8443"),
        ),
        ("http://localhost:5500 http://127.0.0.1", ("http://localhost:5500", "http://127.0.0.1")),
        ("https://bücher.example", ("https://xn--bcher-kva.example",)),
    ],
)
def test_sites_are_reduced_to_what_browsers_compare(typed: str, origins: tuple[str, ...]) -> None:
    assert origins_of(typed) == origins


@pytest.mark.parametrize(
    "typed",
    [
        "*",
        "https://*.example.com",
        "https://",
        "'self'",
        "https://example.com;script-src",
        "http://example.com",
        "data://example.com",
        "https://user@example.com",
        "https://example.com:port",
        "https://[::1",
        "intranet",
    ],
)
def test_what_is_no_site_or_too_many_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        origins_of(typed)
    assert refused.value.field == "embedding_origins"


def test_at_most_twenty_sites_are_taken() -> None:
    with pytest.raises(Refusal, match="at most 20"):
        origins_of(" ".join(f"https://{place}.example" for place in range(21)))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        (" sales@example.com ", "mailto:sales@example.com"),
        ("mailto:sales@example.com", "mailto:sales@example.com"),
        ("https://example.com/contact", "https://example.com/contact"),
    ],
)
def test_a_contact_is_an_email_address_or_a_page(typed: str, kept: str) -> None:
    assert contact_address(typed) == kept


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "sales", "a@b", "a b@example.com", "mailto:a@b.example?cc=c@d.example"]
)
def test_other_contacts_are_refused(typed: str) -> None:
    with pytest.raises(Refusal):
        contact_address(typed)


@pytest.mark.parametrize(
    "typed", ["javascript:alert(1)", "example.com/terms", "ftp://example.com", "https://", "https://a b"]
)
def test_addresses_are_whole_and_of_the_web(typed: str) -> None:
    with pytest.raises(Refusal, match="whole address"):
        web_address("terms_url", typed)


def test_a_name_has_to_be_there() -> None:
    assert name_of("  Harbor \t Dental ") == "Harbor Dental"
    with pytest.raises(Refusal):
        name_of("  ")
