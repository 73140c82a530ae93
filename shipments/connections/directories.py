"""Picking files up from a directory, whatever it is reached by, so that each is taken once and none is lost.

A file is claimed by renaming it into `processing/`: of two who try, one succeeds. It leaves from there (to `done/`, or
for good) only after its message is stored. What a dead worker left in `processing/` is claimed anew after a while, by
renaming again. The name there says when it was claimed: `20261103T120000Z-1a2b3c4d-name.edi`.
"""

from __future__ import annotations

import calendar
import fnmatch
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shipments.connections.base import Answer, Bounds, Collected, Item, Passed, Seen
from shipments.connections.options import Problem

PROCESSING, DONE, FAILED = "processing", "done", "failed"
# How senders name what they are still writing.
UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".writing", ".lock", "~")
_CLAIMED = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{8})-(.+)", re.DOTALL)
_STAMP = "%Y%m%dT%H%M%SZ"
# An empty file is mostly one that is about to be written; after so long it is what it is.
_EMPTY_SECONDS = 600
# The system's limit for a name, and what a claim adds to it.
_LONGEST_NAME = 255 - 26


class Gone(Exception):
    """The file is not there any more: somebody else was faster."""


class Unreadable(Exception):
    """This one file cannot be read; the text says why. The others may well be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file in a directory. `changed_at`: seconds of the epoch by the place's own clock, when it tells."""

    name: str
    size: int | None
    changed_at: float | None


class Place(Protocol):
    """A file system as far as a pick-up needs it. Names are relative to the watched directory, with slashes."""

    # Whether `changed_at` is by the clock of this machine.
    clock_is_ours: bool

    def entries(self, directory: str) -> Iterable[Entry]:
        """Regular files; none when the directory is not there."""

    def make(self, directory: str) -> None:
        """The directory stands afterwards."""

    def read(self, name: str, most: int) -> bytes:
        """Up to `most` + 1 bytes. Raises Gone, Unreadable."""

    def rename(self, old: str, new: str) -> None:
        """Raises Gone when there is no `old`."""

    def remove(self, name: str) -> None:
        """The file is not there afterwards."""

    def write(self, name: str, body: bytes) -> None:
        """The whole file or nothing under this name."""


class Wanted(Protocol):
    """What the settings of every kind of directory say. `stable_seconds` 0: senders rename when they are done."""

    @property
    def pattern(self) -> str: ...
    @property
    def afterwards(self) -> str: ...
    @property
    def stable_seconds(self) -> int: ...
    @property
    def most_per_run(self) -> int: ...
    @property
    def out(self) -> str: ...


def doubts_of(wanted: Wanted) -> list[Problem]:
    """What no directory can have."""
    found = []
    if "/" in wanted.pattern:
        found.append(Problem("pattern", "A pattern of names, without directories."))
    if wanted.out.strip("/") in (PROCESSING, DONE, FAILED):
        found.append(Problem("out", "This directory is used for something else."))
    return found


def is_wanted(name: str, pattern: str) -> bool:
    """Whether the name is one of a finished file that fits. Upper and lower case are alike."""
    lower = name.lower()
    is_finished = not name.startswith(".") and not lower.endswith(UNFINISHED)
    return is_finished and fnmatch.fnmatchcase(lower, pattern.lower())


def is_usable(name: str) -> bool:
    """Whether a file of this name can be renamed and written down: servers may offer anything as a name."""
    return name.isprintable() and "/" not in name and len(name.encode("utf-8", "replace")) <= _LONGEST_NAME


def look_into(place: Place, wanted: Wanted, bounds: Bounds) -> list[Seen]:
    """What a pick-up would take now, without touching anything."""
    return [Seen(entry.name, entry.size) for entry in _finished(place, wanted, bounds)]


def pick_up(place: Place, wanted: Wanted, bounds: Bounds) -> Iterator[Item]:
    """The files that are finished, oldest first, claimed one by one; before them what others left behind."""
    for directory in (PROCESSING, FAILED, *([DONE] if wanted.afterwards == "move" else [])):
        place.make(directory)
    yield from _unusable(place, wanted)
    claims = _left_behind(place, bounds), _anew(place, _finished(place, wanted, bounds), bounds)
    taken = 0
    for source in claims:
        for claimed in source:
            yield _read(place, wanted, claimed, bounds)
            taken += 1
            if taken >= wanted.most_per_run or bounds.is_over():
                return


def put_out(place: Place, directory: str, answers: Iterable[Answer], bounds: Bounds) -> int:
    """Write the answers into `directory`; how many. What was written and not noted is written over next time."""
    written = 0
    for answer in answers:
        if not written:
            place.make(directory)
        place.write(f"{directory}/{answer.name}", answer.body)
        answer.handed_over()
        written += 1
        if bounds.is_over():
            break
    return written


def _finished(place: Place, wanted: Wanted, bounds: Bounds) -> list[Entry]:
    """Files of the directory that nobody is writing any more: old by our clock, or the same at a second glance."""
    found = [e for e in place.entries("") if is_wanted(e.name, wanted.pattern) and is_usable(e.name)]
    found = [entry for entry in found if entry.size != 0 or _age(place, entry, bounds) > _EMPTY_SECONDS]
    found.sort(key=lambda entry: (entry.changed_at or 0, entry.name))
    found = found[: wanted.most_per_run]
    fresh = {e.name: e for e in found if not (place.clock_is_ours and _age(place, e, bounds) >= wanted.stable_seconds)}
    if not fresh or not wanted.stable_seconds:
        return found
    time.sleep(wanted.stable_seconds)
    now = {entry.name: entry for entry in place.entries("") if entry.name in fresh}
    return [entry for entry in found if entry.name not in fresh or now.get(entry.name) == entry]


def _unusable(place: Place, wanted: Wanted) -> Iterator[Passed]:
    for entry in place.entries(""):
        if is_wanted(entry.name, wanted.pattern) and not is_usable(entry.name):
            yield Passed(ascii(entry.name)[:80], "Its name cannot be used. It stays where it is; rename it.")


def _age(place: Place, entry: Entry, bounds: Bounds) -> float:
    return bounds.now() - entry.changed_at if entry.changed_at is not None else 0


def _anew(place: Place, entries: Sequence[Entry], bounds: Bounds) -> Iterator[str]:
    return _claims(place, ((entry.name, entry.name) for entry in entries), bounds)


def _left_behind(place: Place, bounds: Bounds) -> Iterator[str]:
    return _claims(place, _stale(place, bounds), bounds)


def _stale(place: Place, bounds: Bounds) -> Iterator[tuple[str, str]]:
    for entry in sorted(place.entries(PROCESSING), key=lambda entry: entry.name):
        claimed = _CLAIMED.fullmatch(entry.name)
        if claimed is None:
            yield f"{PROCESSING}/{entry.name}", entry.name
        elif bounds.now() - calendar.timegm(time.strptime(claimed[1], _STAMP)) > bounds.stale_after:
            yield f"{PROCESSING}/{entry.name}", claimed[3]


def _claims(place: Place, files: Iterable[tuple[str, str]], bounds: Bounds) -> Iterator[str]:
    """Claim each of (where it is, its own name); the name of the claim. What is gone was somebody else's."""
    for where, name in files:
        stamp = time.strftime(_STAMP, time.gmtime(bounds.now()))
        claim = f"{stamp}-{secrets.token_hex(4)}-{name}"
        try:
            place.rename(where, f"{PROCESSING}/{claim}")
        except Gone:
            continue
        yield claim


def _read(place: Place, wanted: Wanted, claim: str, bounds: Bounds) -> Item:
    held = f"{PROCESSING}/{claim}"
    match = _CLAIMED.fullmatch(claim)
    name = match[3] if match else claim
    try:
        payload = place.read(held, bounds.message_bytes)
    except Gone:
        return Passed(name, "It disappeared while it was read.")
    except Unreadable as error:
        return Passed(name, str(error), after=_aside(place, held, claim))
    if len(payload) > bounds.message_bytes:
        why = f"It is larger than {bounds.message_bytes >> 20} MiB, the most that is taken."
        return Passed(name, why, after=_aside(place, held, claim))
    return Collected(payload, name=name, after=_away(place, wanted, held, claim))


def _aside(place: Place, held: str, claim: str) -> Callable[[], None]:
    return lambda: _moved(place, held, f"{FAILED}/{claim}")


def _away(place: Place, wanted: Wanted, held: str, claim: str) -> Callable[[], None]:
    if wanted.afterwards == "move":
        return lambda: _moved(place, held, f"{DONE}/{claim}")
    return lambda: place.remove(held)


def _moved(place: Place, old: str, new: str) -> None:
    try:
        place.rename(old, new)
    except Gone:
        # Whoever claimed it after us has stored the same bytes again, which is the same message.
        return
