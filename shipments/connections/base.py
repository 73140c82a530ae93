"""What a way in is: something that is looked into, and gives what it finds one after the other.

A kind's module has `collect(settings, secret, cursor, bounds)`, which yields; `look(...)`, which says what would be
taken and takes nothing; and where answers can be put, `deliver(...)`. Nothing here knows rows: the caller stores what
is yielded, and only then calls `after`, so that whatever dies in between is found again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from partners.channels.network import Dialler

Cursor = Mapping[str, Any]


def nothing() -> None:
    """What is to be done after a message that needs nothing done."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One message. `cursor`: where we stand once it is stored (None: as before). `after`: to be called then."""

    payload: bytes
    name: str = ""
    content_type: str = ""
    cursor: Cursor | None = None
    after: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True)
class Passed:
    """Nothing to store, but we stand further. `why`: what was left behind and needs a look, "" when all is well."""

    name: str = ""
    why: str = ""
    cursor: Cursor | None = None
    after: Callable[[], None] = nothing


Item = Collected | Passed


@dataclass(frozen=True, slots=True)
class Seen:
    """What would be taken: a name, and its size in bytes (None when the place does not tell)."""

    name: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An acknowledgement to put where they look. `handed_over` is called when it stands there."""

    name: str
    body: bytes
    handed_over: Callable[[], None] = nothing


class Trouble(Exception):
    """A look that failed, with a sentence for a person. `again_in`: seconds that the other side asks us to wait."""

    def __init__(self, sentence: str, *, again_in: float = 0) -> None:
        super().__init__(sentence)
        self.again_in = again_in


class Pause(Exception):
    """All is well, and the rest comes in `seconds`: the agreed pace is kept without holding a worker."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a look may use. `end`: on time.monotonic(); `folders`: in which a watched folder may lie."""

    dialler: Dialler
    message_bytes: int
    end: float
    folders: tuple[Path, ...] = ()
    # Seconds after which what another worker claimed is taken to be left behind by it.
    stale_after: float = 300
    now: Callable[[], float] = field(default=time.time)

    def is_over(self) -> bool:
        return time.monotonic() > self.end
