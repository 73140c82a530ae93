"""What something would do to shipments: done for real, looked at, and taken back. Nothing of it is ever kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from milestones.models import Journey, Milestone
from milestones.services import evaluate_shipments
from partners.models import User
from portal.presentation.audiences import audiences_of_each
from shipments.models import Shipment

T = TypeVar("T")
MOST_SHIPMENTS = 50
# A trial holds what it locks until it is over: better that it gives up than that the stream waits for it.
_STATEMENT, _LOCK = "15s", "3s"


@dataclass(frozen=True, slots=True)
class Moment:
    """A milestone as it stands. `state` of milestones.enums.MilestoneState; "" before it is there."""

    state: str = ""
    planned_at: datetime | None = None
    estimated_at: datetime | None = None
    actual_at: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """The best that is known of its time."""
        return self.actual_at or self.estimated_at or self.planned_at


@dataclass(frozen=True, slots=True)
class MilestoneChange:
    """One milestone of a shipment, before and after. `time_zone` of its place; "" when not known."""

    code: str
    name: str
    place: str
    time_zone: str
    before: Moment
    after: Moment


@dataclass(frozen=True, slots=True)
class Standing:
    """How a shipment stands as a whole."""

    status: str = ""
    health: str = ""
    expected_arrival_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What would become of one shipment."""

    shipment: Shipment
    before: Standing
    after: Standing
    milestones: tuple[MilestoneChange, ...] = ()

    @property
    def is_change(self) -> bool:
        return bool(self.milestones) or self.before != self.after


@dataclass(frozen=True, slots=True)
class Trial:
    """`effects`: of every shipment that was touched and that the person may see. `left_out`: beyond the first 50."""

    effects: list[Effect] = field(default_factory=list)
    left_out: int = 0

    @property
    def changed(self) -> list[Effect]:
        return [effect for effect in self.effects if effect.is_change]


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is taken back. Raises DomainError `too_slow` when the database had to give up on it."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{_STATEMENT}'")
                cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK}'")
            yield
            transaction.set_rollback(True)
    except OperationalError as error:
        said = _(
            "This takes too long to be tried out, or somebody is working on the same. Try a smaller part, or later."
        )
        raise DomainError("too_slow", said, conflict=True) from error


def try_out(do: Callable[[], tuple[T, Collection[int]]], *, by: User) -> tuple[T, Trial]:
    """Do something that touches shipments (their ids come back with its result), and take it back.

    The rules are applied without it as well, so that what only time has changed is not put down to it. What `do`
    returns must be loaded: its rows are gone afterwards.
    """
    now = timezone.now()
    with undone():
        with transaction.atomic():
            result, touched = do()
            seen = Shipment.objects.for_user(by).filter(pk__in=list(touched)).order_by("reference", "pk")
            shown = list(seen.select_related("customer", "origin", "destination"))
            ids = [shipment.pk for shipment in shown[:MOST_SHIPMENTS]]
            after = _evaluated(ids, by, now)
            transaction.set_rollback(True)
        before = _evaluated(ids, by, now)
    effects = [_effect(shipment, before, after) for shipment in shown[:MOST_SHIPMENTS]]
    return result, Trial(effects, len(shown) - len(effects))


@dataclass(slots=True)
class _Picture:
    standing: Standing = Standing()
    milestones: dict[str, tuple[Milestone, Moment]] = field(default_factory=dict)


def _evaluated(ids: Sequence[int], by: User, now: datetime) -> dict[int, _Picture]:
    evaluate_shipments(ids, now=now)
    pictures = {pk: _Picture() for pk in ids}
    for journey in Journey.objects.filter(pk__in=ids):
        pictures[journey.pk].standing = Standing(journey.status, journey.health, journey.expected_arrival_at)
    audiences = audiences_of_each(by, ids)
    rows = Milestone.objects.filter(shipment__in=ids).select_related("location").order_by("position", "slot")
    for row in rows:
        if row.audience in audiences[row.shipment_id]:
            moment = Moment(row.state, row.planned_at, row.estimated_at, row.actual_at)
            pictures[row.shipment_id].milestones[row.slot] = (row, moment)
    return pictures


def _effect(shipment: Shipment, before: dict[int, _Picture], after: dict[int, _Picture]) -> Effect:
    was, becomes = before[shipment.pk], after[shipment.pk]
    changes = []
    for slot in dict.fromkeys((*was.milestones, *becomes.milestones)):
        row, old = was.milestones.get(slot, (None, Moment()))
        row, new = becomes.milestones.get(slot, (row, Moment()))
        if row is not None and old != new:
            place = row.location.code if row.location else ""
            zone = (row.location.time_zone if row.location else "") or row.time_zone
            changes.append(MilestoneChange(row.type_id, row.name, place, zone, old, new))
    return Effect(shipment, was.standing, becomes.standing, tuple(changes))
