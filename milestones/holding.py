"""Which holds are in force: those that nothing has cleared, not the last word (formats.md 9.2, rule 15). Pure.

Attributes of an event that decide here, as the code mappings give them: `grants` and `reverses`, words joined by "+"
("ENTERED+RELEASED"): a reversal takes back what was granted by one of its words, up to its own time. `unless_held`: a
release that holds good only while no customs hold is in force. `agency`, `bill`, `hold`: what the event is about; two
events are about the same unless both say one of them and say it differently. When it was told plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from milestones.facts import EventFact, Hold, Release
from milestones.selecting import ACTUAL

_CUSTOMS = frozenset({"CUSTOMS_HOLD", "CUSTOMS_EXAM"})
_HOLDS = _CUSTOMS | {"ON_HOLD"}
# What ends which holds. A release by customs ends those of the same agency; one that names none ends them all.
_CLEARING = {"CUSTOMS_RELEASED": _CUSTOMS, "CARRIER_RELEASED": frozenset({"ON_HOLD"})}


def holds(events: Sequence[EventFact]) -> tuple[Hold, ...]:
    """The holds in force by (code, agency), in the order they began."""
    if _HOLDS.isdisjoint([e.code for e in events]):
        return ()
    standing: dict[tuple[str, str], list[EventFact]] = {}
    for event in _in_force(_not_reversed(events)):
        standing.setdefault((event.code, _agency(event)), []).append(event)
    found = [
        Hold(
            slot=_slot(code, agency),
            code=code,
            agency=agency,
            reason=_reason(reports),
            since=min(_instant(e) for e in reports),
            evidence=tuple(sorted(e.id for e in reports)),
        )
        for (code, agency), reports in standing.items()
    ]
    return tuple(sorted(found, key=lambda hold: (hold.since, hold.slot)))


def releases(events: Sequence[EventFact]) -> tuple[Release, ...]:
    """What ended the holds that are not in force any more: of each the last of the reports that ended one of its."""
    if _HOLDS.isdisjoint([e.code for e in events]):
        return ()
    kept = _not_reversed(events)
    placed = [e for e in kept if e.code in _HOLDS and e.classifier == ACTUAL]
    if not placed:
        return ()
    clearing = _clearing(kept)
    ended: dict[str, EventFact] = {}
    for hold in placed:
        by = min((r for r in clearing if _clears(r, hold)), key=lambda r: (_instant(r), r.fingerprint), default=None)
        slot = _slot(hold.code, _agency(hold))
        if by is not None and (slot not in ended or _instant(by) > _instant(ended[slot])):
            ended[slot] = by
    return tuple(Release(slot, by.code, _agency(by), _instant(by), by.id) for slot, by in sorted(ended.items()))


def _slot(code: str, agency: str) -> str:
    return f"H:{code}:{agency[:40]}"


def effective(events: Sequence[EventFact]) -> tuple[list[EventFact], list[tuple[str, str]]]:
    """The events that hold good by what customs said, and (event id, reason) of the others.

    An entry or a release that was taken back never counts; one that depends on holds does not while one is in force.
    """
    kept = _not_reversed(events)
    aside: list[tuple[str, str]] = []
    if len(kept) != len(events):
        names = {e.id for e in kept}
        aside = [(e.id, "Customs took it back.") for e in events if e.id not in names]
    if any([e.attributes.get("unless_held") for e in kept if e.attributes]):
        held = [hold for hold in _in_force(kept) if hold.code in _CUSTOMS]
        stopped = [e for e in kept if e.attributes.get("unless_held") and any(_is_same(e, hold) for hold in held)]
        aside += [(e.id, "A customs hold is in force.") for e in stopped]
        names = {e.id for e in stopped}
        kept = [e for e in kept if e.id not in names]
    return kept, sorted(aside)


def _not_reversed(events: Sequence[EventFact]) -> list[EventFact]:
    reversals = [e for e in events if e.attributes and e.attributes.get("reverses") and e.classifier == ACTUAL]
    if not reversals:
        return list(events)
    return [e for e in events if not any(_takes_back(reversal, e) for reversal in reversals)]


def _takes_back(reversal: EventFact, event: EventFact) -> bool:
    if reversal is event or not _words(reversal, "reverses") & _words(event, "grants"):
        return False
    return _instant(event) <= _instant(reversal) and _is_same(reversal, event) and _is_of_one_agency(reversal, event)


def _in_force(events: Sequence[EventFact]) -> list[EventFact]:
    """The reports of holds that nothing has cleared."""
    placed = [e for e in events if e.code in _HOLDS and e.classifier == ACTUAL]
    if not placed:
        return []
    clearing = _clearing(events)
    return [hold for hold in placed if not any(_clears(release, hold) for release in clearing)]


def _clearing(events: Sequence[EventFact]) -> list[EventFact]:
    return [e for e in events if e.classifier == ACTUAL and (e.code in _CLEARING or e.attributes.get("clears"))]


def _clears(release: EventFact, hold: EventFact) -> bool:
    if release is hold or _instant(release) < _instant(hold) or not _is_same(release, hold):
        return False
    if _words(hold, "reverses") & _words(release, "grants"):
        # What was taken back is granted again.
        return True
    ended = str(release.attributes.get("clears", "")).split("(", maxsplit=1)[0]
    if ended:
        return ended == hold.code and _is_of_one_agency(release, hold) and _agrees(release, hold, "hold")
    if hold.code not in _CLEARING.get(release.code, frozenset()):
        return False
    if release.attributes.get("unless_held") and hold.code == "CUSTOMS_HOLD":
        return False
    return hold.code not in _CUSTOMS or (_is_of_one_agency(release, hold) and _is_examined(release, hold))


def _is_examined(release: EventFact, hold: EventFact) -> bool:
    """A hold of a kind of its own (a scan) ends by its own removal, if the release depends on holds."""
    return not (release.attributes.get("unless_held") and hold.attributes.get("hold"))


def _is_same(one: EventFact, other: EventFact) -> bool:
    """Whether both may be about the same unit and bill."""
    return (not one.unit or not other.unit or one.unit == other.unit) and _agrees(one, other, "bill")


def _is_of_one_agency(one: EventFact, other: EventFact) -> bool:
    return _agrees(one, other, "agency")


def _agrees(one: EventFact, other: EventFact, attribute: str) -> bool:
    said = one.attributes.get(attribute), other.attributes.get(attribute)
    return not all(said) or said[0] == said[1]


def _words(event: EventFact, attribute: str) -> frozenset[str]:
    said = event.attributes.get(attribute)
    return frozenset(str(said).split("+")) if said else frozenset()


def _agency(event: EventFact) -> str:
    return str(event.attributes.get("agency", ""))


def _reason(reports: Sequence[EventFact]) -> str:
    first = min(reports, key=lambda e: (_instant(e), e.fingerprint))
    return str(first.attributes.get("reason", ""))


def _instant(event: EventFact) -> datetime:
    return event.occurred_at or event.told_at
