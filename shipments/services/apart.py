"""Payloads that are large or could be a trap are read in a child process with limited memory and time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import IO, Any

import orjson
from django.conf import settings

from shipments.formats.base import Envelope, EnvelopeSet, Parsed, ParsedEvent, ParsedPlace, ParseIssue, rejected
from shipments.formats.child import OUT_OF_MEMORY

# Larger than this: out of the worker's own memory, and part by part.
LARGE = 512 << 10
PART = 1000
# Of the processor, and of silence between two parts: the queue ends a worker that takes a minute, and what ends its
# worker is tried again instead of refused.
_SECONDS = 40
# A library that is not Python ends its process when it gets no memory.
_NO_MEMORY = frozenset({OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGSEGV})
# Archives and workbooks unpack to more than they are.
_PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")


def needs_apart(raw: bytes) -> bool:
    """Whether these bytes are not to be read in this process."""
    return len(raw) > LARGE or raw.startswith(_PACKED)


def parse_apart(format_: str, raw: bytes, options: Mapping[str, Any]) -> Generator[Parsed]:
    """The parts of the payload. Total: a child that dies or hangs is one more part, a refusal that says so."""
    order = {
        "format": format_,
        "options": dict(options),
        "size": PART,
        "memory": settings.WAYMARK_PARSE_MEMORY,
        "seconds": _SECONDS,
    }
    with tempfile.TemporaryFile() as payload:
        payload.write(orjson.dumps(order) + b"\n")
        payload.write(raw)
        payload.seek(0)
        yield from _run(payload)


def joined(parts: Iterable[Parsed]) -> Parsed:
    """All parts as one."""
    every = list(parts)
    return Parsed(
        tuple(event for part in every for event in part.events),
        tuple(issue for part in every for issue in part.issues),
        tuple(envelope for part in every for envelope in part.envelopes),
        any(part.is_quiet for part in every),
        next((part.format for part in every if part.format), ""),
        headings=next((part.headings for part in every if part.headings), ()),
    )


def _run(payload: IO[bytes]) -> Iterator[Parsed]:
    command = [sys.executable, "-m", "shipments.formats.child"]
    child = subprocess.Popen(
        command,
        stdin=payload,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        # Nothing of ours: neither keys nor the address of the database.
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
    )
    try:
        if child.stdout is not None:
            while line := _line(child, child.stdout):
                # A child that is ended in the middle of a line has not said that part.
                if line.endswith(b"\n"):
                    yield _part(orjson.loads(line))
        if ended := _said(child.wait()):
            yield ended
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _line(child: subprocess.Popen[bytes], out: IO[bytes]) -> bytes:
    """The next line, none at the end. A child that says nothing for too long is ended."""
    alarm = threading.Timer(_SECONDS, child.kill)
    alarm.daemon = True
    alarm.start()
    try:
        return out.readline()
    finally:
        alarm.cancel()


def _said(code: int) -> Parsed | None:
    if code == 0:
        return None
    if code in _NO_MEMORY:
        limit = settings.WAYMARK_PARSE_MEMORY >> 20
        return rejected("too_heavy", f"Reading the message needs more than {limit} MiB of memory. Send it in parts.")
    return rejected("too_slow", "Reading the message took too long or ended its process. Send it in parts.")


def _part(said: dict[str, Any]) -> Parsed:
    return Parsed(
        tuple(map(_event, said["events"])),
        tuple(ParseIssue(**issue) for issue in said["issues"]),
        tuple(map(_envelope, said["envelopes"])),
        said["is_quiet"],
        said["format"],
        said["progress"],
        tuple(said["headings"]),
    )


def _event(said: dict[str, Any]) -> ParsedEvent:
    said["place"] = ParsedPlace(**said["place"])
    said["references"] = tuple((kind, value) for kind, value in said["references"])
    said["fallback_codes"] = tuple(said["fallback_codes"])
    return ParsedEvent(**said)


def _envelope(said: dict[str, Any]) -> Envelope:
    said["sets"] = tuple(EnvelopeSet(**{**one, "issues": tuple(one["issues"])}) for one in said["sets"])
    return Envelope(**said)
