"""A mailbox (IMAP4rev1, RFC 3501): each attachment of a new mail is a message, and its text when asked for.

How far we are is the UID of the last mail, which holds as long as the folder's UIDVALIDITY stays. When that changes,
all is looked at again: what was taken before is the same bytes, and so the same message.
"""

from __future__ import annotations

import email
import fnmatch
import imaplib
import re
import socket
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from typing import Any, ClassVar

from partners.channels.network import Dialler, tls_context
from shipments.connections.base import Bounds, Collected, Cursor, Item, Passed, Seen, Trouble, nothing
from shipments.connections.options import Problem, choice, integer, line, lines, text

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
# What mail programs add by themselves.
_ORNAMENTS = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
# A mail is base64: a third larger than what is in it, and a little.
_MAIL_FACTOR = 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """`body`: when the text itself is a message. `senders`: addresses or "@domain"; none: anybody's mail is taken."""

    SECRETS: ClassVar[tuple[str, ...]] = ("password",)

    host: str = line(most=253)
    port: int = integer(993, least=1, most=65_535)
    security: str = choice("tls", "starttls", "none")
    certificate: str = text()
    username: str = line(most=200)
    folder: str = line("INBOX", most=200)
    attachments: str = line("*", most=100)
    body: str = choice("never", "alone", "always")
    senders: tuple[str, ...] = lines()
    afterwards: str = choice("seen", "move", "nothing")
    move_to: str = line("", most=200)
    most_per_run: int = integer(100, least=1, most=1000)

    def doubts(self) -> list[Problem]:
        if self.afterwards == "move" and not self.move_to:
            return [Problem("move_to", "Name the folder that mails are moved to.")]
        return []


class _Mailbox(imaplib.IMAP4):
    """Opens its connection through the dialler, with TLS from the start when there is a context."""

    def __init__(self, dialler: Dialler, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self.dialler, self.context = dialler, context
        super().__init__(host, port, timeout=dialler.timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = self.dialler.connect(self.host, self.port)
        return self.context.wrap_socket(made, server_hostname=self.host) if self.context else made


def collect(
    settings: ImapSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds
) -> Generator[Item, None, None]:
    with session(settings, secret, bounds) as box:
        validity, uids = _new(box, settings, cursor)
        for uid in uids[: settings.most_per_run]:
            yield from _taken(box, settings, uid, {"uidvalidity": validity, "uid": uid}, bounds)
            if bounds.is_over():
                return


def look(settings: ImapSettings, secret: Mapping[str, str], cursor: Cursor, bounds: Bounds) -> list[Seen]:
    with session(settings, secret, bounds) as box:
        _validity, uids = _new(box, settings, cursor)
        found: list[Seen] = []
        for uid in uids[:20]:
            raw = _fetched(box, uid, int(bounds.message_bytes * _MAIL_FACTOR))
            if raw is not None:
                mail = email.message_from_bytes(raw)
                parts = _parts(mail, settings) if _is_from(mail, settings.senders) else []
                found += [Seen(name, len(payload)) for payload, name, _type in parts]
        return found


@contextmanager
def session(settings: ImapSettings, secret: Mapping[str, str], bounds: Bounds) -> Iterator[_Mailbox]:
    """Signed in, with the folder open. Raises Trouble, OSError, imaplib.IMAP4.error."""
    if settings.security == "none" and not bounds.dialler.may_be_private(settings.host):
        raise Trouble("Without TLS the password would go over the open network: only for hosts inside the house.")
    context = tls_context(settings.certificate) if settings.security != "none" else None
    box = _Mailbox(bounds.dialler, settings.host, settings.port, context if settings.security == "tls" else None)
    try:
        if settings.security == "starttls":
            box.starttls(context)
        try:
            box.login(settings.username, secret.get("password", ""))
        except box.abort:
            raise
        except box.error as error:
            raise Trouble("The mail server does not accept the user name with this password.") from error
        yield box
    finally:
        # A handshake that failed has taken the socket apart; what it said is not to be covered up.
        with suppress(OSError):
            box.shutdown()


def _new(box: _Mailbox, settings: ImapSettings, cursor: Cursor) -> tuple[int, list[int]]:
    """The folder's UIDVALIDITY, and the UIDs after the last one we took, in order."""
    answer, _count = box.select(_quoted(settings.folder))
    if answer != "OK":
        raise Trouble(f"There is no folder {settings.folder} in the mailbox.")
    given = box.response("UIDVALIDITY")[1]
    validity = int(given[0]) if given and given[0] else 0
    last = int(cursor.get("uid", 0)) if cursor.get("uidvalidity") == validity else 0
    # "n:*" names the last mail even when its UID is below n.
    found = _data(box.uid("SEARCH", "UID", f"{last + 1}:*"))
    uids = sorted({int(word) for line_ in found if isinstance(line_, bytes) for word in line_.split()})
    return validity, [uid for uid in uids if uid > last]


def _taken(box: _Mailbox, settings: ImapSettings, uid: int, cursor: Cursor, bounds: Bounds) -> Iterator[Item]:
    """The messages of one mail. Where we stand is noted with the last of them, and the mail is done with after it."""
    raw = _fetched(box, uid, int(bounds.message_bytes * _MAIL_FACTOR))
    if raw is None:
        why = f"A mail larger than {int(bounds.message_bytes * _MAIL_FACTOR) >> 20} MiB stays unread."
        yield Passed(f"mail {uid}", why, cursor=cursor)
        return
    mail = email.message_from_bytes(raw)
    if not _is_from(mail, settings.senders):
        yield Passed(f"mail {uid}", "", cursor=cursor)
        return
    parts = _parts(mail, settings)
    if not parts:
        yield Passed(f"mail {uid}", "", cursor=cursor, after=lambda: _finish(box, settings, uid))
    for number, (payload, name, content_type) in enumerate(parts, start=1):
        is_last = number == len(parts)
        after = (lambda: _finish(box, settings, uid)) if is_last else nothing
        yield Collected(payload, name, content_type, cursor=cursor if is_last else None, after=after)


def _fetched(box: _Mailbox, uid: int, most: int) -> bytes | None:
    """The whole mail, left unread; None when it is larger than `most`. One that is gone by now is empty."""
    told = b" ".join(part for part in _data(box.uid("FETCH", str(uid), "(RFC822.SIZE)")) if isinstance(part, bytes))
    size = _SIZE.search(told)
    if size is None:
        return b""
    if int(size[1]) > most:
        return None
    answer = _data(box.uid("FETCH", str(uid), "(BODY.PEEK[])"))
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")


def _finish(box: _Mailbox, settings: ImapSettings, uid: int) -> None:
    if settings.afterwards == "seen":
        box.uid("STORE", str(uid), "+FLAGS", r"(\Seen)")
    if settings.afterwards == "move":
        _data(box.uid("COPY", str(uid), _quoted(settings.move_to)))
        box.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
        box.expunge()


def _data(answer: tuple[str, list[Any]]) -> list[Any]:
    """What the server said to a command. Raises Trouble when it refused."""
    said, data = answer
    if said != "OK":
        told = b" ".join(part for part in data if isinstance(part, bytes))
        raise Trouble(f"The mail server refused: {told.decode('utf-8', 'replace')[:200]}")
    return [part for part in data if part is not None]


def _quoted(folder: str) -> str:
    """A name as IMAP writes it (RFC 3501 5.1.3: letters beyond ASCII in modified UTF-7)."""
    parts: list[str] = []
    for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", folder):
        if run[0] <= "\x7e":
            parts.append(run.replace("&", "&-"))
        else:
            parts.append("&" + run.encode("utf-7").decode().strip("+-").replace("/", ",") + "-")
    return '"' + "".join(parts).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_from(mail: Message, senders: tuple[str, ...]) -> bool:
    if not senders:
        return True
    address = parseaddr(str(mail.get("From", "")))[1].lower()
    allowed = {each.lower() for each in senders}
    return address in allowed or "@" + address.rpartition("@")[2] in allowed


def _parts(mail: Message, settings: ImapSettings) -> list[tuple[bytes, str, str]]:
    """(content, name, type) of what is taken from a mail."""
    bodies: list[tuple[bytes, str, str]] = []
    attached: list[tuple[bytes, str, str]] = []
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind, name = part.get_content_type(), _name(part)
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        if not name and part.get_content_disposition() != "attachment" and kind.startswith("text/"):
            if kind == "text/plain":
                bodies.append((payload, "mail.txt", kind))
        elif _is_attachment(part, kind, name, settings.attachments):
            attached.append((payload, name, kind))
    wants_body = settings.body == "always" or (settings.body == "alone" and not attached)
    return attached + (bodies[:1] if wants_body else [])


def _is_attachment(part: Message, kind: str, name: str, pattern: str) -> bool:
    """A picture in the text is decoration; so is the signature of the mail."""
    if kind in _ORNAMENTS or (kind.startswith("image/") and part.get_content_disposition() != "attachment"):
        return False
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
        return " ".join(str(make_header(decode_header(name))).split())[:255]
    except (HeaderParseError, LookupError, ValueError, TypeError):
        return ""
