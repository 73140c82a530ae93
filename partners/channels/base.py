"""What a channel is: a session that sends letters, and the ways to fail."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# The topic of a letter that gathers others.
DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Item:
    """One notification, as a letter tells it. `facts` as in partners.stories.Story; `at`: when it was told."""

    topic: str
    facts: Mapping[str, Any]
    subject: str = ""
    kind: str = ""
    size: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Where a webhook is called, and the secrets that sign the call, the newest first."""

    url: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """One notification for one person, or `items` of several with the topic DIGEST.

    `message_id` is the same over all attempts, so that a receiver can recognise a letter that was sent twice. `behalf`
    names the partners it was subscribed for, empty for the house. `door`: of a webhook, else None. `more`: how many are
    not among the items of a digest.
    """

    message_id: uuid.UUID
    topic: str
    facts: Mapping[str, Any]
    address: str
    name: str
    language: str
    time_zone: str
    behalf: str
    items: tuple[Item, ...] = ()
    more: int = 0
    door: Door | None = None


class TryLater(Exception):
    """Not sent, and the same letter may go through later. The text says why."""


class Unreachable(TryLater):
    """The way out itself is closed: no other letter will go through now either."""


class Refused(Exception):
    """Not sent, and never will be as it is. The text says why."""


class Gone(Refused):
    """The receiver wants nothing any more."""


Send = Callable[[Letter], None]
# Entered once for a batch of letters; what it gives sends one, or raises TryLater, Unreachable, Refused or Gone.
Channel = Callable[[], AbstractContextManager[Send]]
