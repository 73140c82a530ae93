"""Reports that do not come, that contradict each other, or that repeat themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from milestones.enums import Audience, Cause, ExceptionKind
from milestones.evidencing import DISPUTED
from milestones.facts import Asked, EventFact, Policy
from milestones.pieces import is_part
from milestones.selecting import ACTUAL, recency
from milestones.troubles.base import Ground, Trouble, about_milestone, known, span
from milestones.valuing import OVERDUE, Valued

_INTERNAL = Audience.INTERNAL.value


def no_news(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """Something is overdue, and the source that should say so is silent for longer than it ever explains.

    The silence counts, not the milestone: one case a shipment, about the source that was heard last.
    """
    due = [r for r in ground.valued if r.value.state == OVERDUE]
    last = max(ground.events, key=lambda e: (e.received_at, e.fingerprint), default=None)
    if not due or last is None:
        # Of a shipment that no source ever spoke of, `overdue` says enough.
        return
    silent_from, now = known(ground.situation.quiet.silent_from), ground.now
    noticed = ground.policy.silences.get(last.source)
    if now <= silent_from and noticed is None:
        return
    row = min(due, key=lambda r: (known(r.value.expected_at), r.line.position))
    since = known(row.value.expected_at)
    if noticed is None:
        since = max(since, silent_from)
    facts = {
        "about": f"{last.source} {last.received_at.isoformat()}",
        "cause": Cause.SOURCE_SILENT.value,
        "source": last.source,
        "last_event_at": last.received_at.isoformat(),
        "since": since.isoformat(),
        "milestone": row.value.name,
        "code": row.value.code,
        "evidence": [last.id],
    }
    yield Trouble(
        ExceptionKind.NO_NEWS.value, f"N:{last.source}", row.value.code, max(now - since, timedelta(0)),
        f"No news from the source: {row.value.name} was due", _INTERNAL, facts, source=last.source,
    )  # fmt: skip


def conflicts(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """What is disputed: another trusted source says another time than the one that stands (`evidencing`)."""
    for row in ground.valued:
        if row.value.evidence == DISPUTED and asked.wants(row.value.code):
            losing = row.value.decisions.get("actual", {}).get("losing", ())
            yield from _conflict(row, frozenset(losing), ground)


def _conflict(row: Valued, losing: frozenset[str], ground: Ground) -> Iterator[Trouble]:
    winner = ground.event(row.value.decisions["actual"]["event"])
    if winner is None or winner.occurred_at is None:
        return
    # As the evidence of the milestone is weighed: of one container it does not matter whether a report names it.
    by_unit = not row.line.unit and len(ground.plan.shipment.units) > 1
    latest: dict[int, EventFact] = {}
    for event in ground.events:
        if (
            event.id in losing
            and _is_rival(event, winner, ground.policy)
            and (not by_unit or event.unit == winner.unit)
        ):
            other = latest.get(event.source)
            if other is None or recency(event) > recency(other):
                latest[event.source] = event
    agreement = ground.policy.agreement
    rivals = [e for e in latest.values() if abs(known(e.occurred_at) - winner.occurred_at) > agreement]
    if not rivals:
        return
    worst = max(rivals, key=lambda e: (abs(known(e.occurred_at) - known(winner.occurred_at)), e.fingerprint))
    length = abs(known(worst.occurred_at) - winner.occurred_at)
    facts = {
        "about": " ".join(sorted(f"{e.source}:{known(e.occurred_at).isoformat()}" for e in [winner, *rivals])),
        "cause": Cause.SOURCES_DIFFER.value,
        "at": winner.occurred_at.isoformat(),
        "other_at": known(worst.occurred_at).isoformat(),
        "source": winner.source,
        "other_source": worst.source,
        "evidence": sorted(e.id for e in [winner, *rivals]),
    }
    yield _for_the_house(ExceptionKind.CONFLICT.value, row, length, f"sources differ by {span(length)}", facts)


def _is_rival(event: EventFact, winner: EventFact, policy: Policy) -> bool:
    is_other = event.source != winner.source and not event.partner == winner.partner != 0
    return is_other and event.classifier == ACTUAL and event.trust >= policy.trusted


def duplicates(ground: Ground, asked: Asked) -> Iterator[Trouble]:
    """One source reports the same happening again, at another time, without taking the first report back."""
    for row in ground.valued:
        losing = row.value.decisions.get("actual", {}).get("losing")
        if losing and not row.value.is_inferred and asked.wants(row.value.code):
            yield from _duplicate(row, frozenset(losing), ground)


def _duplicate(row: Valued, losing: frozenset[str], ground: Ground) -> Iterator[Trouble]:
    winner = ground.event(row.value.decisions["actual"]["event"])
    if winner is None or winner.occurred_at is None:
        return
    again = [
        e
        for e in ground.events
        if e.id in losing
        and e.source == winner.source
        and e.classifier == ACTUAL
        and e.unit == winner.unit
        and not is_part(e)
        and abs(known(e.occurred_at) - winner.occurred_at) > ground.policy.agreement
    ]
    if not again:
        return
    worst = max(again, key=lambda e: (abs(known(e.occurred_at) - known(winner.occurred_at)), e.fingerprint))
    length = abs(known(worst.occurred_at) - winner.occurred_at)
    facts = {
        "about": " ".join(sorted(known(e.occurred_at).isoformat() for e in [winner, *again])),
        "cause": Cause.REPORTED_AGAIN.value,
        "at": winner.occurred_at.isoformat(),
        "other_at": known(worst.occurred_at).isoformat(),
        "source": winner.source,
        "times": len(again) + 1,
        "evidence": sorted(e.id for e in [winner, *again]),
    }
    words = f"reported {len(again) + 1} times, {span(length)} apart"
    yield _for_the_house(ExceptionKind.DUPLICATE.value, row, length, words, facts)


def _for_the_house(kind: str, row: Valued, length: timedelta, words: str, facts: dict[str, object]) -> Trouble:
    """About a milestone, but nobody outside is to read who contradicts whom."""
    trouble = about_milestone(kind, row.value, length, words, facts)
    trouble.audience = _INTERNAL
    source = facts["source"]
    trouble.source = source if isinstance(source, int) else None
    return trouble
