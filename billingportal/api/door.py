"""Puts the API in front of the pages: whatever is below `/api` never reaches their hooks."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from billingportal.api.document import pages
from billingportal.api.kernel.application import PREFIX, Api
from billingportal.api.operations import all_operations, openapi_document

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = "/api"
PAGES = frozenset(f"{PREFIX}{path}" for path in pages.PATHS)


class Door:
    """Sends each request to the API or to the pages, by its path. Among the pages are those about the API."""

    def __init__(self, pages: "WSGIApplication", api: "WSGIApplication") -> None:
        self._pages = pages
        self._api = api

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        is_api = path == ROOT or path.startswith(f"{ROOT}/")
        is_page = path in PAGES and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        return (self._api if is_api and not is_page else self._pages)(environ, start_response)


def init_app(app: Flask) -> None:
    """Answer the API's addresses by the API. Call it before the proxies' headers are wrapped around it."""
    app.register_blueprint(pages.blueprint)
    documents = {**dict.fromkeys(pages.PATHS, b""), "openapi.json": openapi_document()}
    api = Api(app, all_operations(), documents)
    app.wsgi_app = Door(app.wsgi_app, api)  # type: ignore[method-assign]
