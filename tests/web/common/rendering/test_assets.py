import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask

from billingportal.web.common.rendering.assets import FOLDER, asset
from tests.support.pages import Visitor

ROOT = Path(__file__).resolve().parents[4]


def test_vendored_files_are_what_was_fetched() -> None:
    vendor = ROOT / "static" / "vendor"
    listed = dict(line.split("  ")[::-1] for line in (vendor / "CHECKSUMS").read_text().splitlines())
    present = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()}
    assert present - {"CHECKSUMS"} == listed.keys()
    for name, checksum in listed.items():
        content = (vendor / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == checksum, name
        assert b"sourceMappingURL" not in content, name


def test_every_file_of_ours_has_a_type_a_browser_accepts(client: Visitor) -> None:
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for path in FOLDER.rglob("*"):
        if path.suffix in types:
            answer = client.get(f"/static/{path.relative_to(FOLDER).as_posix()}")
            assert answer.mimetype == types[path.suffix], path


def test_an_asset_is_cached_for_a_year_under_its_own_address(app: Flask, client: Visitor) -> None:
    with app.test_request_context():
        address = asset("app.css")
    cached = client.get(address).headers["Cache-Control"]
    assert "immutable" in cached
    assert "max-age=31536000" in cached
    assert "no-cache" in client.get("/static/app.css?v=another").headers["Cache-Control"]


def test_assets_are_sent_compressed_to_those_who_accept_it(client: Visitor) -> None:
    plain = client.get("/static/app.css")
    packed = client.get("/static/app.css", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert plain.headers["ETag"] != packed.headers["ETag"]


def test_an_asset_is_the_same_for_everybody(signed_in: Visitor) -> None:
    headers = signed_in.get("/static/app.css").headers
    assert "Cookie" not in headers["Vary"]
    assert "Set-Cookie" not in headers


def test_an_unchanged_asset_is_not_sent_again(client: Visitor) -> None:
    tag = client.get("/static/app.css").headers["ETag"]
    again = client.get("/static/app.css", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["nothing.css", "../billingportal/app.py", "%2e%2e/pyproject.toml", "", "js"])
def test_nothing_else_is_served(client: Visitor, path: str) -> None:
    assert client.get(f"/static/{path}").status_code in (404, 308)


def test_pages_are_compressed_too(client: Visitor) -> None:
    plain = client.get("/sign-in")
    packed = client.get("/sign-in", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 2
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert gzip.decompress(packed.data).startswith(b"<!DOCTYPE html>")


def test_the_brand_is_a_cached_style_sheet(client: Visitor) -> None:
    page = client.get("/sign-in").text
    match = re.search(r'href="(/brand\.css\?v=[0-9a-f]+)"', page)
    assert match
    answer = client.get(match[1])
    assert answer.mimetype == "text/css"
    assert "--tblr-primary:" in answer.text
    assert "max-age=31536000" in answer.headers["Cache-Control"]
