"""Which detector looks for which kind. Only those run that a rule asks for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from milestones.enums import ExceptionKind
from milestones.facts import Asked
from milestones.troubles import papers, reports, standing, times
from milestones.troubles.base import Ground, Trouble

# Found line by line in one look at the plan.
_OF_MILESTONES = frozenset(
    {
        ExceptionKind.OVERDUE.value, ExceptionKind.LATE.value, ExceptionKind.MISSING.value, ExceptionKind.EARLY.value,
        ExceptionKind.OUT_OF_SEQUENCE.value,
    }
)  # fmt: skip
_DETECTORS: dict[str, Callable[[Ground, Asked], Iterator[Trouble]]] = {
    ExceptionKind.HOLD.value: standing.on_hold,
    ExceptionKind.UNEXPECTED.value: times.unexpected,
    ExceptionKind.ETA_SLIP.value: times.eta_slip,
    ExceptionKind.DWELL.value: standing.dwell,
    ExceptionKind.LAST_FREE_DAY.value: standing.last_free_day,
    ExceptionKind.DOCUMENT.value: papers.documents,
    ExceptionKind.NO_NEWS.value: reports.no_news,
    ExceptionKind.CONFLICT.value: reports.conflicts,
    ExceptionKind.DUPLICATE.value: reports.duplicates,
    ExceptionKind.COST_OVERRUN.value: papers.cost_overrun,
    ExceptionKind.CONDITION.value: papers.conditions,
}


def find_troubles(ground: Ground) -> list[Trouble]:
    """Everything that is not as it should be and that a rule asks for by its kind and milestone."""
    asked = ground.policy.asked
    found = list(times.of_milestones(ground)) if not _OF_MILESTONES.isdisjoint(asked) else []
    for kind, detect in _DETECTORS.items():
        wanted = asked.get(kind)
        if wanted is not None:
            found += detect(ground, wanted)
    return found
