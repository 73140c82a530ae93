"""What a caller may know of a shipment's plan in a list: the roll-up counts everything, an outsider sees a part."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from milestones.enums import MilestoneState
from milestones.models import Journey, Milestone, ShipmentException
from partners.access import sees_all
from partners.models import User
from portal.api.cases import visible_cases
from portal.presentation.audiences import audiences_of_each
from shipments.models import Shipment


@dataclass(frozen=True, slots=True)
class Standing:
    """The next milestone ("" at the end, or before the plan is made) and how many exceptions are not resolved."""

    next_milestone: str = ""
    open_exceptions: int = 0


def open_cases(user: User) -> QuerySet[ShipmentException]:
    """The unresolved exceptions that `user` may see, of any shipment."""
    return visible_cases(ShipmentException.objects.unresolved(), internal=sees_all(user))


def standings(shipments: Sequence[Shipment], user: User) -> dict[int, Standing]:
    """By shipment (primary key). A constant number of queries."""
    if sees_all(user):
        journeys: list[Journey] = [shipment.journey for shipment in shipments if hasattr(shipment, "journey")]
        return {journey.pk: Standing(journey.next_name, journey.open_cases) for journey in journeys}
    ids = [shipment.pk for shipment in shipments]
    cases = Counter(open_cases(user).filter(shipment__in=ids).values_list("shipment_id", flat=True))
    following = _following(ids, audiences_of_each(user, ids))
    return {pk: Standing(following[pk], cases[pk]) for pk in ids}


def _following(ids: Sequence[int], audiences: dict[int, tuple[str, ...]]) -> dict[int, str]:
    """The first visible milestone after the last visible one that was reached."""
    plans: dict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = Milestone.objects.filter(shipment__in=ids).values_list("shipment_id", "audience", "name", "state")
    for shipment, audience, name, state in rows:
        if audience in audiences[shipment]:
            plans[shipment].append((name, state))
    return {pk: _next(plans[pk]) for pk in ids}


def _next(plan: Iterable[tuple[str, str]]) -> str:
    name = ""
    for one, state in plan:
        name = "" if state == MilestoneState.REACHED else name or one
    return name
