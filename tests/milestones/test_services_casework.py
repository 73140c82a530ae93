"""Cases in the database: snoozes that end by a condition, tasks that come back, money that is looked at."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import DomainError
from milestones.enums import CaseState, TaskState
from milestones.models import ExceptionRule, Journey, ShipmentException, ShipmentMoney, WorkTask
from milestones.services import (
    MoneyRow,
    assign_task,
    close_task,
    evaluate_due,
    evaluate_shipments,
    record_money,
    reopen_task,
    snooze_case,
)
from partners.enums import UserKind
from partners.models import Notification
from shipments.enums import Classifier
from tests.factories.milestones import DAY, HOUR, RuleFactory, TaskFactory
from tests.factories.partners import UserFactory, internal
from tests.factories.shipments import EventFactory
from tests.milestones.case_world import ETD, GATE, broken, look, shipment, staged

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_our_rules(db):
    ExceptionRule.objects.update(is_active=False)


@pytest.fixture
def person():
    return internal("operations")


# --- Snoozes ---


def asleep(person, **how):
    staged(warn_minutes=None)
    one = shipment(ETD)
    case = look(one, GATE + 2 * DAY)
    snooze_case(case, by=person, **how)
    assert look(one, GATE + 2 * DAY + HOUR).state == CaseState.SNOOZED
    return one, case


def test_a_snooze_ends_with_the_next_report(person):
    one, case = asleep(person, wake="news")
    EventFactory(shipments=[one], code_id="BOOKED", occurred_at=ETD - 9 * DAY, received_at=GATE + 2 * DAY + HOUR)
    woken = look(one, GATE + 2 * DAY + HOUR)
    assert (woken.pk, woken.state, woken.wake_when) == (case.pk, "open", None)


def test_a_snooze_ends_when_the_arrival_moves(person):
    one, _case = asleep(person, wake="arrival")
    EventFactory(shipments=[one], code_id="ARRIVED", classifier=Classifier.ESTIMATED, occurred_at=one.eta + 3 * DAY,
                 location=one.destination, received_at=GATE + 2 * DAY)  # fmt: skip
    assert look(one, GATE + 2 * DAY + HOUR).state == CaseState.OPEN


def test_a_snooze_ends_by_a_condition_and_is_looked_at_when_time_alone_makes_it_true(person):
    late = {"field": "milestone.minutes_overdue", "op": "at_least", "value": 4 * 24 * 60}
    one, _case = asleep(person, wake=late)
    assert Journey.objects.get(pk=one.pk).next_check_at <= GATE + 4 * DAY
    assert look(one, GATE + 4 * DAY - HOUR).state == CaseState.SNOOZED
    assert Journey.objects.get(pk=one.pk).next_check_at == GATE + 4 * DAY
    assert look(one, GATE + 4 * DAY).state == CaseState.OPEN
    assert broken() == []


def test_a_snooze_ends_when_it_gets_worse(person):
    one, _case = asleep(person, until=GATE + 90 * DAY)
    assert look(one, GATE + 5 * DAY).state == CaseState.OPEN


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({}, "snooze_without_end"),
        ({"wake": "never"}, "condition_not_usable"),
        ({"wake": {"field": "nothing", "op": "is", "value": 1}}, "condition_not_usable"),
        ({"wake": {"all": []}}, "condition_not_usable"),
    ],
)
def test_a_snooze_needs_an_end(person, how, code):
    staged()
    case = look(shipment(ETD), GATE + 2 * DAY)
    with pytest.raises(DomainError) as refused:
        snooze_case(case, by=person, **how)
    assert refused.value.code == code


# --- Tasks ---


def test_a_task_that_its_milestone_closed_comes_back_when_the_report_is_taken_back():
    one = shipment(ETD)
    now = ETD - 3 * DAY
    evaluate_shipments([one.pk], now=now)
    task = WorkTask.objects.get(shipment=one, title="Lodge the export declaration")
    assert (task.state, task.severity) == ("open", "low")
    assert Notification.objects.filter(key=f"task:{task.public_id}", topic="task_opened").exists()
    report = EventFactory(shipments=[one], code_id="CUSTOMS_DECLARED", occurred_at=now, received_at=now)
    evaluate_shipments([one.pk], now=now)
    task.refresh_from_db()
    assert (task.state, task.closed_by, broken()) == ("done", None, [])
    EventFactory(shipments=[one], supersedes=report.pk, source=report.source, code_id="INFO", occurred_at=now)
    evaluate_shipments([one.pk], now=now)
    task.refresh_from_db()
    assert (task.state, task.closed_at, broken()) == ("open", None, [])
    assert WorkTask.objects.filter(shipment=one, key=task.key).count() == 1


def test_a_case_that_closes_takes_its_task_along_and_brings_it_back(person):
    staged(warn_minutes=None, closes_itself=False)
    one = shipment(ETD)
    case = look(one, GATE + 2 * DAY)
    task = WorkTask.objects.get(exception=case)
    report = EventFactory(shipments=[one], code_id="GATE_IN", occurred_at=GATE, location=one.origin,
                          received_at=GATE + 2 * DAY)  # fmt: skip
    look(one, GATE + 2 * DAY)
    task.refresh_from_db()
    assert (task.state, task.closed_by) == (TaskState.CANCELLED, None)
    EventFactory(shipments=[one], supersedes=report.pk, source=report.source, code_id="INFO", occurred_at=GATE)
    look(one, GATE + 2 * DAY)
    task.refresh_from_db()
    assert (task.state, task.closed_at) == (TaskState.OPEN, None)
    assert WorkTask.objects.filter(exception=case).count() == 1


def test_a_task_is_given_and_opened_again(person):
    task = TaskFactory()
    assign_task(task, to=person, by=person)
    close_task(task, by=person)
    with pytest.raises(DomainError) as refused:
        assign_task(task, to=None, by=person)
    assert (refused.value.code, refused.value.conflict) == ("state_not_allowed", True)
    reopen_task(task, by=person)
    task.refresh_from_db()
    assert (task.state, task.closed_at, task.closed_by, task.assignee) == (TaskState.OPEN, None, None, person)
    with pytest.raises(DomainError) as refused:
        reopen_task(task, by=person)
    assert refused.value.code == "task_is_open_already"
    with pytest.raises(DomainError) as refused:
        assign_task(task, to=UserFactory(kind=UserKind.PARTNER), by=person)
    assert refused.value.code == "not_internal"


# --- Money ---


def test_money_that_changed_is_looked_at_and_only_that():
    RuleFactory(kind="cost_overrun", minimum_percent=10)
    one, other = shipment(ETD), shipment(ETD)
    evaluate_shipments([one.pk, other.pk], now=GATE - 20 * DAY)
    rows = [MoneyRow(one.pk, "EUR", Decimal(100), Decimal(120)), (other.pk, "EUR", Decimal(100), Decimal(105), None)]
    assert record_money(rows, now=GATE - 20 * DAY) == 2
    evaluate_due(now=GATE - 20 * DAY)
    assert list(ShipmentException.objects.values_list("shipment", "kind")) == [(one.pk, "cost_overrun")]
    assert record_money(rows, now=GATE - 19 * DAY) == 0
    assert record_money([(one.pk, "EUR", Decimal(100), Decimal(101), None)], now=GATE - 19 * DAY) == 1
    evaluate_due(now=GATE - 19 * DAY)
    case = ShipmentException.objects.get()
    assert (case.state, case.resolution) == ("resolved", "The cost is within what was expected.")
    assert ShipmentMoney.objects.get(pk=one.pk).cost == Decimal(101)
    assert record_money([], now=GATE) == 0
