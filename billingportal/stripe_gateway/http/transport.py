"""Sends the SDK's requests within a time budget, retries included, and follows no redirects."""

import time
from collections.abc import Mapping
from typing import cast

import requests
import stripe
import urllib3

from billingportal.stripe_gateway.http import answers
from billingportal.stripe_gateway.http.answers import no_answer
from billingportal.stripe_gateway.http.connections import StripeSession
from billingportal.stripe_gateway.limits import Budget, Deadline
from billingportal.stripe_gateway.rate_limit import Pace

# Seconds for the DNS look-up, the connection and TLS.
CONNECT_SECONDS = 3.05
# Seconds between two attempts.
PAUSE = 0.5
CHUNK = 64 * 1024
TOO_LATE = "Stripe did not answer in time."

Answer = tuple[bytes, int, Mapping[str, str]]


class BudgetedClient(stripe.HTTPClient):
    """The SDK's HTTP client for one gateway. Gateways share the session and its connections."""

    name = "requests"

    def __init__(self, session: StripeSession, budget: Budget, pace: Pace | None) -> None:
        super().__init__()
        self._session = session
        self._budget = budget
        self._pace = pace

    def request_with_retries(  # type: ignore[override]  # the SDK says str, and gives bytes on
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: str | None = None,
        max_network_retries: int | None = None,
        *,
        _usage: list[str] | None = None,
    ) -> Answer:
        """Send a request. All attempts have the same headers and idempotency key. Raises APIConnectionError."""
        request = requests.Request(method, url, headers={**headers, "Accept-Encoding": "gzip"}, data=post_data)
        with self._budget.call() as deadline:
            body, status, got = self._attempts(request, max_network_retries or 0, deadline)
        answers.check(body, status)
        return body, status, got

    def _attempts(self, request: requests.Request, retries: int, deadline: Deadline) -> Answer:
        for _ in range(retries):
            if deadline.seconds_left / 2 <= PAUSE:
                break  # There is no time for another attempt, so this one gets all the time left.
            try:
                # The other half is for the next attempt, whose connection may not be stuck.
                answer = self._send(request, deadline.seconds_left / 2, deadline)
            except stripe.APIConnectionError as error:
                if not error.should_retry or deadline.seconds_left <= PAUSE:
                    raise
            else:
                if not is_for_retry(answer) or deadline.seconds_left <= PAUSE:
                    return answer
            time.sleep(PAUSE)
        return self._send(request, deadline.seconds_left, deadline)

    def _send(self, request: requests.Request, seconds: float, deadline: Deadline) -> Answer:
        self._wait_for_turn(deadline)
        seconds = min(seconds, deadline.seconds_left)
        if not seconds:
            raise no_answer(TOO_LATE)
        try:
            return self._exchange(request, seconds)
        except requests.exceptions.SSLError:
            raise no_answer(
                "The certificate at Stripe's address is not valid for it, so nothing was sent. "
                "Check this server's clock and its way to the internet."
            ) from None
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            raise no_answer(TOO_LATE, should_retry=True) from None
        except (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError):
            raise no_answer("The connection to Stripe failed.", should_retry=True) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise no_answer(f"Stripe could not be asked ({type(error).__name__}).") from error

    def _wait_for_turn(self, deadline: Deadline) -> None:
        if self._pace is None:
            return
        try:
            self._pace.wait(deadline)
        except TimeoutError:
            raise no_answer(TOO_LATE) from None

    def _exchange(self, request: requests.Request, seconds: float) -> Answer:
        """Send the request once. Raises the errors of requests and urllib3."""
        timeout = urllib3.Timeout(total=seconds, connect=min(CONNECT_SECONDS, seconds))
        with self._session.request(
            request.method or "",
            request.url or "",
            headers=request.headers,
            data=request.data,
            timeout=cast("float", timeout),  # requests hands it on as it is
            verify=stripe.ca_bundle_path,
            allow_redirects=False,
            stream=True,
        ) as response:
            pieces = response.raw.stream(CHUNK, decode_content=False)
            encoding = response.headers.get("Content-Encoding", "").strip().lower()
            # The body of a redirect or of a failure is read as well, so that the connection can be used again.
            return answers.joined(pieces, encoding), response.status_code, response.headers

    def close(self) -> None:
        """Does nothing: the session outlives the gateway."""


def is_for_retry(answer: Answer) -> bool:
    """Whether to retry, by the SDK's rule: Stripe's advice, else yes for conflicts and failures on Stripe's side."""
    _, status, headers = answer
    advice = headers.get("Stripe-Should-Retry")
    if advice in ("true", "false"):
        return advice == "true"
    return status == 409 or status >= 500
