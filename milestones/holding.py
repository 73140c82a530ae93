"""Which holds are in force: those that nothing has cleared, not the last word (formats.md 9.2, rule 15). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from milestones.facts import EventFact, Hold
from milestones.selecting import ACTUAL

_CUSTOMS = frozenset({"CUSTOMS_HOLD", "CUSTOMS_EXAM"})
_HOLDS = _CUSTOMS | {"ON_HOLD"}
# What ends which holds. A release by customs ends those of the same agency; one that names none ends them all.
_CLEARING = {"CUSTOMS_RELEASED": _CUSTOMS, "CARRIER_RELEASED": frozenset({"ON_HOLD"})}


def holds(events: Sequence[EventFact]) -> tuple[Hold, ...]:
    """The holds in force by (code, agency), in the order they began."""
    placed = [e for e in events if e.code in _HOLDS and e.classifier == ACTUAL]
    if not placed:
        return ()
    releases = [e for e in events if e.classifier == ACTUAL and (e.code in _CLEARING or e.attributes.get("clears"))]
    standing: dict[tuple[str, str], list[EventFact]] = {}
    for event in placed:
        if not any(_clears(release, event) for release in releases):
            standing.setdefault((event.code, _agency(event)), []).append(event)
    found = [
        Hold(
            slot=f"H:{code}:{agency[:40]}",
            code=code,
            agency=agency,
            reason=_reason(reports),
            since=min(_instant(e) for e in reports),
            evidence=tuple(sorted(e.id for e in reports)),
        )
        for (code, agency), reports in standing.items()
    ]
    return tuple(sorted(found, key=lambda hold: (hold.since, hold.slot)))


def _clears(release: EventFact, hold: EventFact) -> bool:
    if release is hold or _instant(release) < _instant(hold):
        return False
    ended = str(release.attributes.get("clears", "")).split("(", maxsplit=1)[0]
    if ended:
        return ended == hold.code
    if hold.code not in _CLEARING.get(release.code, frozenset()):
        return False
    agencies = {_agency(release), _agency(hold)}
    return hold.code not in _CUSTOMS or len(agencies) == 1 or "" in agencies


def _agency(event: EventFact) -> str:
    return str(event.attributes.get("agency", ""))


def _reason(reports: Sequence[EventFact]) -> str:
    first = min(reports, key=lambda e: (_instant(e), e.fingerprint))
    return str(first.attributes.get("reason", ""))


def _instant(event: EventFact) -> datetime:
    return event.occurred_at or event.told_at
