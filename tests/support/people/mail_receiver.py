"""A mail server that keeps what it is given, and refuses what it is told to."""

import base64
import socketserver
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self

from billingportal import clock
from billingportal.db import transaction
from billingportal.models import MailSettings


class MailReceiver(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine. `refusals`: what it answers to a command instead of yes, by its verb.

    `password`: asked for from the user `portal`. `tls`: what it encrypts with, at once or after STARTTLS.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, *, password: str = "", tls: ssl.SSLContext | None = None, starts_encrypted: bool = False
    ) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.password, self.tls, self.starts_encrypted = password, tls, starts_encrypted
        self.received: list[EmailMessage] = []
        self.refusals: dict[str, str] = {}
        self.said: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not trust our certificate hangs up: nothing to print."""

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Conversation(socketserver.StreamRequestHandler):
    """One connection, command by command."""

    server: MailReceiver
    timeout = 5

    def setup(self) -> None:
        if self.server.tls and self.server.starts_encrypted:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        try:
            self.answer("220 receiver ready")
            while self.converse(self.rfile.readline().decode().strip()):
                pass
        except (OSError, ssl.SSLError):
            return

    def finish(self) -> None:
        super().finish()
        if isinstance(self.request, ssl.SSLSocket):
            self.request.close()

    def converse(self, line: str) -> bool:
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        self.server.said.append(verb)
        refusal = self.server.refusals.get(verb)
        if refusal == "hang up" or verb in ("", "QUIT"):
            return False
        if refusal is not None:
            self.answer(refusal)
        elif verb == "EHLO":
            self.answer(*(f"250-{word}" for word in self.abilities()), "250 HELP")
        elif verb == "STARTTLS" and self.server.tls:
            self.answer("220 go ahead")
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            super().setup()
        elif verb == "AUTH":
            right = base64.b64encode(f"\0portal\0{self.server.password}".encode()).decode()
            self.answer("235 welcome" if rest == f"PLAIN {right}" else "535 5.7.8 these are not known here")
        elif verb == "DATA":
            self.take()
        else:
            self.answer("250 fine")
        return True

    def abilities(self) -> list[str]:
        is_encrypted = isinstance(self.request, ssl.SSLSocket)
        offers = ["AUTH PLAIN"] if self.server.password else []
        return ["receiver", *offers, *(["STARTTLS"] if self.server.tls and not is_encrypted else [])]

    def take(self) -> None:
        self.answer("354 go on")
        lines = list(iter(self.rfile.readline, b".\r\n"))
        content = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
        message = message_from_bytes(content, policy=policy.default)
        refusal = self.server.refusals.get("CONTENT")
        if refusal is None:
            self.server.received.append(message)
        self.answer(refusal or "250 taken")

    def answer(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


def switch_mail_on(port: int = 9) -> None:
    """Store a mail server of this machine; by default one that takes nothing."""
    server = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "billing@north.example"}
    with transaction() as writing:
        writing.merge(MailSettings(id=1, is_on=True, updated_at=clock.now(), **server))
