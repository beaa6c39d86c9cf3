"""People and Stripe at work on a running portal. They try again as people and Stripe do, and note how it went."""

import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.support.stripe import events
from tests.support.stripe.webhook_door import LIMIT, Answer, open_url

# Deliveries that may be under way at once.
SENDERS = 48
# Seconds between two tries.
PAUSE = 0.5
# Seconds after which nobody tries any more.
GIVE_UP = 120


@dataclass
class Diary:
    """What one kind of request was answered: how often with which status, 0 for no answer, and the longest wait."""

    statuses: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, status: int, seconds: float) -> None:
        with self.lock:
            self.statuses[status] += 1
            self.longest = max(self.longest, seconds)

    def ask(self, request: str | urllib.request.Request) -> Answer | None:
        """One try. None when nobody answered."""
        started = time.monotonic()
        try:
            answer = open_url(request, 2 * LIMIT)
        except (urllib.error.URLError, OSError) as error:
            self.write(0, time.monotonic() - started if "timed out" in str(error) else 0)
            return None
        self.write(answer.status, time.monotonic() - started)
        return answer

    def __str__(self) -> str:
        told = ", ".join(f"{count} x {status or 'no answer'}" for status, count in sorted(self.statuses.items()))
        return f"{told}; longest {self.longest:.1f} s"


class Load:
    """Events at a steady rate, pages, and forms that write at Stripe, until the block ends."""

    def __init__(self, webhook_url: str, secret: str, rate: float) -> None:
        self.webhook_url, self.secret, self.rate = webhook_url, secret, rate
        self.ended = threading.Event()
        self.deliveries, self.pages, self.forms = Diary(), Diary(), Diary()
        self.acknowledged: set[str] = set()
        self.sent = 0
        self.saved: list[str] = []

    def deliver_until_acknowledged(self, number: int) -> None:
        event_id = f"evt_load_{number}"
        message = events.event("customer.created", events.customer(id=f"cus_load_{number}"), id=event_id)
        body = events.as_body(message)

        def try_once() -> bool:
            headers = {"Stripe-Signature": events.signature(body, self.secret), "Content-Type": "application/json"}
            answer = self.deliveries.ask(urllib.request.Request(self.webhook_url, body, headers))
            return answer is not None and answer.status == 200

        if try_until(try_once):
            self.acknowledged.add(event_id)

    def deliver(self) -> None:
        """Start so many deliveries a second, whatever became of those before."""
        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            while not self.ended.wait(max(0, started + self.sent / self.rate - time.monotonic())):
                senders.submit(self.deliver_until_acknowledged, self.sent)
                self.sent += 1

    def read_pages(self, requests: list[urllib.request.Request]) -> None:
        while not self.ended.wait(0.2):
            for request in requests:
                self.pages.ask(request)

    def save_forms(self, url: str, cookie: str, form: Callable[[int], dict[str, str]]) -> None:
        """Fill in one form after the other. Who reads that it may not have been saved sends the same one again."""
        number = 0
        while not self.ended.wait(0.1):
            data = urllib.parse.urlencode(form(number)).encode()
            request = urllib.request.Request(url, data, {"Cookie": cookie, "HX-Request": "true"})
            if try_until(lambda sent=request: self.is_saved(sent)):  # type: ignore[misc]
                self.saved.append(form(number)["name"])
            number += 1

    def is_saved(self, request: urllib.request.Request) -> bool:
        answer = self.forms.ask(request)
        return answer is not None and answer.status in (200, 204)


def try_until(succeeds: Callable[[], bool]) -> bool:
    """Try again and again; whether it worked out in time."""
    end = time.monotonic() + GIVE_UP
    while not succeeds():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    return True
