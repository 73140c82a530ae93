"""Which column could be what, from its heading: a proposal for a person to confirm, never taken as it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from shipments.enums import ReferenceType
from shipments.formats.columns import SPOKEN

# Of 100. Below this a likeness is chance: "Date" and "Gate".
_ENOUGH = 82
_SHORT = 96


def propose(headings: Sequence[str]) -> dict[str, str]:
    """{our field or type of reference: their heading}, as a source's column mapping has it; the likeliest first."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, field, heading in sorted(_likely(headings), reverse=True):
        if field not in found and heading not in taken:
            found[field] = heading
            taken.add(heading)
    return found


def _likely(headings: Sequence[str]) -> Iterator[tuple[float, str, str]]:
    for heading in headings[:200]:
        plain = _plain(heading)
        for field, names in SPOKEN.items() if plain else ():
            score = max(_likeness(plain, name, is_number=field in ReferenceType.values) for name in names)
            if score >= _ENOUGH:
                yield score, field, heading


def _likeness(heading: str, name: str, *, is_number: bool) -> float:
    """Of all words in any order; that the name stands among other words of the heading counts a little less."""
    whole = fuzz.token_sort_ratio(heading, name)
    if len(name) > 3:
        return max(whole, 0.9 * fuzz.token_set_ratio(heading, name))
    # The short names of numbers are their own: AWB, PO, MRN.
    return _SHORT if is_number and name in heading.split() and whole < _SHORT else whole


def _plain(heading: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in heading[:100].lower()).split())
