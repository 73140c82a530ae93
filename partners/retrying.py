"""How long to wait after an attempt that came to nothing. Pure."""

from __future__ import annotations

from datetime import timedelta

from partners.enums import Channel

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
# The wait after the first, second, ... attempt; after the last wait and one more attempt it has failed.
_MAIL = (_MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR)
# Thirteen attempts in more than 72 hours: a weekend without anybody is survived.
_CALL = (
    _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR, 14 * _HOUR,
    15 * _HOUR, 16 * _HOUR,
)  # fmt: skip
# What is added at most, as a part of the wait: what failed together does not come back together.
_SPREAD = 0.2
# An endpoint is left alone after so many failures in a row, first for so long, at most for so long.
TOLERATED = 3
_FIRST_REST, _LONGEST_REST = _MINUTE, _HOUR


def next_wait(channel: str, attempts: int, seed: int) -> timedelta | None:
    """The wait after attempt number `attempts`; None when there is no other. `seed` spreads the waits of calls: any
    number that belongs to the row, so that the same row always waits alike."""
    waits = _CALL if channel == Channel.WEBHOOK else _MAIL
    if attempts > len(waits):
        return None
    wait = waits[attempts - 1]
    return wait * (1 + _SPREAD * _part(seed + attempts)) if channel == Channel.WEBHOOK else wait


def rest(failures: int) -> timedelta:
    """How long an endpoint is left alone after so many failures in a row: nothing, then doubling up to an hour."""
    if failures < TOLERATED:
        return timedelta()
    return min(_FIRST_REST * 2 ** min(failures - TOLERATED, 10), _LONGEST_REST)


def _part(number: int) -> float:
    """A number between 0 and 1 for each, near ones far apart (Knuth's multiplicative hashing)."""
    return (number * 2654435761 % 2**32) / 2**32
