"""What goes wrong between a reporter and us, seeded: duplicates, disorder, silence, corrections, retractions. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from portal.simulation.letters import Letter


@dataclass(frozen=True, slots=True)
class Sent:
    """One payload of one feed. `letter`: what it says, when it is about a journey and to be believed."""

    source: str
    format: str
    payload: bytes
    letter: Letter | None = None


def _moved(sent: Sent, hours: int) -> Sent:
    """The same native report with another time: the sender corrects himself, or gets the zone wrong."""
    (event,) = json.loads(sent.payload)
    day, _, clock = event["occurred_at"].partition("T")
    event["occurred_at"] = f"{day}T{(int(clock[:2]) + hours) % 24:02d}{clock[2:]}"
    event["source_event_id"] += f"/{hours}"
    event["reason"] = "corrected by the sender"
    said = None
    if sent.letter is not None:
        said = replace(sent.letter, at=datetime.fromisoformat(event["occurred_at"]), own_id=event["source_event_id"])
    return replace(sent, payload=json.dumps([event]).encode(), letter=said)


def _retraction(sent: Sent) -> Sent:
    (event,) = json.loads(sent.payload)
    taken_back = {
        "retracts": event["source_event_id"],
        "references": event["references"],
        "reason": "reported by mistake",
    }
    said = replace(sent.letter, at=None, own_id="", retracts=event["source_event_id"]) if sent.letter else None
    return replace(sent, payload=json.dumps([taken_back]).encode(), letter=said)


def _is_silent(number: int, silent: set[int], random: Random) -> bool:
    if random.random() < 0.008:
        silent.add(number)
    return number in silent


def disturb(messages: Sequence[Sent], *, seed: int) -> list[Sent]:
    """About 3 % lost, 10 % sent twice, 4 % of the native ones moved or taken back; then shuffled.

    Of some journeys nothing is heard any more from a message on: their reporters fall silent.
    """
    random = Random(seed)  # noqa: S311 a world to look at, not a secret
    out: list[Sent] = []
    silent: set[int] = set()
    for message in messages:
        if message.letter is not None and _is_silent(message.letter.number, silent, random):
            continue
        dice = random.random()
        if dice < 0.03:
            continue
        out.append(message)
        if dice < 0.13:
            out.append(message)
        if message.letter is not None and message.letter.own_id and dice > 0.96:
            out.append(_moved(message, random.choice((-1, 2, 8))) if dice > 0.975 else _retraction(message))
    random.shuffle(out)
    return out
