"""Every way in which an answer of Stripe's can be wrong, by name."""

import gzip
import json
from collections.abc import Callable

from tests.support.stripe.misbehaving import Conversation, Manner

JSON = ("Content-Type: application/json",)
GOOD = b'{"object": "list", "data": [], "has_more": false}'
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
# Seconds between two bytes of a slow answer in tests.
SLOW = 0.05


def message(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


def says(body: bytes, status: str = "200 OK", *headers: str) -> Manner:
    return lambda conversation: conversation.say(message(body, status, *(headers or JSON)))


def speaks(data: bytes) -> Manner:
    """These bytes, whatever they are."""
    return lambda conversation: conversation.say(data)


def cut_off(conversation: Conversation) -> None:
    conversation.say(message(GOOD[:20], length=5000))


def reset_in_the_body(conversation: Conversation) -> None:
    conversation.say(message(GOOD[:20], length=5000))
    conversation.reset()


def reset_at_once(conversation: Conversation) -> None:
    conversation.reset()


def silent(conversation: Conversation) -> None:
    conversation.server.ended.wait(15)


def slow_head(conversation: Conversation) -> None:
    conversation.drip(message(GOOD, "200 OK", *(f"X-{number}: slow" for number in range(80))), SLOW)


def slow_body(conversation: Conversation) -> None:
    conversation.say(message(b"", length=5000))
    conversation.drip(b'{"object": ' + b" " * 5000, SLOW)


def slow_chunks(conversation: Conversation) -> None:
    conversation.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        conversation.say(b"1\r\n \r\n")
        if conversation.server.ended.wait(SLOW):
            return


def slow_continues(conversation: Conversation) -> None:
    for _ in range(1000):
        conversation.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        if conversation.server.ended.wait(SLOW):
            return


def repeats(head: bytes, piece: bytes) -> Manner:
    """The piece again and again, as fast as it is taken."""

    def endless(conversation: Conversation) -> None:
        conversation.say(head)
        while not conversation.server.ended.is_set():
            conversation.say(piece)

    return endless


def huge(conversation: Conversation) -> None:
    """100 MB of JSON that would be fine otherwise."""
    size = 100_000_000
    conversation.say(message(b'{"object": "list", "data": [], "x": "', length=size))
    for _ in range(size // 1_000_000):
        conversation.say(b"a" * 1_000_000)


def redirect(status: str, to: str = "/v1/elsewhere") -> Manner:
    return says(b"Moved", status, f"Location: {to}")


def bomb() -> bytes:
    """200 MB in 200 KB."""
    return gzip.compress(b"[" + b" " * 200_000_000 + b"]", 1)


def answered(value: object, status: str = "200 OK", *headers: str) -> Manner:
    return says(json.dumps(value).encode(), status, *headers)


def zipped(make: Callable[[], bytes], encoding: str = "gzip") -> Manner:
    """Packed only when it is asked for, since that takes long."""
    return lambda conversation: conversation.say(message(make(), "200 OK", f"Content-Encoding: {encoding}"))


DEEP = b"[" * 200_000 + b"]" * 200_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
NO_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
REFUSAL = {"error": {"type": "rate_limit_error", "message": "Slow down."}}

# Bodies and heads that come at once.
QUICK: dict[str, Manner] = {
    "null": says(b"null"),
    "an empty array": says(b"[]"),
    "a text": says(b'"fine"'),
    "a number": says(b"5"),
    "a huge number": says(b'{"object": "list", "has_more": ' + b"9" * 5000 + b"}"),
    "nothing": says(b""),
    "a page": says(PAGE, "200 OK", "Content-Type: text/html"),
    "wrong UTF-8": says(b'{"object": "\xff\xfe"}'),
    "half a character": says(b'{"object": "list", "data": [], "has_more": false, "x": "\\ud800"}'),
    "NUL": says(b'{"object": "list", "data": [], "has_more": false, "x": "a\\u0000b"}'),
    "deep nesting": says(DEEP),
    "deep nesting in an object": says(b'{"object": "list", "data": ' + DEEP + b"}"),
    "half of it": says(GOOD[:20]),
    "an object of nobody": says(b"{}"),
    "an error that is a text": answered({"error": "text"}, "400 Bad Request"),
    "an error that is null": answered({"error": None}, "400 Bad Request"),
    "an error that is an array": answered({"error": []}, "404 Not Found"),
    "an error without anything": answered({"error": {}}, "400 Bad Request"),
    "an error of wrong types": answered({"error": {"type": 5, "code": [], "message": {}}}, "402 Payment Required"),
    "an error with status 200": answered({"error": {"message": "No."}}),
    "an error of an error": answered({"error": {"message": "No.", "payment_intent": 5, "source": [5]}}, "402 No"),
    "a long refusal": answered({"error": {"message": "No. " * 100_000}}, "400 Bad Request"),
    "a sign-in page": says(PAGE, "401 Unauthorized", "Content-Type: text/html"),
    "a firewall's page": says(PAGE, "403 Forbidden", "Content-Type: text/html"),
    "a page that is missing": says(PAGE, "404 Not Found", "Content-Type: text/html"),
    "500 with a page": says(PAGE, "500 Internal Server Error", "Content-Type: text/html"),
    "502 with a page": says(PAGE, "502 Bad Gateway", "Content-Type: text/html"),
    "503 with a page": says(PAGE, "503 Service Unavailable", "Content-Type: text/html", "Retry-After: 3600"),
    "500 again and again": answered(REFUSAL, "500 Internal Server Error", "Stripe-Should-Retry: true"),
    "429, huge wait": answered(REFUSAL, "429 Too Many Requests", "Retry-After: 99999999999999"),
    "429, negative wait": answered(REFUSAL, "429 Too Many Requests", "Retry-After: -5"),
    "429, worded wait": answered(REFUSAL, "429 Too Many Requests", "Retry-After: soon"),
    "429, to be retried": answered(REFUSAL, "429 Too Many Requests", "Stripe-Should-Retry: true", "Retry-After: 999"),
    "429 with a page": says(PAGE, "429 Too Many Requests"),
    "100 and no more": speaks(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": speaks(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + message(GOOD)),
    "another protocol at once": speaks(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01"),
    "204": speaks(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304": speaks(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "999": speaks(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
    "no HTTP": speaks(b"220 mail.example ESMTP\r\n" * 50),
    "binary": speaks(bytes(range(256)) * 40),
    "nothing at all": speaks(b""),
    "a long header": speaks(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
    "many headers": speaks(b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 5000 + b"\r\n"),
    "a header that goes on": says(GOOD, "500 No", "Request-Id: req_1\r\n forged line"),
    "a length of letters": speaks(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + GOOD),
    "two lengths": speaks(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n" + GOOD),
    "a negative length": speaks(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
    "a length too short": speaks(message(GOOD, length=9)),
    "wrong chunks": speaks(CHUNKED + b"zz\r\nhello\r\n"),
    "chunks cut off": speaks(CHUNKED + b"5\r\nhel"),
    "a body cut off": cut_off,
    "a reset in the body": reset_in_the_body,
    "a reset at once": reset_at_once,
    "301": redirect("301 Moved Permanently"),
    "302": redirect("302 Found"),
    "303": redirect("303 See Other"),
    "307": redirect("307 Temporary Redirect"),
    "308": redirect("308 Permanent Redirect"),
    "a redirect to nowhere": redirect("302 Found", "http://["),
    "a redirect without an address": says(b"", "302 Found"),
    "no gzip": says(GOOD, "200 OK", "Content-Encoding: gzip"),
    "half of a gzip": zipped(lambda: gzip.compress(GOOD * 100)[:30]),
    "another packing": zipped(lambda: GOOD, "br"),
    "packed twice": zipped(lambda: gzip.compress(gzip.compress(GOOD)), "gzip, gzip"),
    "a time beyond all": answered({"object": "list", "data": []}, "200 OK", "Date: Fri, 31 Dec 9999 23:59:59 GMT"),
    "a time that is none": answered({"object": "list", "data": []}, "200 OK", "Date: yesterday"),
    "a list of anything": answered({"object": "list", "data": [5, None, "x", []], "has_more": True}),
    "a list of nobody's": answered({"object": "list", "data": [{}], "has_more": True}),
    "a list that is none": answered({"object": "list", "data": {"a": 5}, "has_more": "yes"}),
}
# Nothing comes, or far too slowly.
SLOWLY: dict[str, Manner] = {
    "silence": silent,
    "a head of one byte at a time": slow_head,
    "a body of one byte at a time": slow_body,
    "chunks of one byte at a time": slow_chunks,
    "100 again and again": slow_continues,
}
# More than anybody wants to hold.
LARGE: dict[str, Manner] = {
    "100 MB": huge,
    "an endless body": repeats(NO_END, b'{"object": "list"}' * 4000),
    "endless chunks": repeats(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "an endless redirect": repeats(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b"a" * 65536),
    "endless 100s": repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "a gzip bomb": zipped(bomb),
}
