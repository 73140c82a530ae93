"""A mail server on the loopback address for the tests: it keeps what it is given and answers what it is told to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from django.test import override_settings


class Keeping:
    """`answers` are given to the next recipients in turn ("hang up" ends the conversation), then "250 OK";
    `verdict` to every text."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.answers: list[str] = []
        self.recipients: list[str] = []
        self.verdict = "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "hang up":
            server.transport.abort()
        elif answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        if not self.verdict.startswith("250"):
            return self.verdict
        self.received.append(message_from_bytes(envelope.content, policy=default))
        self.recipients += envelope.rcpt_tos
        return self.verdict


@contextmanager
def mail_server() -> Iterator[Keeping]:
    """A running server, and the settings that make the product use it."""
    keeping = Keeping()
    controller = Controller(keeping, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        with mail_through(controller.port):
            yield keeping
    finally:
        controller.stop()


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def mail_through(port: int) -> override_settings:
    return override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_TIMEOUT=5,
        DEFAULT_FROM_EMAIL="Waymark <waymark@example.org>",
        WAYMARK_URL="https://waymark.example.org",
    )
