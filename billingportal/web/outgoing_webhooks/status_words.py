"""The status of an address and of a message in words, with severity and icon."""

import json
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from billingportal.clock import now
from billingportal.domain.common.dates import day
from billingportal.domain.common.severity import Severity
from billingportal.domain.outgoing_webhooks.listing import ListedMessage, Waiting
from billingportal.models import OutgoingEndpoint, OutgoingMessage
from billingportal.plain_json import read
from billingportal.web.common.rendering.filters import ago, time_of_day

# Characters of a message on its page.
LONGEST_SHOWN = 20_000


@dataclass(frozen=True)
class StatusLine:
    """`icon` None is the usual one of the severity. `detail` is a second line, in grey."""

    severity: Severity
    words: str
    icon: str | None = None
    detail: str = ""


def endpoint_status(endpoint: OutgoingEndpoint, waiting: Waiting, paused_by: str | None) -> StatusLine:
    if endpoint.state == "off":
        why = "Answered 410 Gone" if endpoint.off_reason == "gone" else "Took nothing for 3 days"
        return StatusLine("bad", "Switched off", detail=why)
    if endpoint.state == "paused":
        return StatusLine("mute", "Paused", "player-pause", f"By {paused_by}" if paused_by else "")
    if endpoint.failing_since is not None:
        due = waiting.next_attempt_at
        detail = f"Next try {time_of_day(max(due, now()))}" if due else endpoint.last_problem
        return StatusLine("warn", f"Failing since {time_of_day(endpoint.failing_since)}", detail=detail)
    taken = f"Last taken {ago(endpoint.last_taken_at)}" if endpoint.last_taken_at else "Nothing sent yet"
    if endpoint.old_secret_ends_at is not None and now() < endpoint.old_secret_ends_at:
        return StatusLine("info", "On, two secrets", "key", taken)
    return StatusLine("ok", "On", detail=taken)


def message_status(listed: ListedMessage, endpoint: OutgoingEndpoint) -> StatusLine:
    delivery = listed.delivery
    tries = count_of(delivery.attempts, "try", "tries")
    if delivery.state == "taken":
        words = "Taken" if delivery.attempts == 1 else f"Taken on try {delivery.attempts}"
        return StatusLine("ok", words)
    if delivery.state == "set_aside":
        return StatusLine("bad", f"Set aside after {tries}" if delivery.keeps_order else f"Failed, {tries}")
    if delivery.keeps_order and endpoint.state != "on":
        return StatusLine("bad", f"Failed, {tries}") if delivery.attempts else StatusLine("mute", "Waiting", "clock")
    if delivery.next_attempt_at is None:
        return StatusLine("mute", "Waits for the one before", "clock")
    if listed.is_about_to_be_sent:
        return StatusLine("info", "Sending…", "clock")
    return StatusLine("info", f"Next try {time_of_day(delivery.next_attempt_at)}", "clock")


def is_being_sent(listed: ListedMessage, endpoint: OutgoingEndpoint) -> bool:
    """Whether the page should look again in a moment."""
    return listed.is_about_to_be_sent and (endpoint.state == "on" or not listed.delivery.keeps_order)


def can_resend(listed: ListedMessage, endpoint: OutgoingEndpoint) -> bool:
    return listed.delivery.state != "waiting" or (listed.delivery.keeps_order and endpoint.state == "on")


def waiting_words(waiting: Waiting) -> str:
    if waiting.since is None:
        return "Nothing"
    return f"{waiting.count:,}, oldest {ago(waiting.since)}"


def chosen_words(endpoint: OutgoingEndpoint, choices: tuple[str, ...]) -> str:
    chosen = len(endpoint.events)
    return f"All {chosen}" if chosen == len(choices) else f"{chosen} of {len(choices)}"


def host_of(endpoint: OutgoingEndpoint) -> str:
    return urlsplit(endpoint.url).hostname or endpoint.url


def count_of(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{round(milliseconds / 1000)} s"


def short_time(moment: datetime) -> str:
    """Time in UTC to the second, preceded by the date unless it is today."""
    clock_time = f"{moment:%H:%M:%S}"
    return clock_time if moment.date() == now().date() else f"{day(moment)}, {clock_time}"


def shown_request(endpoint: OutgoingEndpoint, message: OutgoingMessage) -> str:
    """The request for people: the body is laid out in lines, and cut if it is very long."""
    body = json.dumps(read(message.body), indent=2, ensure_ascii=False)
    return f"POST {endpoint.url}\nwebhook-id: {message.webhook_id}\n\n{body}"[:LONGEST_SHOWN]
