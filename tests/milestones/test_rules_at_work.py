"""From the page to the case: a rule is enabled, its shipments are woken and evaluated, cases open and close."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from milestones.models import ExceptionRule, Journey, ShipmentException
from milestones.replaying import Window, replay
from milestones.services import (
    RuleDraft,
    disable_rule,
    enable_rule,
    evaluate_due,
    evaluate_shipments,
    loading,
    save_rule,
)
from milestones.services.rule_drafts import unsaved
from partners.services import work_jobs
from shipments.models import Shipment
from tests.factories.milestones import DAY, ETD, line, plan, policy
from tests.factories.shipments import ShipmentFactory
from tests.milestones.condition_trees import row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_ours() -> None:
    ExceptionRule.objects.update(is_active=False)


def shipment(**fields: Any) -> Shipment:
    """Departs in three days; evaluated a moment ago."""
    now = timezone.now()
    made: Shipment = ShipmentFactory(etd=now + 3 * DAY, eta=now + 33 * DAY, booked_at=now - 20 * DAY, **fields)
    evaluate_shipments([made.pk], now=now)
    return made


def rule(**changes: Any) -> ExceptionRule:
    made = save_rule(RuleDraft(**{"code": "own", "name": "Own", "kind": "condition", **changes}), by=None)
    enable_rule(made, by=None)
    return made


def open_cases(now: Any = None) -> list[tuple[str, str]]:
    work_jobs()
    evaluate_due(now=now or timezone.now())
    cases = ShipmentException.objects.unresolved().order_by("shipment__reference", "slot")
    return list(cases.values_list("shipment__reference", "milestone__type"))


def test_a_condition_opens_a_case_where_it_holds_and_closes_it_when_the_rule_changes() -> None:
    air, ocean = shipment(reference="A", mode="air"), shipment(reference="O")
    own = rule(condition=row("shipment.mode", "is", "air"))
    assert open_cases() == [(air.reference, None)]
    save_rule(
        RuleDraft(code="own", name="Own", kind="condition", condition=row("shipment.mode", "is", "ocean"), version=1),
        by=None,
    )
    assert open_cases() == [(ocean.reference, None)]
    own.refresh_from_db()
    disable_rule(own, by=None)
    assert open_cases() == []


def test_what_is_loaded_by_name_decides_too() -> None:
    there = shipment(reference="A")
    shipment(reference="B", customer=there.customer, parties=[(there.customer, "consignee")])
    rule(condition=row("partner.roles", "contains", "consignee"))
    assert open_cases() == [("B", None)]


def test_a_condition_of_a_milestone_is_asked_of_that_one() -> None:
    shipment(reference="A")
    rule(type="DEPARTED", condition=row("milestone.minutes_to_due", "at_most", 4 * 24 * 60))
    assert open_cases() == [("A", "DEPARTED")]


def test_time_alone_opens_a_case_at_its_instant() -> None:
    made = shipment(reference="A")
    rule(condition=row("shipment.etd", "at_most", "now+1d"))
    assert open_cases() == []
    turns_at = made.etd - DAY
    assert Journey.objects.get(pk=made.pk).next_check_at <= turns_at
    # Whatever asks for a look before, each look leads to the next one, up to the instant at which it holds.
    looks = []
    while (at := Journey.objects.get(pk=made.pk).next_check_at) <= turns_at:
        looks.append(at)
        assert open_cases(at) == ([("A", None)] if at == turns_at else [])
    assert looks[-1] == turns_at


def test_a_condition_narrows_a_rule_of_another_kind() -> None:
    shipment(reference="A")
    shipment(reference="B", mode="air")
    later = timezone.now() + 5 * DAY
    rule(kind="overdue", type="DEPARTED", condition=row("shipment.mode", "is", "ocean"))
    assert open_cases(later) == [("A", "DEPARTED")]


def test_a_replay_asks_a_condition_at_its_own_instants() -> None:
    tree = row("milestone.minutes_overdue", "at_least", 3 * 24 * 60)
    draft = RuleDraft(code="own", name="Own", kind="overdue", condition=tree)
    rules = policy(loading.rule_fact(unsaved(draft)))
    made = replay(plan(line("DEPARTED")), [], rules, Window(ETD - 10 * DAY, ETD + 40 * DAY))
    assert [(hit.slot, hit.opened_at, hit.closed_at) for hit in made.hits] == [("L10", ETD + 3 * DAY, None)]
