"""Resolves a name within a time limit: the system's resolver has none of its own."""

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address

from billingportal.domain.outgoing_webhooks.http.addresses import Address

# Returns every address of a host; raises OSError when there is none. Seconds it may take: the third argument.
Resolver = Callable[[str, int, float], list[Address]]


def resolve(host: str, port: int, seconds: float) -> list[Address]:
    """Every address of the host, in the system's order. Raises OSError, TimeoutError after so many seconds."""
    found: list[Address] = []
    problems: list[OSError] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a part of the name is empty or too long
            problems.append(error if isinstance(error, OSError) else OSError(str(error)))
            return
        found.extend(dict.fromkeys(ip_address(str(row[4][0])) for row in rows))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if asking.is_alive():
        raise TimeoutError("the name was not resolved in time")
    if problems:
        raise problems[0]
    return found
