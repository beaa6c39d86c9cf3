"""Static files: read, hashed and compressed once, then served from memory with a year of caching."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, url_for

blueprint = Blueprint("assets", __name__)
FOLDER = Path(__file__).resolve().parents[4] / "static"
ONE_YEAR = 365 * 24 * 3600
WORTH_COMPRESSING = 500
COMMENT = re.compile(rb"/\*.*?\*/\s*", re.DOTALL)
COMPRESSIBLE = {"text/css", "text/javascript", "image/svg+xml", "text/plain", "application/json"}


@dataclass(frozen=True)
class Asset:
    """One file ready to be sent. `compressed` is None where gzip would not help."""

    content: bytes
    compressed: bytes | None
    mimetype: str
    version: str


@cache
def load(folder: Path) -> dict[str, Asset]:
    """Every file below the folder, by its path relative to it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): read(path) for path in files}


def read(path: Path) -> Asset:
    """The file as it is sent: our own style sheets without their comments, since no browser needs them."""
    content = path.read_bytes()
    if path.suffix == ".css" and "vendor" not in path.parts:
        content = COMMENT.sub(b"", content)
    mimetype = mimetypes.guess_type(path.name)[0] or "text/plain"
    compressed = gzip.compress(content, 9, mtime=0) if mimetype in COMPRESSIBLE else None
    if compressed is not None and len(compressed) >= len(content):
        compressed = None
    return Asset(content, compressed, mimetype, hashlib.sha256(content).hexdigest()[:8])


def asset(path: str) -> str:
    """The URL of a static file. It changes with the content. Raises KeyError for a missing file."""
    return url_for("assets.show", path=path, v=load(FOLDER)[path].version)


@blueprint.get("/static/<public_path:path>")
def show(path: str) -> Response:
    found = load(FOLDER).get(path)
    if found is None:
        abort(404)
    accepts_gzip = request.accept_encodings.quality("gzip") > 0 and found.compressed is not None
    response = Response(found.compressed if accepts_gzip else found.content, mimetype=found.mimetype)
    if accepts_gzip:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(found.version + ("-gzip" if accepts_gzip else ""))
    response.cache_control.public = True
    if request.args.get("v") == found.version:
        response.cache_control.max_age = ONE_YEAR
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def compress_page(response: Response) -> Response:
    """Compress HTML for browsers that accept it. Static files are compressed already."""
    if response.mimetype != "text/html" or response.content_encoding or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if request.accept_encodings.quality("gzip") > 0 and len(content) >= WORTH_COMPRESSING:
        response.set_data(gzip.compress(content, 6, mtime=0))
        response.content_encoding = "gzip"
    return response


def init_app(app: Flask) -> None:
    load(FOLDER)
    app.add_template_global(asset)
    app.after_request(compress_page)
