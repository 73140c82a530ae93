"""Payloads made to do harm, through the services: each is refused with a reason, and the worker goes on."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from core.errors import DomainError
from shipments.enums import Format, MessageState
from shipments.formats.registry import FORMATS
from shipments.models import Event, Message
from shipments.services import apart, ingest_waiting, receive
from tests.factories.shipments import SourceFactory, native, payload

pytestmark = pytest.mark.django_db

HEADING = b"code,occurred_at,hbl\n"
ROW = b"ARRIVED,2026-02-04 06:00,H1\n"
# What a child may take at most, of the memory that is really used. As little as a half of its address space.
MOST_MEMORY = 400 << 20
# Nothing in any of these is a message of any format.
HOSTILE = {
    "nothing": b" \r\n\t",
    "NUL": HEADING + b"ARRIVED\x00,2026-02-04,H1\n",
    "half a surrogate pair as bytes": b"\xed\xa0\x80" * 100,
    "UTF-16 cut in the middle of a sign": b"\xff\xfe\x00",
    "deep lists": b"[" * 100_000,
    "deep lists that close": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "a number of 5,000 digits": b"[" + b"9" * 5_000 + b"]",
    "an exponent": b'{"events": [1e999999]}',
    "no number": b"[NaN, Infinity]",
    "a long line": b"x" * 500_000,
    "X12 elements": b"ISA*00*" + b"*" * 500_000,
    "X12 segments": b"ISA*" + b"~" * 500_000,
    "EDIFACT elements": b"UNB+" + b"+" * 500_000,
    "EDIFACT releases": b"UNA:+.? 'UNB+" + b"?" * 500_001,
    "EDIFACT components": b"UNB+" + b":" * 500_000 + b"'",
    "columns": b"," * 100_000 + b"\n",
    "quotes": b'"' * 500_001,
    "Cargo-IMP slashes": b"FSU/14\r\n" + b"/" * 500_000,
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
    "a JSON scalar": b"0",
    "a JSON null": b"null",
    "empty events": b'{"events": [null, 0, "", [], {}]}',
    "anything": Random(7).randbytes(100_000),
    "gzip": b"\x1f\x8b\x08" + Random(8).randbytes(1_000),
}


def ingested(source, *payloads: bytes) -> list[tuple[str, list[str]]]:
    """(state, codes of the issues) of each payload, received and read by a worker."""
    messages = [receive(source, raw).message for raw in payloads]
    while ingest_waiting():
        pass
    rows = Message.objects.in_bulk([message.pk for message in messages])
    found = [rows[message.pk] for message in messages]
    return [(row.state, [issue["code"] for issue in row.errors if not issue["is_warning"]]) for row in found]


@contextmanager
def children() -> Iterator[list[int]]:
    """Bytes of real memory that each child which reads a payload had at most, looked at every few milliseconds."""
    peaks: dict[str, int] = {}
    found: list[int] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.005):
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError, StopIteration):
                    if f"\nPPid:\t{os.getpid()}\n" in (said := (folder / "status").read_text()):
                        line = next(line for line in said.splitlines() if line.startswith("VmHWM"))
                        if b"formats.child" in (folder / "cmdline").read_bytes():
                            peaks[folder.name] = int(line.split()[1]) << 10

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()
        found += peaks.values()


def table(**options: object):
    return SourceFactory(format=Format.CSV, column_mapping=options)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_refuses_every_trap_and_says_why(format_):
    found = dict(zip(HOSTILE, ingested(SourceFactory(format=format_), *HOSTILE.values()), strict=True))
    assert {name: state for name, (state, _) in found.items() if state != MessageState.REJECTED} == {}
    assert {name for name, (_, codes) in found.items() if not codes or "internal_error" in codes} == set()
    assert Event.objects.count() == 0


@pytest.mark.parametrize("format_", FORMATS)
def test_a_line_of_a_million_elements_is_refused_apart(format_):
    raw = (b"ISA*00*" if format_.startswith("x12") else b"code,") + b"*," * 1_000_000
    with children() as peaks:
        ((state, codes),) = ingested(SourceFactory(format=format_), raw)
    assert (state, "internal_error" in codes) == (MessageState.REJECTED, False)
    assert 0 < max(peaks) < MOST_MEMORY


@pytest.mark.parametrize(
    ("occurred_at", "state", "quarantined"),
    [
        ("0000-01-01T00:00:00Z", MessageState.REJECTED, 0),
        ("0001-01-01T00:00:00+14:00", MessageState.PARSED, 1),
        ("1970-01-01T00:00:00Z", MessageState.PARSED, 1),
        ("2099-01-01T00:00:00Z", MessageState.PARSED, 1),
        ("9999-12-31T23:59:00-12:00", MessageState.PARSED, 1),
        ("99999-01-01T00:00:00Z", MessageState.REJECTED, 0),
        ("2027-02-29T00:00:00Z", MessageState.REJECTED, 0),
        ("2026-01-01T24:00:00Z", MessageState.REJECTED, 0),
        ("2026-01-01T00:00:00+99:00", MessageState.REJECTED, 0),
    ],
)
def test_a_date_that_cannot_be_is_refused_or_waits_for_a_person(occurred_at, state, quarantined):
    raw = payload(native("DEPARTED", ("mbl", "M1"), occurred_at=occurred_at))
    ((found, _),) = ingested(SourceFactory(), raw)
    assert (found, Message.objects.get().events_quarantined) == (state, quarantined)


def test_a_time_that_the_clock_skips_is_taken_as_an_hour_later():
    said = native("DEPARTED", ("mbl", "M1"), occurred_at="2026-03-29T02:30:00", time_zone="Europe/Berlin")
    assert ingested(SourceFactory(), payload(said)) == [(MessageState.PARSED, [])]
    assert Event.objects.get().occurred_at.isoformat() == "2026-03-29T01:30:00+00:00"


def test_a_text_with_half_a_surrogate_pair_or_a_nul_costs_its_event():
    raw = (
        b'[{"code":"DEPARTED","occurred_at":"2026-01-01","unit":"\\ud800"},'
        + payload(native("ARRIVED", ("mbl", "M1")))[1:]
    )
    assert (
        ingested(SourceFactory(), raw, raw.replace(b"\\ud800", b"\\u0000"))
        == [(MessageState.PARTIAL, ["bad_text"])] * 2
    )


@pytest.mark.parametrize(
    ("raw", "state", "codes"),
    [
        (HEADING + ROW + b'ARRIVED,2026-02-04,"' + b"x" * 200_000 + b"\n", MessageState.PARTIAL, ["not_a_table"]),
        (HEADING + ROW + b"ARRIVED,2026-02-04," + b"x" * 100_000 + b"\n", MessageState.PARTIAL, ["too_long"]),
        (HEADING + ROW + b"," * 100_000 + b"x\n", MessageState.PARTIAL, ["too_many_cells"]),
        (b"c," * 100_000 + b"\n" + ROW, MessageState.REJECTED, ["too_many_columns"]),
        (HEADING + ROW + "ARRIVED,2026-02-04,Zürich\n".encode() + b"ARRIVED,2026-02-05,Z\xfcrich\n",
         MessageState.PARSED, []),
        (HEADING + ROW + b'"', MessageState.PARSED, []),
        (HEADING + ROW + b'"ARRIVED,2026-02-04,H1\n' * 3, MessageState.PARTIAL, ["no_time"]),
        (HEADING.replace(b",", b";") + ROW.replace(b",", b";"), MessageState.PARSED, []),
        (HEADING + b"=ARRIVED,@2026,+H1\n" + ROW, MessageState.PARTIAL, ["bad_time"]),
    ],
)  # fmt: skip
def test_a_table_with_a_trap_in_it_gives_its_good_rows(raw, state, codes):
    assert ingested(table(), raw) == [(state, codes)]
    assert Event.objects.filter(references__contains=[{"value": "H1"}]).exists() == (state != MessageState.REJECTED)


def test_a_line_longer_than_is_read_is_kept_and_one_longer_than_is_kept_is_refused():
    ((state, codes),) = ingested(table(), b"x" * (21 << 20))
    assert (state, codes, Message.objects.get().size) == (MessageState.REJECTED, ["too_large"], 21 << 20)
    with pytest.raises(DomainError, match="64 MiB at most"):
        receive(table(), b"x" * ((64 << 20) + 1))


def test_a_line_as_long_as_is_read_is_refused_within_limits():
    with children() as peaks:
        assert ingested(table(), b"x," * (10 << 20)) == [(MessageState.REJECTED, ["not_a_table"])]
    assert 0 < max(peaks) < MOST_MEMORY


def bomb(**parts: tuple[bytes, int]) -> bytes:
    """An archive whose parts, named with __ for /, are a piece so many times over."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("xl/workbook.xml", "<workbook/>")
        for name, (piece, times) in parts.items():
            with made.open(name.replace("__", "/"), "w") as part:
                for _ in range(times):
                    part.write(piece)
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (bomb(xl__sharedStrings=(b"x" * (1 << 20), 300)), "unpacks to more than 64 MiB"),
        (bomb(**{"xl__sharedStrings.xml": (b"<si><t/></si>" * 80_000, 100)}), "unpacks to more than 64 MiB"),
        (bomb(**{"xl__sharedStrings.xml": (b"<si/>" * 100_000, 80)}), "more than 1,000,000 texts"),
        (bomb(**{"xl__worksheets__s.xml": (b'<dimension ref="A1:XFD1048576"/><c r="XFD9"/>', 1)}), "200 columns"),
        (bomb(**{"xl__worksheets__s.xml": (b"<row>" + b"<c/>" * 99, 60_000)}), "2,000,000 cells"),
        (bomb(**{f"xl__worksheets__sheet{n}.xml": (b"", 1) for n in range(10_000)}), "more than 1000 parts"),
    ],
    ids=["300 MB string", "8M strings in 104 MB", "8M strings in 40 MB", "1M x 16384", "cells", "10k sheets"],
)  # fmt: skip
def test_a_workbook_that_unpacks_to_too_much_is_refused_and_the_worker_goes_on(raw, said):
    source = table()
    with children() as peaks:
        (refused, good) = ingested(source, raw, HEADING + ROW)
    assert (refused, good) == (
        (MessageState.REJECTED, ["workbook_too_large"]), (MessageState.PARSED, []),
    )  # fmt: skip
    assert said in Message.objects.order_by("pk").first().errors[0]["message"]
    assert 0 < max(peaks) < MOST_MEMORY


def test_a_payload_that_needs_too_much_memory_is_refused_and_the_worker_goes_on(settings):
    settings.WAYMARK_PARSE_MEMORY = 256 << 20
    deep = b"[" + b"[]," * 5_000_000 + b"[]]"
    source = SourceFactory()
    found = ingested(source, deep, payload(native("ARRIVED", ("mbl", "M1"))))
    assert found == [(MessageState.REJECTED, ["too_heavy"]), (MessageState.PARSED, [])]
    assert (
        Message.objects.order_by("pk")
        .first()
        .errors[0]["message"]
        .startswith("Reading the message needs more than 256 MiB")
    )


def test_a_payload_that_needs_too_much_time_gives_what_was_read_of_it(monkeypatch):
    monkeypatch.setattr(apart, "_SECONDS", 1)
    bad = HEADING + ROW + b"ARRIVED,soon,H1\n" * 600_000
    source = table()
    found = ingested(source, bad, HEADING + ROW + ROW)
    assert [state for state, _ in found] == [MessageState.PARTIAL, MessageState.PARSED]
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("../../etc/cron.d/x", "x"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\x00.pdf", "a.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nSet-Cookie: b=c", "aSet-Cookie: b=c"),
        ("x" * 4096, "x" * 255),
        ("\ud800.csv", "?.csv"),
        ("/", ""),
    ],
)
def test_a_file_name_is_kept_without_its_traps(said, kept):
    assert receive(table(), HEADING + ROW, filename=said).message.filename == kept


def test_the_same_file_under_another_name_is_the_same_message():
    source = table()
    first, second = receive(source, HEADING + ROW, filename="a"), receive(source, HEADING + ROW, filename="b")
    assert (first.message.pk, second.is_duplicate) == (second.message.pk, True)


@pytest.mark.parametrize("other", [b"\xef\xbb\xbf" + HEADING + ROW, HEADING + ROW + b"\r\n", HEADING + ROW + b"\n\n"])
def test_the_same_table_with_a_mark_or_an_empty_line_brings_nothing_new(other):
    ingested(table(), HEADING + ROW, other)
    second = Message.objects.order_by("pk").last()
    assert (second.state, second.events_found, second.events_duplicate) == (MessageState.PARSED, 0, 1)
