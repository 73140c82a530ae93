"""A web server on the loopback address for the tests: it keeps the calls it gets and answers what it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.test import override_settings


@dataclass(frozen=True)
class Call:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listening:
    """`answers` are given in turn ("hang" says nothing until the test ends, "drop" hangs up), then 200."""

    url: str
    calls: list[Call] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def web_server(host: str = "127.0.0.1") -> Iterator[Listening]:
    """A running server, and the setting that lets the product call it without TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            listening.calls.append(Call(self.path, headers, body))
            answer = listening.answers.pop(0) if listening.answers else 200
            if answer == "hang":
                listening.over.wait(30)
            if isinstance(answer, str):
                self.close_connection = True
                return
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("Location", f"{listening.url}elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_words: object) -> None:
            """Nothing: the tests look at what was kept."""

    server = ThreadingHTTPServer((host, 0), Handler)
    listening = Listening(f"http://{host}:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with override_settings(WAYMARK_WEBHOOK_HOSTS=["127.0.0.1"]):
            yield listening
    finally:
        listening.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
