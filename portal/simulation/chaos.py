"""What goes wrong between a reporter and us, seeded: duplicates, disorder, silence, corrections, retractions. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from shipments.enums import Format


@dataclass(frozen=True, slots=True)
class Sent:
    """One payload of one feed."""

    source: str
    format: str
    payload: bytes


def _moved(sent: Sent, hours: int) -> Sent:
    """The same native report with another time: the sender corrects himself, or gets the zone wrong."""
    (event,) = json.loads(sent.payload)
    day, _, clock = event["occurred_at"].partition("T")
    event["occurred_at"] = f"{day}T{(int(clock[:2]) + hours) % 24:02d}{clock[2:]}"
    event["source_event_id"] += f"/{hours}"
    event["reason"] = "corrected by the sender"
    return replace(sent, payload=json.dumps([event]).encode())


def _retraction(sent: Sent) -> Sent:
    (event,) = json.loads(sent.payload)
    taken_back = {
        "retracts": event["source_event_id"],
        "code": event["code"],
        "references": event["references"],
        "reason": "reported by mistake",
    }
    return replace(sent, payload=json.dumps([taken_back]).encode())


def disturb(messages: Sequence[Sent], *, seed: int) -> list[Sent]:
    """About 3 % lost, 10 % sent twice, 4 % of the native ones moved or taken back; then shuffled."""
    random = Random(seed)  # noqa: S311 a world to look at, not a secret
    out: list[Sent] = []
    for message in messages:
        dice = random.random()
        if dice < 0.03:
            continue
        out.append(message)
        if dice < 0.13:
            out.append(message)
        # What its sender gave no id can be neither corrected nor taken back.
        if message.format == Format.NATIVE and dice > 0.96 and b'"source_event_id"' in message.payload:
            out.append(_moved(message, random.choice((-1, 2, 8))) if dice > 0.975 else _retraction(message))
    random.shuffle(out)
    return out
