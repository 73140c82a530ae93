from __future__ import annotations

import pytest
from django.utils import timezone

from core.errors import DomainError
from milestones.enums import CaseState, TaskState
from milestones.models import Journey, ShipmentException, WorkTask
from milestones.services import (
    acknowledge_case,
    assign_case,
    close_task,
    evaluate_shipments,
    resolve_case,
    snooze_case,
)
from partners.enums import UserKind
from tests.factories.milestones import DAY, HOUR, CaseFactory, TaskFactory
from tests.factories.partners import UserFactory
from tests.factories.shipments import ShipmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory(kind=UserKind.INTERNAL)


@pytest.fixture
def case():
    """The overdue gate in of a shipment that departs in a day and a half."""
    now = timezone.now()
    shipment = ShipmentFactory(booked_at=None, etd=now + DAY / 2, eta=now + 30 * DAY)
    evaluate_shipments([shipment.pk], now=now)
    return ShipmentException.objects.get(shipment=shipment)


def look(case, now=None):
    evaluate_shipments([case.shipment_id], now=now or timezone.now())
    case.refresh_from_db()
    return case


def test_acknowledging_says_who_and_when(case, person):
    acknowledge_case(case, by=person)
    case.refresh_from_db()
    assert (case.state, case.acknowledged_by) == (CaseState.ACKNOWLEDGED, person)
    assert case.acknowledged_at is not None
    assert look(case).state == CaseState.ACKNOWLEDGED


def test_a_snoozed_case_wakes_up_by_itself(case, person):
    until = timezone.now() + HOUR
    snooze_case(case, until=until, by=person)
    assert look(case).state == CaseState.SNOOZED
    assert Journey.objects.get(pk=case.shipment_id).next_check_at == until
    woken = look(case, until)
    assert (woken.state, woken.snoozed_until) == (CaseState.OPEN, None)


def test_snoozing_pulls_the_next_look_forward(case, person):
    Journey.objects.update(next_check_at=None)
    until = timezone.now() + HOUR
    snooze_case(case, until=until, by=person)
    assert Journey.objects.get(pk=case.shipment_id).next_check_at == until


def test_nothing_is_snoozed_into_the_past(case, person):
    with pytest.raises(DomainError) as refused:
        snooze_case(case, until=timezone.now(), by=person)
    assert (refused.value.code, refused.value.field) == ("snooze_in_the_past", "until")


def test_resolving_closes_the_case_and_its_tasks(case, person):
    resolve_case(case, reason="  The terminal confirmed by phone. ", by=person)
    case.refresh_from_db()
    assert (case.state, case.resolved_by, case.resolution) == (
        CaseState.RESOLVED,
        person,
        "The terminal confirmed by phone.",
    )
    task = WorkTask.objects.get(exception=case)
    assert (task.state, task.closed_by) == (TaskState.DONE, person)
    journey = Journey.objects.get(pk=case.shipment_id)
    assert (journey.open_cases, journey.worst_severity) == (0, "")


def test_the_roll_up_counts_the_cases_that_are_left(case, person):
    CaseFactory(shipment=case.shipment, slot="L99", severity="low")
    resolve_case(case, reason="Done.", by=person)
    journey = Journey.objects.get(pk=case.shipment_id)
    assert (journey.open_cases, journey.worst_severity) == (1, "low")


def test_the_same_cause_does_not_open_a_resolved_case_again(case, person):
    resolve_case(case, reason="Known.", by=person)
    look(case)
    assert list(ShipmentException.objects.filter(shipment=case.shipment)) == [case]


def test_another_cause_opens_a_case_again(case, person):
    resolve_case(case, reason="Known.", by=person)
    case.shipment.etd -= HOUR
    case.shipment.save()
    look(case)
    states = ShipmentException.objects.filter(shipment=case.shipment).order_by("id").values_list("state", flat=True)
    assert list(states) == [CaseState.RESOLVED, CaseState.OPEN]


def test_a_finished_journey_closes_with_its_last_case(case, person):
    case.shipment.cancelled_at, case.shipment.cancel_reason = timezone.now(), "Customer"
    case.shipment.save()
    assert look(case).state == CaseState.RESOLVED
    assert Journey.objects.get(pk=case.shipment_id).is_closed is True


@pytest.mark.parametrize("reason", ["", "   "])
def test_resolving_needs_a_reason(case, person, reason):
    with pytest.raises(DomainError) as refused:
        resolve_case(case, reason=reason, by=person)
    assert refused.value.code == "reason_missing"


def test_a_resolved_case_is_left_alone(case, person):
    resolve_case(case, reason="Done.", by=person)
    for refused_call in (
        lambda: acknowledge_case(case, by=person),
        lambda: snooze_case(case, until=timezone.now() + HOUR, by=person),
        lambda: resolve_case(case, reason="Again.", by=person),
        lambda: assign_case(case, to=person, by=person),
    ):
        with pytest.raises(DomainError) as refused:
            refused_call()
        assert (refused.value.code, refused.value.conflict) == ("state_not_allowed", True)


def test_of_two_people_the_second_is_told(case, person):
    stale = ShipmentException.objects.get(pk=case.pk)
    acknowledge_case(case, by=person)
    with pytest.raises(DomainError) as refused:
        acknowledge_case(stale, by=person)
    assert refused.value.code == "state_changed"


def test_a_case_is_given_to_a_person_and_taken_back(case, person):
    assign_case(case, to=person, by=person)
    case.refresh_from_db()
    assert case.assignee == person
    assign_case(case, to=None, by=person)
    case.refresh_from_db()
    assert case.assignee is None


@pytest.mark.parametrize("stranger", [{"kind": UserKind.PARTNER}, {"kind": UserKind.INTERNAL, "is_active": False}])
def test_a_case_is_worked_on_in_the_house(case, person, stranger):
    with pytest.raises(DomainError) as refused:
        assign_case(case, to=UserFactory(**stranger), by=person)
    assert (refused.value.code, refused.value.field) == ("not_internal", "to")


def test_a_task_is_closed_once(person):
    task = TaskFactory()
    close_task(task, by=person)
    task.refresh_from_db()
    assert (task.state, task.closed_by) == (TaskState.DONE, person)
    with pytest.raises(DomainError) as refused:
        close_task(task, by=person)
    assert refused.value.code == "state_not_allowed"


def test_a_task_done_by_hand_is_not_opened_again(case, person):
    task = WorkTask.objects.get(exception=case)
    close_task(task, by=person)
    look(case)
    assert list(WorkTask.objects.filter(exception=case)) == [task]
