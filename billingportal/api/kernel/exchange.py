"""One request of the API as it is known so far, its checked input, and the headers of every answer."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billingportal.api.kernel.answers import RawAnswer
from billingportal.api.kernel.call import Call
from billingportal.api.kernel.key_ring import Allowance
from billingportal.api.kernel.operation import Operation
from billingportal.api.kernel.problems import FieldError, Problem
from billingportal.api.kernel.reading import WITH_BODY, read_body, read_idempotency_key, read_json, read_parameters
from billingportal.api.kernel.router import Found
from billingportal.api.kernel.running import Run
from billingportal.api.kernel.validation import check_body, check_query
from billingportal.domain.api.stored_answers import AnswerKey, hash_of
from billingportal.domain.auth.api_keys import KeyTerms
from billingportal.portal import current_portal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SAFE_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
ONE_YEAR = 365 * 24 * 3600
# Headers of the request that operations may read.
READABLE = {"if-none-match": "HTTP_IF_NONE_MATCH"}


@dataclass(slots=True)
class Exchange:
    """One request, and what is known of it so far."""

    environ: "WSGIEnvironment"
    request_id: str
    path: str = ""
    terms: KeyTerms | None = None
    allowance: Allowance | None = None

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    @property
    def base_url(self) -> str:
        """Where the portal is reached: its public address, or the host that the request names."""
        host = self.environ.get("HTTP_HOST", "")
        if not SAFE_HOST.fullmatch(host):
            host = f"{self.environ['SERVER_NAME']}:{self.environ['SERVER_PORT']}"
        return current_portal().settings.public_url or f"{self.environ['wsgi.url_scheme']}://{host}"


def prepare(exchange: Exchange, operation: Operation, found: Found, terms: KeyTerms) -> Run:
    """Read and check the input of an operation. Raises Problem."""
    environ = exchange.environ
    key = None if operation.idempotency == "none" else read_idempotency_key(environ)
    if key is None and operation.idempotency == "required":
        raise Problem("idempotency_key_missing", "The header Idempotency-Key is missing.")
    arguments: dict[str, object] = dict(zip(operation.path_types, found.values, strict=True))
    query = check_query(operation.query, read_parameters(environ.get("QUERY_STRING", "")))
    if query is not None:
        arguments["query"] = query
    body = read_body(environ) if exchange.method in WITH_BODY else b""
    if operation.body is not None:
        arguments["body"] = check_body(operation.body, read_json(environ, body))
    elif body.strip() not in (b"", b"{}"):
        raise Problem("invalid", "The operation takes no body.", (FieldError("There is no such field.", pointer=""),))
    if operation.takes_call:
        headers = {name: environ[variable] for name, variable in READABLE.items() if variable in environ}
        arguments["call"] = Call(terms, exchange.request_id, exchange.base_url, key, headers)
    if key is None:
        return Run(operation, arguments, exchange.path, None)
    address = f"{exchange.path}?{environ.get('QUERY_STRING', '')}"
    answer_key = AnswerKey(terms.id, key, hash_of(operation.method, address, body))
    return Run(operation, arguments, exchange.path, answer_key)


def headers_of(exchange: Exchange, answer: RawAnswer) -> list[tuple[str, str]]:
    headers = [
        ("Request-Id", exchange.request_id),
        ("X-Content-Type-Options", "nosniff"),
        *answer.headers.items(),
    ]
    if answer.content_type is not None:
        headers.append(("Content-Type", answer.content_type))
    if answer.status not in (204, 304):
        headers.append(("Content-Length", str(len(answer.body))))
    if "Cache-Control" not in answer.headers:
        headers.append(("Cache-Control", "no-store"))
    if exchange.allowance is not None:
        headers += exchange.allowance.headers
    if exchange.environ["wsgi.url_scheme"] == "https":
        headers.append(("Strict-Transport-Security", f"max-age={ONE_YEAR}"))
    return headers
