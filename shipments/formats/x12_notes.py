"""Acknowledgements that come in (997, 999, TA1): never events, but worth telling what the other side said. Pure.

AK1 names the group, AK2 a set of it; AK5 (999: IK5) and AK9 say what became of them, TA1 of the whole interchange.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipments.formats.base import ParseIssue
from shipments.formats.x12 import Interchange, Segment, TransactionSet, element

ACKNOWLEDGEMENTS = frozenset({"997", "999", "TA1"})
_SAID = {
    "A": "accepted", "E": "accepted, with errors", "P": "accepted in part", "R": "rejected",
    "M": "rejected (authentication)", "W": "rejected (assurance)", "X": "rejected (decryption)",
}  # fmt: skip
_ACCEPTED = frozenset("A")


def notes_of(interchange: Interchange) -> Iterator[ParseIssue]:
    """One warning for each group, set and interchange of ours that is answered."""
    for found in interchange.sets:
        if found.kind in ("997", "999"):
            yield from _of_set(found)
    for number, segment in interchange.notes:
        said = f"Our interchange {element(segment, 1)[:16]} was {_said(element(segment, 4))}."
        yield _note(said, element(segment, 4), f"TA1 #{number}", element(segment, 5))


def _of_set(found: TransactionSet) -> Iterator[ParseIssue]:
    group = named = ""
    for offset, segment in enumerate(found.segments):
        place, tag = f"{segment[0]} #{found.first + offset}", segment[0]
        if tag == "AK1":
            group = f"{element(segment, 1)[:8]} {element(segment, 2)[:16]}"
        elif tag == "AK2":
            named = f"{element(segment, 1)[:8]} {element(segment, 2)[:16]}"
        elif tag in ("AK5", "IK5"):
            said = f"Our set {named} of group {group} was {_said(element(segment, 1))}."
            yield _note(said, element(segment, 1), place, _codes(segment, 2))
        elif tag == "AK9":
            said = f"Our group {group} was {_said(element(segment, 1))}."
            yield _note(said, element(segment, 1), place, _codes(segment, 5))


def _said(letter: str) -> str:
    return _SAID.get(letter, f"answered with {letter[:8] or 'nothing'}")


def _codes(segment: Segment, first: int) -> str:
    return ", ".join(part.strip()[:8] for part in segment[first : first + 5] if part.strip())


def _note(said: str, letter: str, place: str, codes: str) -> ParseIssue:
    kind = "accepted" if letter in _ACCEPTED else "not_accepted"
    code = f"{said} (codes {codes[:40]})" if codes and kind != "accepted" else said
    return ParseIssue(kind, code, place[:40], is_warning=True)
