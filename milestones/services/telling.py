"""What a batch has to tell to those who asked: cases opened, milestones reached, arrivals moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from milestones.enums import Audience
from milestones.facts import Evaluation, MilestoneValue, Policy
from milestones.services.case_telling import Told, case_stories, closed_stories, task_stories
from milestones.services.casework import ClosedCase, OpenCase
from milestones.services.loading import ShipmentRow
from milestones.services.taskwork import OpenedTask
from milestones.services.writing import Stored
from milestones.steadying import least_change
from partners.enums import Topic
from partners.stories import Story
from shipments.enums import PartyRole
from shipments.models import Location, ShipmentParty

# A smaller move of the expected arrival is noise, by the same measure that keeps it from moving other milestones.
_MEASURE = Policy()


@dataclass(slots=True)
class Change:
    """One shipment before and after, at `now`. `expected_before`: the arrival expected; `revision`: of its journey."""

    shipment: ShipmentRow
    outcome: Evaluation
    stored: Mapping[str, Stored]
    cases: Sequence[OpenCase]
    expected_before: datetime | None
    revision: int
    now: datetime


def stories_of(
    changes: Iterable[Change], *, closed: Sequence[ClosedCase] = (), tasks: Sequence[OpenedTask] = ()
) -> list[Story]:
    """All stories of a batch, in at most two queries (parties and places), none when nothing is to be told."""
    shipments: dict[int, ShipmentRow] = {}
    told: list[Told] = []
    for change in changes:
        shipments[change.shipment.id] = change.shipment
        told += [*case_stories(change.shipment.id, change.cases), *_reached(change), *_arrival(change)]
    told += [*closed_stories(closed), *task_stories(tasks)]
    if not told:
        return []
    parties = _parties({one.shipment_id for one in told})
    places = dict(
        Location.objects.filter(pk__in={o.location_id for o in told if o.location_id}).values_list("pk", "name")
    )
    return [
        _story(one, shipments[one.shipment_id], parties.get(one.shipment_id, ()), places.get(one.location_id or 0, ""))
        for one in told
    ]


def _story(told: Told, shipment: ShipmentRow, parties: Sequence[tuple[int, str]], place: str) -> Story:
    facts = {
        "reference": shipment.reference,
        "path": f"/portal/shipments/{shipment.public_id}/",
        "route": f"{shipment.places['origin']} – {shipment.places['destination']}",
        **({"place": place} if place else {}),
        **told.facts,
    }
    return Story(
        topic=told.topic,
        key=told.key,
        subject=f"shipment:{shipment.public_id}",
        facts=facts,
        partner_ids=audience_partners(told.audience, parties),
        is_internal=told.is_internal,
        kind=told.kind,
        size=told.size,
    )


def audience_partners(audience: str, parties: Sequence[tuple[int, str]]) -> frozenset[int]:
    """Which of the parties (partner id, role) may see what has this audience: none of them what is internal, and the
    customer only what is meant for customers."""
    if audience == Audience.INTERNAL:
        return frozenset()
    customers = {partner for partner, role in parties if role == PartyRole.CUSTOMER}
    everybody = frozenset(partner for partner, _ in parties)
    return everybody - customers if audience == Audience.PARTNER else everybody


def _parties(shipment_ids: set[int]) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    rows = ShipmentParty.objects.filter(shipment__in=shipment_ids).values_list("shipment_id", "partner_id", "role")
    for shipment_id, partner_id, role in rows:
        found.setdefault(shipment_id, []).append((partner_id, role))
    return found


def _reached(change: Change) -> Iterator[Told]:
    """Of the planned milestones; the key names the milestone, so that one that is corrected is not told again."""
    for value in change.outcome.milestones:
        before = change.stored.get(value.slot)
        if value.line_id is None or not _is_news(value) or (before is not None and before.is_reported):
            continue
        key = f"milestone:{change.shipment.public_id}:{value.slot}"
        facts = {"milestone": value.name, "happened_at": value.actual_at.isoformat() if value.actual_at else ""}
        yield Told(
            change.shipment.id, value.audience, Topic.MILESTONE_REACHED.value, key, facts, value.location_id,
            kind=value.code,
        )  # fmt: skip


def _is_news(value: MilestoneValue) -> bool:
    return value.actual_at is not None and not value.is_inferred and value.audience != Audience.INTERNAL


def _arrival(change: Change) -> Iterator[Told]:
    """Of the steady arrival, so that small moves in one direction are told once they add up."""
    summary, stored = change.outcome.summary, change.stored.get(change.outcome.summary.arrival_slot)
    before = stored.steady_at if stored and change.expected_before else change.expected_before
    after = summary.steady_arrival_at
    if before is None or after is None or summary.arrived_at is not None:
        return
    if abs(after - before) < least_change(after - change.now, _MEASURE):
        return
    shown = summary.expected_arrival_at or after
    facts = {"old_at": before.isoformat(), "new_at": shown.isoformat(), "place": change.shipment.places["destination"]}
    key = f"eta:{change.shipment.public_id}:{change.revision}"
    minutes = int(abs(after - before) / timedelta(minutes=1))
    yield Told(change.shipment.id, Audience.CUSTOMER.value, Topic.ETA_CHANGED.value, key, facts, size=minutes)
