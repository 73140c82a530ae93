"""What a channel is: a session that sends letters, and two ways to fail."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Letter:
    """One notification for one person.

    `facts` as in partners.stories.Story. `message_id` is the same over all attempts, so that a receiver can recognise a
    letter that was sent twice. `behalf` is the name of the partner it was subscribed for, empty for the house.
    """

    message_id: uuid.UUID
    topic: str
    facts: Mapping[str, Any]
    address: str
    name: str
    language: str
    time_zone: str
    behalf: str


class TryLater(Exception):
    """Not sent, and the same letter may go through later. The text says why."""


class Unreachable(TryLater):
    """The way out itself is closed: no other letter will go through now either."""


class Refused(Exception):
    """Not sent, and never will be as it is. The text says why."""


Send = Callable[[Letter], None]
# Entered once for a batch of letters; what it gives sends one, or raises TryLater, Unreachable or Refused.
Channel = Callable[[], AbstractContextManager[Send]]
