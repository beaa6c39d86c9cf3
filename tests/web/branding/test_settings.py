"""Settings > Branding: saved, shown on every page, refused in words, and uploads served harmlessly."""

import re
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billingportal.db import db, transaction
from billingportal.models import AuditEntry, Branding, BrandPicture
from tests.support.pages import Visitor, markup_of, text_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

PAGE = "/settings/branding"
TYPED = {
    "name": "Harbor Chat",
    "colour": "#0f766e",
    "headline": "Plans that grow with you",
    "contact": "sales@harbor.example",
    "privacy_url": "https://harbor.example/privacy",
    "terms_url": "https://harbor.example/terms",
    "embedding_origins": "https://www.harbor.example\nhttps://harbor.example/",
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8" onload="alert(1)"><path d="M0 0h8v8z"/></svg>'


def png(colour: str = "red") -> bytes:
    written = BytesIO()
    Image.new("RGB", (300, 60), colour).save(written, "PNG")
    return written.getvalue()


def upload(visitor: Visitor, use: str, content: bytes, name: str = "logo.png") -> "TestResponse":
    data = {"csrf_token": visitor.csrf_token(), "picture": (BytesIO(content), name)}
    return visitor.post(f"{PAGE}/pictures/{use}", data=data, content_type="multipart/form-data")


def actions(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_what_is_saved_stands_in_the_form_and_on_the_public_page(
    signed_in: Visitor, client: Visitor, session: Session
) -> None:
    assert signed_in.submit(PAGE, TYPED).location == PAGE
    page = signed_in.get(PAGE)
    assert 'value="Harbor Chat"' in page.text
    assert "https://www.harbor.example\nhttps://harbor.example</textarea>" in page.text
    public = client.get("/portal/pricing")
    assert "Plans that grow with you · Harbor Chat" in public.text
    for address in ("mailto:sales@harbor.example", "https://harbor.example/privacy", "https://harbor.example/terms"):
        assert f'href="{address}"' in public.text
    assert actions(session) == ["branding.updated"]


def test_the_name_is_on_sign_in_in_titles_and_in_the_navigation(app: Flask, signed_in: Visitor) -> None:
    signed_in.submit(PAGE, TYPED)
    stranger = app.test_client().get("/sign-in")
    assert "<title>Sign in · Harbor Chat</title>" in stranger.text
    assert "Billing Portal" not in stranger.text
    own = markup_of(signed_in.get("/profile"))
    assert "· Harbor Chat</title>" in own
    assert re.search(r'class="navbar-brand".*Harbor Chat</span></a>', own, flags=re.S)


def test_saving_the_same_again_leaves_no_entry(signed_in: Visitor, session: Session) -> None:
    for _ in range(2):
        signed_in.submit(PAGE, TYPED)
    assert actions(session) == ["branding.updated"]


def test_a_colour_too_light_is_darkened_with_a_word_about_it(signed_in: Visitor, session: Session) -> None:
    signed_in.submit(PAGE, {**TYPED, "colour": "#FFCC00"})
    page = text_of(signed_in.get(PAGE))
    assert "The colour #ffcc00 became #7a6100, so that white text can be read on it." in page
    assert session.scalars(select(Branding.colour)).one() == "#7a6100"


def test_the_style_sheet_changes_its_address_with_the_colour(signed_in: Visitor, client: Visitor) -> None:
    def sheet() -> str:
        found = re.search(r'href="(/brand\.css\?v=\w+)"', signed_in.get("/profile").text)
        assert found is not None
        return found.group(1)

    before = sheet()
    signed_in.submit(PAGE, TYPED)
    after = sheet()
    assert before != after
    assert "--tblr-primary: #0e7169" in client.get(after).text
    assert client.get(after).headers["Cache-Control"] == "public, max-age=31536000"
    assert client.get(before).headers["Cache-Control"] == "public, no-cache"
    assert client.get(before, headers={"If-None-Match": client.get(after).headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", " "),
        ("name", "x" * 61),
        ("colour", "blue"),
        ("headline", "x" * 101),
        ("contact", "javascript:alert(1)"),
        ("privacy_url", "harbor.example"),
        ("terms_url", "https://" + "x" * 500),
        ("embedding_origins", "*"),
    ],
)
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_mistake_is_said_at_its_field_and_nothing_typed_is_lost(
    signed_in: Visitor, session: Session, field: str, typed: str
) -> None:
    answer = signed_in.submit(PAGE, {**TYPED, field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-help"' in answer.text
    assert answer.text.count("invalid-feedback") == 1
    assert 'value="sales@harbor.example"' in answer.text or field == "contact"
    assert session.scalars(select(Branding)).all() == []


def test_a_logo_takes_the_place_of_the_name(signed_in: Visitor, client: Visitor, session: Session) -> None:
    assert upload(signed_in, "logo_light", png()).location == PAGE
    page = client.get("/portal/pricing").text
    found = re.search(r'<img class="brand-logo in-any" src="(/brand/\w+)" alt="Billing Portal">', page)
    assert found is not None
    assert f'og:image" content="http://localhost{found.group(1)}"' in page
    upload(signed_in, "logo_dark", png("blue"))
    page = client.get("/portal/pricing").text
    assert page.count('class="brand-logo in-light"') == page.count('class="brand-logo in-dark"') == 1
    assert actions(session) == ["branding.picture_replaced"] * 2


def test_the_favicon_is_used_and_can_be_removed(signed_in: Visitor, client: Visitor, session: Session) -> None:
    upload(signed_in, "favicon", png())
    for path in ("/sign-in", "/portal/pricing"):
        assert re.search(r'<link rel="icon" href="/brand/\w+">', client.application.test_client().get(path).text)
    assert signed_in.submit(f"{PAGE}/pictures/favicon/removal").location == PAGE
    assert '<link rel="icon" href="/static/favicon.svg' in client.get("/portal/pricing").text
    assert actions(session) == ["branding.picture_replaced", "branding.picture_removed"]
    assert session.scalars(select(BrandPicture.use)).all() == []


@pytest.mark.parametrize(("content", "media_type"), [(png(), "image/png"), (SVG, "image/svg+xml")])
def test_pictures_are_served_so_that_they_can_do_nothing(
    app: Flask, signed_in: Visitor, session: Session, content: bytes, media_type: str
) -> None:
    upload(signed_in, "logo_light", content, "logo.html")
    digest = session.scalars(select(BrandPicture.digest)).one()
    answer = app.test_client().get(f"/brand/{digest}")
    assert answer.mimetype == media_type
    assert b"alert" not in answer.data
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    again = app.test_client().get(f"/brand/{digest}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert app.test_client().get("/brand/unknown").status_code == 404


@pytest.mark.parametrize("content", [b"", b"<script>", SVG.replace(b"path", b"script")])
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_an_upload_that_is_refused_says_why_at_its_place(signed_in: Visitor, session: Session, content: bytes) -> None:
    answer = upload(signed_in, "logo_dark", content)
    assert answer.status_code == 422
    assert 'id="logo_dark-error"' in answer.text
    assert answer.text.count("invalid-feedback") == 1
    assert session.scalars(select(BrandPicture.use)).all() == []


def test_more_than_a_megabyte_is_refused_at_the_door(signed_in: Visitor) -> None:
    body = b"--x\r\n" + bytes(1_100_000)
    answer = signed_in.post(f"{PAGE}/pictures/favicon", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert "Send less and try again." in text_of(answer)


def test_viewers_look_and_strangers_do_not(app: Flask, viewer: Visitor, session: Session) -> None:
    assert viewer.get(PAGE).status_code == 200
    assert viewer.submit(PAGE, TYPED).status_code == 403
    assert upload(viewer, "favicon", png()).status_code == 403
    assert viewer.submit(f"{PAGE}/pictures/favicon/removal").status_code == 403
    assert app.test_client().get(PAGE).location.startswith("/sign-in")
    assert session.scalars(select(Branding)).all() == []


def test_there_are_three_pictures_and_no_others(signed_in: Visitor) -> None:
    assert upload(signed_in, "banner", png()).status_code == 404


def test_the_snippet_names_the_public_address_and_says_when_no_site_may_use_it(signed_in: Visitor) -> None:
    page = signed_in.get(PAGE)
    assert "&lt;iframe src=&#34;http://localhost/portal/pricing?embed=1&#34;" in page.text
    assert "No site may show it yet" in text_of(page)
    signed_in.submit(PAGE, TYPED)
    assert "No site may show it yet" not in text_of(signed_in.get(PAGE))


# Only the file of SQLite is the test's own; the tables of PostgreSQL are needed by the next test.
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_page_that_tells_of_a_missing_database_has_the_usual_looks(app: Flask, client: Visitor) -> None:
    with app.app_context():
        with transaction() as session:
            session.execute(text("DROP TABLE branding"))
        db.session.remove()
    answer = client.get("/sign-in")
    assert "Billing Portal" in answer.text
