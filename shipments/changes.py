"""What differs between two states of a shipment (the shape of `ShipmentPast.facts`). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_PLAIN = ("type", "mode", "service", "origin", "destination", "cancelled")


@dataclass(frozen=True, slots=True)
class Change:
    """`what`: a name of the facts or of one of their dates; "unit" and "leg" are about the one in `about` (its number).

    `before` and `after` as the facts have them; None for a date that was not known, and for a unit or leg on the side
    where it is not there.
    """

    what: str
    before: Any
    after: Any
    about: str = ""


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """In the order of the facts: the dates, what the shipment is, its legs by sequence, its units by key."""
    dates = [Change(name, at, after["dates"].get(name)) for name, at in before["dates"].items()]
    plain = [Change(name, before[name], after[name]) for name in _PLAIN]
    legs = _listed("leg", "sequence", before, after)
    units = _listed("unit", "key", before, after)
    return [change for change in (*dates, *plain, *legs, *units) if change.before != change.after]


def _listed(what: str, key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = ({row[key]: row for row in facts[f"{what}s"]} for facts in (before, after))
    for name in sorted(old.keys() | new.keys()):
        yield Change(what, old.get(name), new.get(name), str(name))
