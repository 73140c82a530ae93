"""Who hears a story, in which way and from when on. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from partners.enums import CRITICAL_SIZE, GRADED_TOPICS, Channel, Digest
from partners.quiet import Rule, next_allowed, next_day, next_hour
from partners.stories import Story

_SOONEST_FIRST = {Digest.AT_ONCE: 0, Digest.HOURLY: 1, Digest.DAILY: 2}


@dataclass(frozen=True, slots=True)
class Listener:
    """A subscription of a person who may hear of its topic now. `kinds` empty: all; `threshold` 0: all."""

    user_id: int
    partner_id: int | None
    channel: str
    endpoint_id: int | None = None
    digest: str = Digest.AT_ONCE
    kinds: frozenset[str] = frozenset()
    threshold: int = 0
    hears_critical: bool = False
    rule: Rule = field(default_factory=Rule)


@dataclass(frozen=True, slots=True)
class Due:
    """From when on a delivery goes out, and the end of the window whose deliveries make one letter."""

    not_before: datetime
    window_at: datetime | None = None


def is_critical(topic: str, size: int) -> bool:
    return topic in GRADED_TOPICS and size >= CRITICAL_SIZE


def hears(listener: Listener, story: Story) -> bool:
    """Whether the story is one of those that the subscription asks for."""
    is_mine = story.is_internal if listener.partner_id is None else listener.partner_id in story.partner_ids
    return is_mine and abs(story.size) >= listener.threshold and (not listener.kinds or story.kind in listener.kinds)


def hearing(story: Story, listeners: Sequence[Listener]) -> Iterator[Listener]:
    """One listener a person and way: who wants it soonest, then on behalf of the lowest partner, of the house last."""
    mine = [listener for listener in listeners if hears(listener, story)]
    found: dict[tuple[int, str, int | None], Listener] = {}
    for listener in sorted(mine, key=_rank):
        found.setdefault((listener.user_id, listener.channel, listener.endpoint_id), listener)
    yield from found.values()


def due(listener: Listener, story: Story, now: datetime) -> Due:
    """Only mails wait: a screen makes no noise, and a machine does not sleep."""
    if listener.channel != Channel.EMAIL:
        return Due(now)
    if listener.digest == Digest.AT_ONCE:
        passes = listener.hears_critical and is_critical(story.topic, story.size)
        return Due(now if passes else next_allowed(now, listener.rule))
    end = (next_hour if listener.digest == Digest.HOURLY else next_day)(now, listener.rule)
    return Due(end, end)


def _rank(listener: Listener) -> tuple[int, bool, int, int]:
    house = listener.partner_id is None
    return _SOONEST_FIRST[Digest(listener.digest)], house, listener.partner_id or 0, listener.user_id
