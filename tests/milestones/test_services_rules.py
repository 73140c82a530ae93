"""Rules as drafts: what is refused, what a change leaves behind, and whom it wakes."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.errors import DomainError
from milestones.enums import CaseState, ExceptionKind, MilestoneState, PlaceRole
from milestones.models import ExceptionRule, Journey, RuleVersion
from milestones.services import (
    RuleDraft,
    RuleRefused,
    differences,
    disable_rule,
    draft_of,
    enable_rule,
    holding_now,
    restore_version,
    save_rule,
)
from milestones.services.loading import load_policy
from milestones.services.rule_drafts import draft_from, problems
from milestones.services.rule_preview import MOST
from partners.models import Job
from partners.services import work_jobs
from shipments.enums import Mode
from tests.factories.milestones import CaseFactory, JourneyFactory, MilestoneFactory, RuleFactory
from tests.factories.partners import internal
from tests.factories.shipments import MilestoneTypeFactory, ShipmentFactory
from tests.milestones.condition_trees import row

pytestmark = pytest.mark.django_db
LATE = row("milestone.minutes_late", "at_least", 60)
AIR = row("shipment.mode", "is", "air")


def draft(**changes: Any) -> RuleDraft:
    return RuleDraft(**{"code": "slow", "name": "Slow", "kind": "overdue", **changes})


def wrong(**changes: Any) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in problems(draft(**changes))]


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"code": "Slow ones"}, [("code", "wrong_code")]),
        ({"code": "x" * 41}, [("code", "wrong_code")]),
        ({"name": " "}, [("name", "wrong_name")]),
        ({"name": "x" * 101}, [("name", "wrong_name")]),
        ({"name": "a\x00"}, [("name", "wrong_name")]),
        ({"task": "x" * 201}, [("task", "wrong_task")]),
        ({"task": "a\nb"}, [("task", "wrong_task")]),
        ({"kind": "slow"}, [("kind", "unknown_choice")]),
        ({"severity": "bad"}, [("severity", "unknown_choice")]),
        ({"owner": "me"}, [("owner", "unknown_choice")]),
        ({"mode": "sea"}, [("mode", "unknown_choice")]),
        ({"group_by": "ship"}, [("group_by", "unknown_choice")]),
        ({"type": "NOWHERE"}, [("type", "unknown_milestone")]),
        ({"type": "A\x00"}, [("type", "unknown_milestone")]),
        ({"minimum_minutes": -1}, [("minimum_minutes", "out_of_range")]),
        ({"due_minutes": 10**7}, [("due_minutes", "out_of_range")]),
        ({"minimum_percent": 1001}, [("minimum_percent", "out_of_range")]),
        ({"minimum_percent": 10}, [("minimum_percent", "no_percent")]),
        ({"minimum_percent": 10, "kind": "cost_overrun"}, []),
        ({"kind": "condition", "condition": AIR, "minimum_minutes": 1}, [("minimum_minutes", "no_stages")]),
        ({"kind": "condition", "condition": AIR, "warn_minutes": 0}, [("minimum_minutes", "no_stages")]),
        (
            {"kind": "condition", "condition": AIR, "escalate_minutes": 0, "escalate_to": "sales"},
            [("minimum_minutes", "no_stages")],
        ),
        ({"warn_minutes": 1}, [("warn_minutes", "warns_too_late")]),
        ({"warn_minutes": -(10**7)}, [("warn_minutes", "warns_too_late")]),
        (
            {"minimum_minutes": 60, "escalate_minutes": 59, "escalate_to": "sales"},
            [("escalate_minutes", "escalates_too_early")],
        ),
        ({"escalate_minutes": 60}, [("escalate_to", "half_said")]),
        ({"escalate_to": "sales"}, [("escalate_minutes", "half_said")]),
        ({"kind": "condition"}, [("condition", "condition_missing")]),
        ({"condition": {"all": []}}, [("condition.all", "empty_group")]),
        ({"condition": {}}, [("condition", "shape")]),
        ({"kind": "condition", "condition": LATE}, [("type", "milestone_missing")]),
        ({"kind": "condition", "condition": AIR}, []),
        ({"condition": LATE}, []),
    ],
)  # fmt: skip
def test_a_draft_is_refused_field_by_field(changes: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert wrong(**changes) == found


def test_all_problems_are_told_at_once() -> None:
    bad = draft(code="?", name="", severity="bad")
    with pytest.raises(RuleRefused) as error:
        save_rule(bad, by=None)
    assert (error.value.code, error.value.field) == ("wrong_code", "code")
    assert [problem.field for problem in error.value.problems] == ["code", "name", "severity"]
    assert not ExceptionRule.objects.filter(code="?").exists()


# --- Versions --------------------------------------------------------------------------------------------------------


def test_a_new_rule_is_off_and_has_its_first_version() -> None:
    me = internal()
    rule = save_rule(draft(condition=LATE, task=" Call "), by=me, note=" For Kai ")
    assert (rule.version, rule.is_active, rule.task, rule.condition) == (1, False, "Call", LATE)
    version = rule.versions.get()
    assert (version.version, version.note, version.created_by) == (1, "For Kai", me)
    assert version.definition == draft(condition=LATE, task=" Call ").definition
    assert not Job.objects.exists()


def test_a_code_names_one_rule() -> None:
    save_rule(draft(), by=None)
    with pytest.raises(DomainError, match="already a rule") as error:
        save_rule(draft(name="Another"), by=None)
    assert (error.value.code, error.value.field, error.value.conflict) == ("rule_exists", "code", True)


def test_each_change_makes_a_version() -> None:
    rule = save_rule(draft(), by=None)
    changed = save_rule(draft(severity="high", version=1), by=None, note="Too mild")
    assert (changed.pk, changed.version, changed.severity) == (rule.pk, 2, "high")
    assert list(rule.versions.order_by("version").values_list("version", "note")) == [(1, ""), (2, "Too mild")]
    assert not Job.objects.exists()  # it is off: nothing changes for anybody


def test_a_rule_of_a_new_installation_keeps_what_it_was() -> None:
    old = ExceptionRule.objects.get(code="overdue")
    save_rule(dataclasses.replace(draft_of(old), severity="low"), by=None)
    kept = RuleVersion.objects.filter(rule=old).order_by("version")
    assert [(each.version, each.definition["severity"]) for each in kept] == [(1, "medium"), (2, "low")]


def test_who_comes_second_is_told() -> None:
    save_rule(draft(), by=None)
    save_rule(draft(severity="high", version=1), by=None)
    with pytest.raises(DomainError) as error:
        save_rule(draft(severity="low", version=1), by=None)
    assert (error.value.code, error.value.conflict) == ("rule_changed", True)


def test_a_change_changes_something() -> None:
    rule = save_rule(draft(), by=None)
    with pytest.raises(DomainError) as error:
        save_rule(draft_of(rule), by=None)
    assert error.value.code == "same_rule"


def test_there_must_be_a_rule_to_change() -> None:
    with pytest.raises(DomainError) as error:
        save_rule(draft(version=3), by=None)
    assert (error.value.code, error.value.field) == ("rule_missing", "code")


def test_an_old_version_comes_back_as_a_new_one() -> None:
    rule = save_rule(draft(), by=None)
    save_rule(draft(severity="high", version=1), by=None)
    rule.refresh_from_db()
    restored = restore_version(rule, 1, by=None)
    assert (restored.version, restored.severity) == (3, "medium")
    assert restored.versions.get(version=3).note == "As in version 1"
    with pytest.raises(DomainError) as error:
        restore_version(restored, 9, by=None)
    assert error.value.code == "no_such_version"


def test_the_difference_of_two_versions_is_told_field_by_field() -> None:
    found = differences(draft(), draft(severity="high", condition=AIR))
    assert [(each.name, each.before, each.after) for each in found] == [
        ("severity", "medium", "high"), ("condition", None, AIR),
    ]  # fmt: skip


def test_a_definition_is_read_back_as_it_was_written() -> None:
    full = draft(
        kind="condition", condition=LATE, type="DEPARTED", warn_minutes=-60, escalate_minutes=90,
        escalate_to="sales", closes_itself=False, group_by="journey", minimum_percent=5,
    )  # fmt: skip
    assert draft_from(full.definition) == full
    assert draft_from({"code": "a", "name": "b", "kind": "late", "colour": "red"}) == draft(
        code="a", name="b", kind="late"
    )


# --- On and off ------------------------------------------------------------------------------------------------------


def test_a_rule_is_switched_on_and_off_once() -> None:
    rule = save_rule(draft(), by=None)
    stale = ExceptionRule.objects.get(pk=rule.pk)
    enable_rule(rule, by=None)
    assert rule.is_active and ExceptionRule.objects.get(pk=rule.pk).is_active
    with pytest.raises(DomainError) as error:
        enable_rule(stale, by=None)
    assert (error.value.code, error.value.conflict) == ("state_changed", True)
    disable_rule(rule, by=None)
    assert not ExceptionRule.objects.get(pk=rule.pk).is_active


def test_a_rule_that_is_on_is_what_evaluation_asks() -> None:
    rule = save_rule(
        draft(condition=LATE, warn_minutes=-5, escalate_minutes=60, escalate_to="sales", group_by="place"), by=None
    )
    enable_rule(rule, by=None)
    (fact,) = [each for each in load_policy().rules if each.name == "slow"]
    assert (fact.version, fact.warn, fact.escalate) == (1, timedelta(minutes=-5), timedelta(hours=1))
    assert (fact.escalate_to, fact.group_by, fact.closes_itself) == ("sales", "place", True)
    assert fact.tree == LATE and fact.names == {"milestone.minutes_late"}
    assert fact.condition is not None and fact.condition({"milestone.minutes_late": 60})


def test_a_rule_that_cannot_be_read_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    RuleFactory(code="broken", condition={"field": "gone.field", "op": "is", "value": 1})
    assert "broken" not in [rule.name for rule in load_policy().rules]
    assert "rule broken is left out" in caplog.text


# --- Whom it wakes ---------------------------------------------------------------------------------------------------


def journey(**shipment: Any) -> Journey:
    return JourneyFactory(shipment=ShipmentFactory(**shipment))


def woken() -> set[int]:
    assert work_jobs() == 1
    job = Job.objects.latest("pk")
    assert job.error == ""
    pks = set(Journey.objects.filter(next_check_at__lte=timezone.now()).values_list("pk", flat=True))
    assert job.result == {"shipments": len(pks)}
    return pks


def test_enabling_wakes_the_open_shipments_of_its_mode() -> None:
    ocean, air, closed = journey(), journey(mode=Mode.AIR), journey()
    Journey.objects.filter(pk=closed.pk).update(is_closed=True)
    rule = save_rule(draft(mode="ocean"), by=None)
    enable_rule(rule, by=internal())
    assert woken() == {ocean.pk}
    assert air.pk != ocean.pk


def test_enabling_wakes_the_shipments_with_its_milestone() -> None:
    there, other = journey(), journey()
    MilestoneFactory(shipment=there.shipment)
    MilestoneFactory(shipment=other.shipment, type=MilestoneTypeFactory(code="ARRIVED"))
    enable_rule(save_rule(draft(type="DEPARTED"), by=None), by=None)
    assert woken() == {there.pk}


def test_a_condition_that_stands_still_wakes_only_where_it_holds() -> None:
    air, _ocean = journey(mode=Mode.AIR), journey()
    enable_rule(save_rule(draft(kind="condition", condition=AIR), by=None), by=None)
    assert woken() == {air.pk}


def test_a_condition_of_a_milestone_wakes_where_it_holds_for_that_one() -> None:
    late, other = journey(), journey()
    for each, code in ((late, "DEPARTED"), (other, "ARRIVED")):
        MilestoneFactory(
            shipment=each.shipment, type=MilestoneTypeFactory(code=code), state=MilestoneState.ESTIMATED,
            place_role=PlaceRole.POD,
        )  # fmt: skip
    tree = {"all": [row("milestone.place_role", "is", "pod"), row("partner.customer_country", "is", "NL")]}
    enable_rule(save_rule(draft(kind="condition", type="DEPARTED", condition=tree), by=None), by=None)
    assert woken() == {late.pk}


@pytest.mark.parametrize(
    "tree", [row("shipment.days_since_last_event", "at_least", 3), row("shipment.etd", "less", "now-3650d")]
)
def test_a_condition_that_moves_with_the_clock_wakes_all(tree: dict[str, Any]) -> None:
    journeys = {journey().pk, journey().pk}
    enable_rule(save_rule(draft(kind="condition", condition=tree), by=None), by=None)
    assert woken() == journeys


def test_changing_wakes_what_it_was_about_and_what_it_is_about() -> None:
    ocean, air, _road = journey(), journey(mode=Mode.AIR), journey(mode=Mode.ROAD)
    rule = save_rule(draft(mode="ocean"), by=None)
    ExceptionRule.objects.filter(pk=rule.pk).update(is_active=True)
    save_rule(draft(mode="air", version=1), by=None)
    assert woken() == {ocean.pk, air.pk}


def test_disabling_wakes_the_shipments_with_a_case_of_it() -> None:
    rule = save_rule(draft(kind="condition", condition=AIR), by=None)
    ExceptionRule.objects.filter(pk=rule.pk).update(is_active=True)
    ocean, resolved, _other = journey(), journey(), journey()
    CaseFactory(shipment=ocean.shipment, rule=rule, kind=ExceptionKind.CONDITION)
    CaseFactory(
        shipment=resolved.shipment, rule=rule, state=CaseState.RESOLVED, resolved_at=timezone.now(), resolution="Done"
    )
    rule.refresh_from_db()
    disable_rule(rule, by=None)
    assert woken() == {ocean.pk}


def test_a_rule_that_concerns_nobody_wakes_nobody() -> None:
    enable_rule(save_rule(draft(), by=None), by=None)
    assert woken() == set()


def test_a_look_that_is_nearer_stays_and_steps_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milestones.services.rule_waking._A_STEP", 2)
    journeys = [journey() for _ in range(5)]
    before = timezone.now() - timedelta(days=1)
    Journey.objects.filter(pk=journeys[0].pk).update(next_check_at=before)
    enable_rule(save_rule(draft(), by=None), by=None)
    assert woken() == {each.pk for each in journeys}
    assert Journey.objects.get(pk=journeys[0].pk).next_check_at == before


# --- A quick look ----------------------------------------------------------------------------------------------------


def test_open_shipments_are_counted_for_which_a_condition_holds() -> None:
    journey(mode=Mode.AIR), journey()
    Journey.objects.filter(pk=journey(mode=Mode.AIR).pk).update(is_closed=True)
    found = holding_now(AIR, mode="", code="", now=timezone.now())
    assert (found.count, found.is_more, found.of_milestones) == (1, False, False)
    assert holding_now(AIR, mode="ocean", code="", now=timezone.now()).count == 0


def test_milestones_are_counted_for_which_a_condition_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    here = journey()
    for slot in ("L1", "L2"):
        MilestoneFactory(shipment=here.shipment, slot=slot)
    tree = row("milestone.state", "is", "planned")
    found = holding_now(tree, mode="ocean", code="DEPARTED", now=timezone.now())
    assert (found.count, found.is_more, found.of_milestones) == (2, False, True)
    monkeypatch.setattr("milestones.services.rule_preview.MOST", 1)
    found = holding_now(tree, mode="", code="DEPARTED", now=timezone.now())
    assert (found.count, found.is_more) == (1, True)
    assert MOST == 1000


def test_what_takes_too_long_to_count_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    journey(mode=Mode.AIR)
    monkeypatch.setattr("milestones.services.rule_preview.OF_SHIPMENTS", _SLOW)
    monkeypatch.setattr("milestones.services.rule_preview._TIMEOUT", "50ms")
    found = holding_now(AIR, mode="", code="", now=timezone.now())
    assert (found.count, found.is_more) == (None, False)
    assert Journey.objects.count() == 1  # the transaction goes on


# Ten billion rows: no machine counts them within the time that is given.
_SLOW = (
    "milestones_journey j JOIN shipments_shipment s ON s.id = j.shipment_id"
    " CROSS JOIN (SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b) AS slow"
)
