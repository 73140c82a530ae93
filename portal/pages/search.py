"""Finding shipments by what people know them by: one number, its beginning, or a pasted column of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipments.matching import reference_key
from shipments.models import Reference
from shipments.models.shipments import ShipmentQuerySet

# More than a screen of numbers is pasted, less than a file.
MOST_PIECES = 200
_SHORTEST_BEGINNING = 3
_HARD = re.compile(r"\s*[,;\r\n\t]+\s*")


@dataclass(frozen=True, slots=True)
class Found:
    """`missing`: the pieces, as typed, that no shipment in reach is known by."""

    shipments: ShipmentQuerySet
    missing: tuple[str, ...] = ()


def pieces(text: str) -> dict[str, str]:
    """What was typed → its key. Commas, semicolons, tabs and lines part the pieces; blanks only where these lack.

    Parted by blanks, a word without a digit beside a number is its name: "PO 4711" is asked for as 4711.
    """
    parts = _HARD.split(text) if _HARD.search(text.strip()) else _numbers(text.split())
    keyed = {part.strip(): reference_key(part) for part in parts[:MOST_PIECES]}
    return {part: key for part, key in keyed.items() if key}


def _numbers(words: list[str]) -> list[str]:
    return [word for word in words if any(letter.isdigit() for letter in word)] or words


def find(shipments: ShipmentQuerySet, text: str) -> Found:
    """The shipments known by `text`: as one number with blanks in it, else by its pieces, else by its beginning."""
    wanted, whole = pieces(text), reference_key(text)
    if not wanted:
        return Found(shipments.none() if text.strip() else shipments)
    references = Reference.objects.filter(shipment__in=shipments)
    known = set(references.filter(key__in=[whole, *wanted.values()]).values_list("key", flat=True))
    if whole in known:
        return Found(shipments.known_as(whole))
    if known:
        pks = references.filter(key__in=known).values("shipment_id")
        missing = tuple(part for part, key in wanted.items() if key not in known)
        return Found(shipments.filter(pk__in=pks), missing)
    if len(wanted) == 1 and len(whole) >= _SHORTEST_BEGINNING:
        return Found(shipments.filter(pk__in=references.filter(key__startswith=whole).values("shipment_id")))
    return Found(shipments.none(), tuple(wanted) if len(wanted) > 1 else ())
