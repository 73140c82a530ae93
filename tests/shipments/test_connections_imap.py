"""A mailbox on a real server: attachments become messages, once, and the mailbox is left as it was agreed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from partners.channels.network import Dialler
from shipments.connections import imap
from shipments.connections.base import Bounds, Collected, Item, Passed, Seen, Trouble
from shipments.connections.imap import ImapSettings
from shipments.connections.options import Unfit, read_settings
from tests.shipments.imap_server import Box, imap_server
from tests.shipments.places import certificate_for, server_context


@contextmanager
def bounds(*, hosts: tuple[str, ...] = ("127.0.0.1",), message_bytes: int = 1 << 20) -> Iterator[Bounds]:
    with Dialler(hosts, 20) as dialler:
        yield Bounds(dialler, message_bytes, time.monotonic() + 20)


@pytest.fixture
def box() -> Iterator[Box]:
    with imap_server() as running:
        yield running


def of(box: Box, **more: object) -> ImapSettings:
    values = {"host": "127.0.0.1", "port": box.port, "security": "none", "username": "carrier", **more}
    return read_settings(ImapSettings, values)


def collected(settings: ImapSettings, cursor: dict | None = None, **more: int) -> list[Item]:
    with bounds(**more) as limits:
        items = []
        for item in imap.collect(settings, {"password": "secret"}, cursor or {}, limits):
            item.after()
            items.append(item)
        return items


def mail(*attachments: tuple[str, bytes], text: str = "See attached.", sender: str = "edi@carrier.example") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Carrier <{sender}>", "in@waymark.test", "Status"
    made.set_content(text)
    for name, content in attachments:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def names(items: list[Item]) -> list[tuple[str, bytes]]:
    return [(item.name, item.payload) for item in items if isinstance(item, Collected)]


def test_each_attachment_is_a_message_and_the_mail_is_marked(box):
    first = box.put(mail(("a.edi", b"ISA*1"), ("b.edi", b"ISA\x00\xff")))
    second = box.put(mail(("c.edi", b"ISA*3")))
    items = collected(of(box))
    assert names(items) == [("a.edi", b"ISA*1"), ("b.edi", b"ISA\x00\xff"), ("c.edi", b"ISA*3")]
    # Only with its last message is a mail done.
    assert [item.cursor for item in items] == [None, {"uidvalidity": 7, "uid": 1}, {"uidvalidity": 7, "uid": 2}]
    assert (first.flags, second.flags) == ({r"\Seen"}, {r"\Seen"})


def test_what_was_taken_is_not_taken_again_unless_the_folder_is_another(box):
    box.put(mail(("a.edi", b"1")))
    cursor = collected(of(box))[-1].cursor
    assert collected(of(box), dict(cursor)) == []
    box.put(mail(("b.edi", b"2")))
    assert names(collected(of(box), dict(cursor))) == [("b.edi", b"2")]
    box.uid_validity = 8
    assert names(collected(of(box), dict(cursor))) == [("a.edi", b"1"), ("b.edi", b"2")]


def test_a_mail_may_be_moved_or_left_as_it_is(box):
    box.folders["Done &- more"] = []
    box.put(mail(("a.edi", b"1")))
    collected(of(box, afterwards="move", move_to="Done & more"))
    assert ([m.raw for m in box.folders["INBOX"]], len(box.folders["Done &- more"])) == ([], 1)
    left = box.put(mail(("b.edi", b"2")))
    assert names(collected(of(box, afterwards="nothing"))) == [("b.edi", b"2")]
    assert left.flags == set()


def test_moving_where_there_is_no_folder_is_told_and_nothing_is_deleted(box):
    box.put(mail(("a.edi", b"1")))
    with pytest.raises(Trouble, match="no such folder"):
        collected(of(box, afterwards="move", move_to="Nowhere"))
    assert [m.flags for m in box.folders["INBOX"]] == [set()]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("never", [("a.edi", b"1")]),
        ("alone", [("a.edi", b"1"), ("mail.txt", b"Only text.\n")]),
        ("always", [("a.edi", b"1"), ("mail.txt", b"See attached.\n"), ("mail.txt", b"Only text.\n")]),
    ],
)
def test_the_text_is_a_message_when_asked_for(box, body, expected):
    box.put(mail(("a.edi", b"1")))
    box.put(mail(text="Only text."))
    items = collected(of(box, body=body))
    assert names(items) == expected
    assert items[-1].cursor == {"uidvalidity": 7, "uid": 2}


def test_only_attachments_that_fit_and_no_decoration(box):
    made = EmailMessage()
    made["From"] = "edi@carrier.example"
    made.set_content("text")
    made.add_alternative("<img src='cid:x'>", subtype="html")
    made.get_payload()[1].add_related(b"PNG", "image", "png", cid="<x>", filename="logo.png", disposition="inline")
    made.add_attachment(b"1", maintype="application", subtype="edi-x12", filename="Größe.EDI")
    made.add_attachment(b"sig", maintype="application", subtype="pgp-signature", filename="s.asc")
    made.add_attachment(b"doc", maintype="application", subtype="pdf", filename="x.pdf")
    box.put(made.as_bytes())
    assert names(collected(of(box, attachments="*.edi"))) == [("Größe.EDI", b"1")]
    assert names(collected(of(box))) == [("Größe.EDI", b"1"), ("x.pdf", b"doc")]


def test_only_mail_of_the_named_senders(box):
    box.put(mail(("a.edi", b"1"), sender="EDI@carrier.example"))
    box.put(mail(("b.edi", b"2"), sender="x@evil.example"))
    box.put(mail(("c.edi", b"3"), sender="x@other.example"))
    items = collected(of(box, senders=["edi@carrier.example", "@other.example"]))
    assert names(items) == [("a.edi", b"1"), ("c.edi", b"3")]
    assert [m.flags for m in box.folders["INBOX"]] == [{r"\Seen"}, set(), {r"\Seen"}]


def test_a_mail_that_is_too_large_stays_unread_and_is_told(box):
    large = box.put(mail(("a.edi", b"x" * 5000)))
    box.put(mail(("b.edi", b"2")))
    passed, taken = collected(of(box), message_bytes=2000)
    assert isinstance(passed, Passed)
    assert (passed.name, "stays unread" in passed.why, passed.cursor["uid"], large.flags) == ("mail 1", True, 1, set())
    assert taken.payload == b"2"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\xfe\x00", b"Content-Type: multipart/mixed\r\n\r\nno boundary", b"From: \xff\r\n\r\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x",
        b'Content-Disposition: attachment; filename="=?utf-8?q?=ff?="\r\nContent-Type: a/b\r\n\r\nx',
        b"Content-Disposition: attachment; filename*0*=nothing''%FF; filename*2*=x\r\nContent-Type: a/b\r\n\r\nx",
        b"Content-Type: message/rfc822\r\n\r\n" * 50,
    ],
)  # fmt: skip
def test_broken_mail_is_passed_over_or_taken_but_never_in_the_way(box, raw):
    box.put(raw)
    box.put(mail(("b.edi", b"2")))
    items = collected(of(box))
    assert names(items)[-1] == ("b.edi", b"2")
    assert items[-1].cursor == {"uidvalidity": 7, "uid": 2}


def test_looking_leaves_everything_unread(box):
    sent = box.put(mail(("a.edi", b"12345")))
    with bounds() as limits:
        assert imap.look(of(box), {"password": "secret"}, {}, limits) == [Seen("a.edi", 5)]
    assert sent.flags == set()
    assert [c for c in box.commands if c.startswith("UID STORE")] == []


def test_tls_checks_the_certificate(tmp_path):
    with imap_server(server_context(certificate_for(tmp_path))) as box:
        box.put(mail(("a.edi", b"1")))
        certificate = (tmp_path / "cert.pem").read_text()
        assert names(collected(of(box, security="tls", certificate=certificate))) == [("a.edi", b"1")]
        with pytest.raises(OSError, match="certificate verify failed"):
            collected(of(box, security="tls"))


def test_starttls_comes_before_the_password(tmp_path):
    with imap_server(server_context(certificate_for(tmp_path)), starts_plain=True) as box:
        box.put(mail(("a.edi", b"1")))
        certificate = (tmp_path / "cert.pem").read_text()
        assert names(collected(of(box, security="starttls", certificate=certificate))) == [("a.edi", b"1")]
        commands = [command for command in box.commands if command in ("STARTTLS", "LOGIN")]
        assert commands == ["STARTTLS", "LOGIN"]
        with pytest.raises(OSError, match="certificate verify failed"):
            collected(of(box, security="starttls"))
        assert box.commands.count("LOGIN") == 1


def test_refusals_are_told_for_people(box):
    with bounds() as limits, pytest.raises(Trouble, match="does not accept the user name"):
        list(imap.collect(of(box), {"password": "guess"}, {}, limits))
    with pytest.raises(Trouble, match="no folder Nowhere"):
        collected(of(box, folder="Nowhere"))
    with bounds(hosts=()) as limits, pytest.raises(Trouble, match="Without TLS"):
        list(imap.collect(of(box), {"password": "secret"}, {}, limits))
    assert "LOGIN" in box.commands


def test_moving_needs_a_folder():
    with pytest.raises(Unfit) as unfit:
        read_settings(ImapSettings, {"host": "h", "username": "u", "afterwards": "move"})
    assert [problem.field for problem in unfit.value.problems] == ["move_to"]
