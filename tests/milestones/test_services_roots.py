"""Cases in the database: stages, roots, snoozes that end by a condition, causes that are gone, tasks that come back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from core.errors import DomainError
from milestones.enums import CaseState
from milestones.models import CaseGroup, ExceptionRule, Journey, ShipmentException, WorkTask
from milestones.services import (
    acknowledge_root,
    assign_root,
    evaluate_shipments,
    resolve_case,
    resolve_root,
    snooze_root,
)
from milestones.services import cases as case_services
from partners.enums import UserKind
from partners.models import Notification
from shipments.models import Event, Leg
from tests.factories.milestones import DAY, HOUR, RuleFactory
from tests.factories.partners import UserFactory, internal
from tests.factories.shipments import EventFactory
from tests.milestones.case_world import ETD, GATE, LATE, broken, late_rule, look, on_board, shipment, staged

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_our_rules(db):
    ExceptionRule.objects.update(is_active=False)


@pytest.fixture
def person():
    return internal("operations")


# --- Stages ---


def test_a_case_warns_is_breached_and_escalates():
    staged()
    one, seen = shipment(ETD), []
    for at in (GATE - DAY - HOUR, GATE - DAY, GATE + 2 * DAY, GATE + 5 * DAY):
        case = look(one, at)
        if case is not None:
            case.refresh_from_db()
            task = WorkTask.objects.get(exception=case)
            seen.append((case.stage, case.severity, case.owner, case.due_at - GATE, task.severity, task.role))
    assert seen == [
        ("warning", "low", "operations", timedelta(0), "low", "operations"),
        ("breach", "medium", "operations", 2 * DAY + HOUR, "medium", "operations"),
        ("escalated", "high", "sales", 5 * DAY + HOUR, "high", "sales"),
    ]
    assert ShipmentException.objects.filter(shipment=one).count() == 1
    topics = Notification.objects.order_by("id").values_list("topic", "facts__stage")
    assert [t for t in topics if t[1]] == [
        ("exception_opened", "warning"),
        ("exception_escalated", "breach"),
        ("exception_opened", "breach"),
        ("exception_escalated", "escalated"),
    ]
    assert broken() == []


def test_a_stage_that_is_seen_again_is_not_told_again():
    staged()
    one = shipment(ETD)
    look(one, GATE - DAY)
    look(one, GATE + 2 * DAY)
    told = Notification.objects.count()
    look(one, GATE + 2 * DAY + HOUR)
    assert Notification.objects.count() == told


def test_who_settled_a_warning_has_not_settled_the_breach(person):
    staged()
    one = shipment(ETD)
    resolve_case(look(one, GATE - DAY), reason="They will bring it.", by=person)
    assert look(one, GATE - HOUR).state == CaseState.RESOLVED
    assert (look(one, GATE + 2 * DAY).stage, look(one, GATE + 2 * DAY).state) == ("breach", "open")


# --- The cause is gone ---


@pytest.mark.parametrize(
    ("what", "words", "gone"),
    [
        ("reported", "Gate in at port of loading was reported: it happened on ", "reported"),
        ("moved", "Gate in at port of loading is expected later now: ", "expected_later"),
        ("cancelled", "The shipment was cancelled.", "cancelled"),
        ("off", "The rule was switched off.", "rule_off"),
        ("narrower", "Another rule has taken it over.", "other_rule"),
    ],
)
def test_a_case_closes_with_its_cause(what, words, gone):
    rule, one = staged(), shipment(ETD)
    now = GATE + 2 * DAY
    case = look(one, now)
    match what:
        case "reported":
            EventFactory(shipments=[one], code_id="GATE_IN", occurred_at=GATE, location=one.origin, received_at=now)
        case "moved":
            one.etd += 20 * DAY
            one.save()
        case "cancelled":
            one.cancelled_at, one.cancel_reason = now, "Customer"
            one.save()
        case "off":
            rule.is_active = False
            rule.save()
        case "narrower":
            staged(mode="ocean", code="narrower")
    look(one, now)
    case.refresh_from_db()
    assert (case.state, case.resolved_by, case.facts["gone"]) == ("resolved", None, gone)
    assert case.resolution.startswith(words)
    assert Journey.objects.get(pk=one.pk).open_cases == (1 if what == "narrower" else 0)
    assert broken() == []


def test_a_case_that_does_not_close_by_itself_waits_for_a_person(person):
    staged(closes_itself=False)
    one = shipment(ETD)
    now = GATE + 2 * DAY
    case = look(one, now)
    report = EventFactory(shipments=[one], code_id="GATE_IN", occurred_at=GATE, location=one.origin, received_at=now)
    look(one, now)
    case.refresh_from_db()
    assert (case.state, case.cause_gone_at, case.facts["gone"]) == ("open", now, "reported")
    look(one, now + HOUR)
    case.refresh_from_db()
    assert case.cause_gone_at == now
    EventFactory(shipments=[one], supersedes=report.pk, source=report.source, code_id="INFO", occurred_at=GATE)
    look(one, now + HOUR)
    case.refresh_from_db()
    assert (case.state, case.cause_gone_at, "gone" in case.facts) == ("open", None, False)
    resolve_case(case, reason="Done.", by=person)
    assert broken() == []


# --- Roots ---


def test_one_vessel_is_one_root_that_is_told_once_and_closes_with_its_last_case(person):
    late_rule()
    ships = on_board(3)
    evaluate_shipments([ships[0].pk], now=LATE)
    evaluate_shipments([s.pk for s in ships], now=LATE)
    (root,) = CaseGroup.objects.all()
    assert root.key == f"journey:023W+9811000:{ships[0].origin.unlocode}:DEPARTED"
    assert root.cases.count() == 3
    told = Notification.objects.filter(topic="exception_opened")
    assert told.filter(key=f"root:{root.public_id}").count() == 1
    assert broken() == []
    for one in ships[:2]:
        EventFactory(shipments=[one], code_id="DEPARTED", occurred_at=ETD, location=one.origin, received_at=LATE)
        evaluate_shipments([one.pk], now=LATE)
    root.refresh_from_db()
    assert (root.closed_at, broken()) == (None, [])
    resolve_case(root.cases.unresolved().get(), reason="Sailed.", by=person)
    root.refresh_from_db()
    assert root.closed_at is not None
    assert broken() == []


def test_a_root_that_closed_is_followed_by_a_new_one():
    late_rule()
    (one,) = on_board(1)
    look(one, LATE)
    one.etd += 20 * DAY
    one.save()
    look(one, LATE)
    assert CaseGroup.objects.get().closed_at == LATE
    look(one, LATE + 25 * DAY)
    assert [root.closed_at is None for root in CaseGroup.objects.order_by("id")] == [False, True]
    assert broken() == []


def test_a_case_follows_its_vessel_to_another_root():
    late_rule()
    one, other = on_board(2)
    evaluate_shipments([one.pk, other.pk], now=LATE)
    Leg.objects.filter(shipment=one).update(voyage="024W")
    look(one, LATE)
    assert sorted(root.cases.count() for root in CaseGroup.objects.all()) == [1, 1]
    ExceptionRule.objects.filter(is_active=True).update(group_by="")
    evaluate_shipments([one.pk, other.pk], now=LATE)
    assert ShipmentException.objects.filter(group__isnull=False).count() == 0
    assert (CaseGroup.objects.filter(closed_at=None).count(), broken()) == (0, [])


def test_what_is_done_to_a_root_is_done_to_all_its_open_cases(person, monkeypatch):
    late_rule()
    ships = on_board(3)
    evaluate_shipments([s.pk for s in ships], now=LATE)
    root = CaseGroup.objects.get()
    assert assign_root(root, to=person, by=person).done == 3
    assert acknowledge_root(root, by=person).done == 3
    assert snooze_root(root, until=timezone.now() + DAY, by=person).done == 3
    assert set(root.cases.values_list("state", "assignee")) == {("snoozed", person.pk)}
    monkeypatch.setattr(case_services, "ROOT_STEP", 2)
    result = resolve_root(root, reason="The vessel sailed.", by=person)
    assert (result.done, result.left, result.refused) == (2, 1, [])
    assert resolve_root(root, reason="The vessel sailed.", by=person).done == 1
    root.refresh_from_db()
    assert (root.closed_at is not None, broken()) == (True, [])


def test_of_a_root_only_what_one_may_see_is_touched():
    late_rule()
    (one,) = on_board(1)
    look(one, LATE)
    stranger = UserFactory(kind=UserKind.INTERNAL)
    assert resolve_root(CaseGroup.objects.get(), reason="Mine.", by=stranger).done == 0


def test_refusals_of_a_root_are_named(person):
    late_rule()
    (one,) = on_board(1)
    look(one, LATE)
    result = snooze_root(CaseGroup.objects.get(), wake={"all": []}, by=person)
    assert (result.done, [name for name, _why in result.refused]) == (0, [one.reference])


@pytest.mark.parametrize(
    ("do", "code"),
    [
        (lambda root, by: resolve_root(root, reason=" ", by=by), "reason_missing"),
        (lambda root, by: snooze_root(root, by=by), "snooze_without_end"),
        (lambda root, by: assign_root(root, to=UserFactory(kind=UserKind.PARTNER), by=by), "not_internal"),
    ],
)
def test_what_no_case_of_a_root_could_take_is_refused_at_once(person, do, code):
    root = CaseGroup.objects.create(rule=RuleFactory(), key="place:X", opened_at=LATE)
    with pytest.raises(DomainError) as refused:
        do(root, person)
    assert refused.value.code == code


# --- Several workers ---


@pytest.mark.django_db(transaction=True)
def test_parallel_workers_share_one_root_and_close_it_together():
    late_rule()
    ships = on_board(8)

    def evaluate(ids):
        try:
            evaluate_shipments(ids, now=LATE)
        finally:
            connections.close_all()

    for _round in range(2):
        halves = [[s.pk for s in ships[n::4]] for n in range(4)]
        threads = [threading.Thread(target=evaluate, args=(ids,)) for ids in halves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert broken() == []
        for one in ships:
            EventFactory(shipments=[one], code_id="DEPARTED", occurred_at=ETD, location=one.origin, received_at=LATE)
    assert CaseGroup.objects.count() == 1
    assert CaseGroup.objects.get().closed_at == LATE
    assert Event.objects.count() == 16
