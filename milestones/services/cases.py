"""What people do with cases, one by one or all of a common root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.states import move
from milestones.conditions import ConditionError, check
from milestones.enums import CASE_MOVES, UNRESOLVED, CaseState, Severity, TaskState, WakeOn
from milestones.models import CaseGroup, Journey, ShipmentException
from milestones.services.roots import close_roots
from milestones.services.rule_drafts import refuse_hidden_money
from milestones.waking import snooze_of
from partners.enums import UserKind
from partners.models import User

# So many cases of a root are done in one go; what is left is said, and done when it is asked for again.
ROOT_STEP = 200
_NAMED = 10


@transaction.atomic
def acknowledge_case(case: ShipmentException, *, by: User) -> ShipmentException:
    """Somebody is on it. Raises DomainError `state_not_allowed`, `state_changed` (conflicts)."""
    _hold(case)
    now = timezone.now()
    move(
        case,
        CASE_MOVES,
        to=CaseState.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=by,
        snoozed_until=None,
        wake_when=None,
    )
    return case


@transaction.atomic
def snooze_case(
    case: ShipmentException,
    *,
    until: datetime | None = None,
    wake: str | Mapping[str, Any] = "",
    by: User,
) -> ShipmentException:
    """Put it away until an instant to come, or until something happens, whichever comes first.

    `wake`: a WakeOn, or a tree of `milestones.conditions` about its milestone or its shipment. The evaluation wakes it,
    and wakes it too when it gets a stage worse. Raises `snooze_without_end`, `snooze_in_the_past`,
    `condition_not_usable`, `money_not_seen` and conflicts.
    """
    if until is None and not wake:
        raise DomainError("snooze_without_end", _("Say until when, or until what happens."), field="until")
    if until is not None and until <= timezone.now():
        raise DomainError("snooze_in_the_past", _("Choose a time that is still to come."), field="until")
    journey = _hold(case)
    move(case, CASE_MOVES, to=CaseState.SNOOZED, snoozed_until=until, wake_when=_wake_when(wake, journey, by))
    at = until if until is not None and isinstance(wake, str) else timezone.now()
    later = Q(next_check_at=None) | Q(next_check_at__gt=at)
    if until is not None or not isinstance(wake, str):
        Journey.objects.filter(later, pk=journey.pk).update(next_check_at=at)
    return case


def _wake_when(wake: str | Mapping[str, Any], journey: Journey, by: User) -> dict[str, Any] | None:
    if isinstance(wake, str):
        if not wake:
            return None
        if wake not in WakeOn.values:
            raise DomainError("condition_not_usable", _("Choose one of the conditions."), field="wake")
        return snooze_of(wake, journey.expected_arrival_at, journey.last_event_at)
    try:
        check(wake)
    except ConditionError as error:
        raise DomainError("condition_not_usable", str(error), field="wake") from error
    refuse_hidden_money(wake, by)
    return dict(wake)


@transaction.atomic
def resolve_case(case: ShipmentException, *, reason: str, by: User) -> ShipmentException:
    """Close it, with the reason. The same cause does not open it again. Raises `reason_missing` and conflicts."""
    said = reason.strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say how it was resolved."), field="reason")
    journey = _hold(case)
    group_id = _hold_root(case)
    now = timezone.now()
    move(
        case,
        CASE_MOVES,
        to=CaseState.RESOLVED,
        resolved_at=now,
        resolved_by=by,
        resolution=said,
        snoozed_until=None,
        wake_when=None,
    )
    case.tasks.filter(state=TaskState.OPEN).update(state=TaskState.DONE, closed_at=now, closed_by=by)
    close_roots([group_id] if group_id else [], now)
    _count(journey)
    return case


@transaction.atomic
def assign_case(case: ShipmentException, *, to: User | None, by: User) -> ShipmentException:
    """Give it to a person of the house, or to nobody. Raises `not_internal`, `state_not_allowed` (conflict)."""
    check_colleague(to)
    updated = ShipmentException.objects.filter(pk=case.pk, state__in=UNRESOLVED).update(assignee=to)
    if not updated:
        raise DomainError("state_not_allowed", _("This exception is resolved already."), conflict=True)
    case.assignee = to
    return case


def check_colleague(to: User | None) -> None:
    """Refuse who is not of the house or does not work there any more."""
    if to is not None and (to.kind != UserKind.INTERNAL or not to.is_active):
        raise DomainError("not_internal", _("Exceptions are worked on by people of the house."), field="to")


@dataclass(slots=True)
class RootResult:
    """What came of an action on a root. `left`: open cases that were not looked at this time. `refused`: (what, why),
    of the first of them."""

    done: int = 0
    left: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def do_to_root(group: CaseGroup, do: Callable[[ShipmentException], object], *, by: User) -> RootResult:
    """Do the same to the open cases of a root that `by` may see, at most ROOT_STEP of them, each in its own
    transaction. What is refused does not stop the others."""
    result = RootResult()
    cases = ShipmentException.objects.for_user(by).filter(group=group, state__in=UNRESOLVED).order_by("id")
    step = list(cases.select_related("shipment")[:ROOT_STEP])
    for case in step:
        try:
            do(case)
            result.done += 1
        except DomainError as error:
            if len(result.refused) < _NAMED:
                result.refused.append((case.shipment.reference, str(error.message)))
    if len(step) == ROOT_STEP:
        result.left = cases.filter(pk__gt=step[-1].pk).count()
    return result


def acknowledge_root(group: CaseGroup, *, by: User) -> RootResult:
    """Acknowledge those that are open or snoozed; those that are acknowledged already are counted as done."""
    return do_to_root(group, lambda case: case.state == CaseState.ACKNOWLEDGED or acknowledge_case(case, by=by), by=by)


def snooze_root(
    group: CaseGroup, *, until: datetime | None = None, wake: str | Mapping[str, Any] = "", by: User
) -> RootResult:
    """Put all of them away; those that sleep already keep their own time. Raises as `snooze_case` when no end is
    given."""
    if until is None and not wake:
        raise DomainError("snooze_without_end", _("Say until when, or until what happens."), field="until")
    return do_to_root(
        group,
        lambda case: case.state == CaseState.SNOOZED or snooze_case(case, until=until, wake=wake, by=by),
        by=by,
    )


def resolve_root(group: CaseGroup, *, reason: str, by: User) -> RootResult:
    """Close all of them with one reason; the root closes with the last. Raises `reason_missing`."""
    if not reason.strip():
        raise DomainError("reason_missing", _("Say how it was resolved."), field="reason")
    return do_to_root(group, lambda case: resolve_case(case, reason=reason, by=by), by=by)


def assign_root(group: CaseGroup, *, to: User | None, by: User) -> RootResult:
    """Give all of them to one person, or to nobody. Raises `not_internal`."""
    check_colleague(to)
    return do_to_root(group, lambda case: assign_case(case, to=to, by=by), by=by)


def _hold(case: ShipmentException) -> Journey:
    """The journey, locked before its cases as the evaluation does it, so that neither waits for the other for ever."""
    return Journey.objects.select_for_update().get(pk=case.shipment_id)


def _hold_root(case: ShipmentException) -> int | None:
    """The root of the case as it stands now, locked after the journey and before the case."""
    group_id = ShipmentException.objects.filter(pk=case.pk).values_list("group_id", flat=True).first()
    if group_id is not None:
        CaseGroup.objects.select_for_update(no_key=True).get(pk=group_id)
    return group_id


def _count(journey: Journey) -> None:
    """Bring the roll-up in line with the cases that are left."""
    left = list(
        ShipmentException.objects.filter(shipment=journey.pk).unresolved().values_list("severity", flat=True)
    )  # fmt: skip
    ranks = {severity: rank for rank, severity in enumerate(Severity.values)}
    worst = min(left, key=lambda severity: ranks[severity], default="")
    # With the last case gone a finished journey can be closed, which the next look does.
    changes = {} if left else {"next_check_at": timezone.now()}
    Journey.objects.filter(pk=journey.pk).update(open_cases=len(left), worst_severity=worst, **changes)
