"""HTTP posts on connections that are kept open."""

from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlsplit

# The sandbox posts to this machine only.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    "Accept": "*/*; q=0.5, application/json",
}


class Mail:
    """One thread's connections, one for each host. `timeout` is in seconds."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.connections: dict[str, HTTPConnection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.connections.values():
            connection.close()

    def post(self, url: str, body: str, headers: dict[str, str]) -> int | str:
        """The HTTP status, or the reason why there is none. Redirects are not followed."""
        parts = urlsplit(url)
        if parts.hostname not in LOOPBACK or parts.scheme != "http":
            return "the sandbox delivers to http on this machine only"
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        kept = parts.netloc in self.connections
        outcome = self.send(parts.netloc, target, body, headers)
        if kept and isinstance(outcome, str):  # the other side may have closed an idle connection
            outcome = self.send(parts.netloc, target, body, headers)
        return outcome

    def send(self, host: str, target: str, body: str, headers: dict[str, str]) -> int | str:
        """One attempt on the open connection, or on a new one."""
        connection = self.connections.setdefault(host, HTTPConnection(host, timeout=self.timeout))
        try:
            connection.request("POST", target, body.encode(), {**HEADERS, **headers})
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as failure:
            connection.close()
            del self.connections[host]
            return type(failure).__name__
        return answer.status
