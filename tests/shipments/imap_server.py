"""A small IMAP server for the tests, over real sockets: enough of RFC 3501 to sign in, search, read, mark and move."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

_ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


@dataclass
class Mail:
    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Box:
    """The folders of one person. `uid_validity` may be changed by a test, as servers do when a folder is made anew."""

    folders: dict[str, list[Mail]] = field(default_factory=lambda: {"INBOX": []})
    uid_validity: int = 7
    password: str = "secret"
    commands: list[str] = field(default_factory=list)
    port: int = 0
    _next: int = 1

    def put(self, raw: bytes, folder: str = "INBOX") -> Mail:
        mail = Mail(self._next, raw)
        self._next += 1
        self.folders.setdefault(folder, []).append(mail)
        return mail


class _Conversation:
    def __init__(self, box: Box, made: socket.socket, context: ssl.SSLContext | None) -> None:
        self.box, self.made, self.context = box, made, context
        self.file = made.makefile("rwb")
        self.mails: list[Mail] = []

    def run(self) -> None:
        self._say("* OK ready")
        while line := self.file.readline():
            tag, command, words = self._parsed(line)
            if command == "UID":
                command, words = "UID " + words[0].upper(), words[1:]
            self.box.commands.append(" ".join([command, *words]) if command != "LOGIN" else command)
            method = getattr(self, "do_" + command.lower().replace(" ", "_"), None)
            self._say(f"{tag} {method(words) if method else 'BAD unknown command'}")
            if command == "STARTTLS" and self.context is not None:
                self.made = self.context.wrap_socket(self.made, server_side=True)
                self.file = self.made.makefile("rwb")
            if command == "LOGOUT":
                return

    def close(self) -> None:
        self.file.close()
        self.made.close()

    def do_starttls(self, words: list[str]) -> str:
        return "OK go on" if self.context is not None else "BAD not here"

    def _parsed(self, line: bytes) -> tuple[str, str, list[str]]:
        tag, _blank, rest = line.decode().strip().partition(" ")
        words = [quoted.replace("\\", "") if quoted else word for quoted, word in _ARGUMENT.findall(rest)]
        return tag, words[0].upper(), words[1:]

    def _say(self, text: str) -> None:
        self.file.write(text.encode() + b"\r\n")
        self.file.flush()

    def do_capability(self, words: list[str]) -> str:
        self._say("* CAPABILITY IMAP4rev1" + (" STARTTLS" if self.context is not None else ""))
        return "OK done"

    def do_login(self, words: list[str]) -> str:
        return "OK done" if words == ["carrier", self.box.password] else "NO not known"

    def do_select(self, words: list[str]) -> str:
        if words[0] not in self.box.folders:
            return "NO no such folder"
        self.mails = self.box.folders[words[0]]
        self._say(f"* {len(self.mails)} EXISTS")
        self._say(f"* OK [UIDVALIDITY {self.box.uid_validity}] valid")
        return "OK [READ-WRITE] selected"

    def do_uid_search(self, words: list[str]) -> str:
        first = int(words[-1].split(":")[0])
        uids = [mail.uid for mail in self.mails]
        # RFC 3501 6.4.8: "n:*" holds the last one even when it is below n.
        found = sorted({uid for uid in uids if uid >= first} | set(uids[-1:]))
        self._say("* SEARCH " + " ".join(map(str, found)))
        return "OK done"

    def do_uid_fetch(self, words: list[str]) -> str:
        for number, mail in enumerate(self.mails, start=1):
            if mail.uid != int(words[0]):
                continue
            if "RFC822.SIZE" in words[1]:
                self._say(f"* {number} FETCH (UID {mail.uid} RFC822.SIZE {len(mail.raw)})")
            else:
                self.file.write(f"* {number} FETCH (UID {mail.uid} BODY[] {{{len(mail.raw)}}}\r\n".encode() + mail.raw)
                self._say(")")
        return "OK done"

    def do_uid_store(self, words: list[str]) -> str:
        for mail in self.mails:
            if mail.uid == int(words[0]):
                mail.flags.add(words[2].strip("()"))
        return "OK done"

    def do_uid_copy(self, words: list[str]) -> str:
        if words[1] not in self.box.folders:
            return "NO [TRYCREATE] no such folder"
        for mail in [mail for mail in self.mails if mail.uid == int(words[0])]:
            self.box.put(mail.raw, words[1])
        return "OK done"

    def do_expunge(self, words: list[str]) -> str:
        self.mails[:] = [mail for mail in self.mails if "\\Deleted" not in mail.flags]
        return "OK done"

    def do_logout(self, words: list[str]) -> str:
        self._say("* BYE")
        return "OK done"


@contextmanager
def imap_server(context: ssl.SSLContext | None = None, *, starts_plain: bool = False) -> Iterator[Box]:
    """A running server; with a `context` it speaks TLS from the first byte, or when told to. The user is carrier."""
    box = Box()
    listener = socket.create_server(("127.0.0.1", 0))
    box.port = listener.getsockname()[1]

    def talk(made: socket.socket) -> None:
        try:
            is_secure = context is not None and not starts_plain
            with made, context.wrap_socket(made, server_side=True) if context and is_secure else made as spoken:
                conversation = _Conversation(box, spoken, context if starts_plain else None)
                with closing(conversation):
                    conversation.run()
        except OSError:
            return

    threads: list[threading.Thread] = []

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
        yield box
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for each in threads:
            each.join(timeout=20)
