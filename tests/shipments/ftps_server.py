"""A small FTP server with explicit TLS (RFC 4217) for the tests, over real sockets: nothing goes without TLS.

Like many, it ends a transfer without the farewell of TLS.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class _Conversation:
    """`reuses`: whether each transfer continued the TLS session of the control connection."""

    def __init__(self, made: socket.socket, root: Path, context: ssl.SSLContext, reuses: list[bool]) -> None:
        self.made, self.root, self.context, self.reuses = made, root, context, reuses
        self.at, self.old, self.user, self.is_private, self.is_in = root, root, "", False, False
        self.listener: socket.socket | None = None

    def run(self) -> None:
        self._listen()
        self._say("220 ready")
        while line := self.file.readline():
            command, _blank, word = line.decode().strip().partition(" ")
            method = getattr(self, "do_" + command.lower(), None)
            is_open = command.upper() in ("AUTH", "USER", "PASS", "PBSZ", "PROT", "QUIT")
            if not (isinstance(self.made, ssl.SSLSocket) or command.upper() == "AUTH"):
                self._say("550 TLS first")
            elif method is None:
                self._say("502 not known")
            elif not (self.is_in or is_open):
                self._say("530 sign in first")
            else:
                self._say(method(word))
            if command.upper() == "AUTH":
                self.made = self.context.wrap_socket(self.made, server_side=True)
                self._listen()

    def _listen(self) -> None:
        self.file = self.made.makefile("rb")

    def _say(self, text: str) -> None:
        self.made.sendall(text.encode() + b"\r\n")

    def do_auth(self, word: str) -> str:
        return "234 go on"

    def do_user(self, word: str) -> str:
        self.user = word
        return "331 and the password"

    def do_pass(self, word: str) -> str:
        self.is_in = (self.user, word) == ("carrier", "secret")
        return "230 welcome" if self.is_in else "530 not known"

    def do_pbsz(self, word: str) -> str:
        return "200 so be it"

    def do_prot(self, word: str) -> str:
        self.is_private = word == "P"
        return "200 so be it"

    def do_type(self, word: str) -> str:
        return "200 so be it"

    def do_cwd(self, word: str) -> str:
        self.at = self.root / word
        return "250 there" if self.at.is_dir() else "550 no such directory"

    def do_mkd(self, word: str) -> str:
        if (self.at / word).exists():
            return "550 it is there"
        (self.at / word).mkdir()
        return f'257 "{word}" made'

    def do_size(self, word: str) -> str:
        return f"213 {(self.at / word).stat().st_size}" if (self.at / word).is_file() else "550 no such file"

    def do_rnfr(self, word: str) -> str:
        self.old = self.at / word
        return "350 and the new name" if self.old.exists() else "550 no such file"

    def do_rnto(self, word: str) -> str:
        self.old.rename(self.at / word)
        return "250 renamed"

    def do_dele(self, word: str) -> str:
        if not (self.at / word).exists():
            return "550 no such file"
        (self.at / word).unlink()
        return "250 gone"

    def do_pasv(self, word: str) -> str:
        self.listener = socket.create_server(("127.0.0.1", 0))
        high, low = divmod(self.listener.getsockname()[1], 256)
        return f"227 Entering Passive Mode (127,0,0,1,{high},{low})"

    def do_mlsd(self, word: str) -> str:
        files = [f"type=file;size={p.stat().st_size}; {p.name}\r\n" for p in (self.at / word).iterdir() if p.is_file()]
        return self._transfer(send="".join(files).encode())

    def do_retr(self, word: str) -> str:
        return self._transfer(send=(self.at / word).read_bytes())

    def do_stor(self, word: str) -> str:
        return self._transfer(store=self.at / word)

    def _transfer(self, *, send: bytes = b"", store: Path | None = None) -> str:
        if self.listener is None or not self.is_private:
            return "521 only with TLS"
        self._say("150 here it comes")
        with self.listener, self.listener.accept()[0] as plain:
            plain.settimeout(20)
            with self.context.wrap_socket(plain, server_side=True) as channel:
                self.reuses.append(bool(channel.session_reused))
                if store is not None:
                    store.write_bytes(b"".join(iter(lambda: channel.recv(1 << 16), b"")))
                channel.sendall(send)
        return "226 done"


@contextmanager
def ftps_server(root: Path, context: ssl.SSLContext) -> Iterator[tuple[int, list[bool]]]:
    """Port, and for each transfer whether it continued the session. The user is carrier, the password secret."""
    listener = socket.create_server(("127.0.0.1", 0))
    reuses: list[bool] = []
    threads: list[threading.Thread] = []

    def talk(made: socket.socket) -> None:
        conversation = _Conversation(made, root, context, reuses)
        try:
            conversation.run()
        except OSError:
            # They hung up, as they do when they do not trust us.
            return
        finally:
            conversation.file.close()
            conversation.made.close()

    def serve() -> None:
        while True:
            try:
                made, _address = listener.accept()
            except OSError:
                return
            made.settimeout(20)
            threads.append(threading.Thread(target=talk, args=(made,), daemon=True))
            threads[-1].start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], reuses
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for each in threads:
            each.join(timeout=20)
