"""The workflows that a forwarder begins with."""

from __future__ import annotations

import importlib
import itertools
from dataclasses import replace

import pytest
from django.apps import apps

from milestones.compiling import compile_draft, criteria_of
from milestones.evaluate import evaluate
from milestones.expanding import expand
from milestones.facts import LegFact, Plan
from milestones.models import MilestoneTemplate, TemplateLine
from milestones.planning import choose, route
from milestones.services.loading import load_templates
from milestones.validating import problems
from milestones.workflows import WORKFLOWS
from shipments.models import MilestoneType
from tests.factories.milestones import (
    DAY,
    DUISBURG,
    ETA,
    ETD,
    HOUR,
    ROTTERDAM,
    SHANGHAI,
    SINGAPORE,
    JourneyFactory,
    TemplateFactory,
    event,
    policy,
    shipment_fact,
)

BY_CODE = {draft.code: draft for draft in WORKFLOWS}
migration = importlib.import_module("milestones.migrations.0010_default_workflows")


def fact(code):
    return compile_draft(BY_CODE[code])


@pytest.mark.django_db
@pytest.mark.parametrize("draft", WORKFLOWS, ids=lambda draft: draft.code)
def test_nothing_is_wrong_with_them(draft):
    assert problems(draft, set(MilestoneType.objects.values_list("code", flat=True))) == []


def test_no_two_are_chosen_by_the_same():
    assert len({criteria_of(draft) for draft in WORKFLOWS}) == len(WORKFLOWS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mode", "type", "service", "code"),
    [
        ("ocean", "export", "fcl", "OCEAN-FCL-EXPORT"),
        ("ocean", "import", "fcl", "OCEAN-FCL-IMPORT"),
        ("ocean", "export", "lcl", "OCEAN-LCL-EXPORT"),
        ("ocean", "import", "lcl", "OCEAN-LCL-IMPORT"),
        ("ocean", "import", "", "OCEAN-IMPORT"),
        ("ocean", "cross_trade", "fcl", "OCEAN"),
        ("air", "export", "", "AIR-EXPORT"),
        ("air", "import", "", "AIR-IMPORT"),
        ("air", "domestic", "", "AIR"),
        ("road", "domestic", "ftl", "ROAD-FTL"),
        ("road", "export", "ltl", "ROAD-LTL"),
        ("road", "export", "", "ROAD"),
        ("rail", "export", "", "RAIL"),
        ("rail", "export", "intermodal", "INTERMODAL"),
        ("ocean", "export", "intermodal", "INTERMODAL"),
        ("parcel", "ecommerce", "", "PARCEL-ECOMMERCE"),
        ("parcel", "domestic", "", "PARCEL"),
        ("ocean", "import", "warehouse_in", "WAREHOUSE-IN"),
        ("road", "export", "warehouse_out", "WAREHOUSE-OUT"),
        ("air", "import", "customs", "CUSTOMS-IMPORT"),
    ],
)
def test_the_kind_of_shipment_decides(mode, type, service, code):
    given = shipment_fact(mode=mode, type=type, service=service)
    assert choose(load_templates([]).active, given)[0].code == code


def test_a_container_has_lines_of_its_own():
    given = shipment_fact(units=frozenset({"A", "B"}), service="fcl")
    slots = {one.slot for one in expand(fact("OCEAN-FCL-IMPORT"), given).lines if one.applies}
    assert {"L100:UA", "L100:UB", "L130:UA", "L130:UB", "L120"} <= slots
    assert "L64" not in slots


def test_the_filing_of_the_importer_is_for_the_united_states_only():
    def names(country):
        end = replace(SHANGHAI, country=country)
        given = shipment_fact(route=route(ROTTERDAM, end, ()))
        return {one.name for one in expand(fact("OCEAN-FCL-EXPORT"), given).lines if one.applies}

    assert names("US") - names("CN") == {"Importer security filing lodged"}


@pytest.mark.parametrize(
    ("origin", "destination", "is_cleared"),
    [("NL", "DE", False), ("US", "US", False), ("CN", "DE", True), ("DE", "GB", True), ("GB", "GB", False)],
)
def test_a_parcel_is_cleared_where_it_crosses_a_customs_border(origin, destination, is_cleared):
    ends = (replace(ROTTERDAM, country=origin), replace(SHANGHAI, country=destination))
    codes = {
        one.code for one in expand(fact("PARCEL-ECOMMERCE"), shipment_fact(route=route(*ends, ()))).lines if one.applies
    }
    assert ("CUSTOMS_RELEASED" in codes, "CUSTOMS_DECLARED" in codes) == (is_cleared, is_cleared)


def test_intermodal_goes_leg_by_leg():
    legs = (
        LegFact(1, "rail", DUISBURG, ROTTERDAM, frozenset({"T41"}), None, ETD, ETD + DAY),
        LegFact(2, "ocean", ROTTERDAM, SINGAPORE, frozenset({"021W"}), None, ETD + 3 * DAY, ETD + 20 * DAY),
    )
    given = shipment_fact(route=route(DUISBURG, SINGAPORE, legs), service="intermodal")
    told = [event("DEPARTED", ETD, DUISBURG), event("ARRIVED", ETD + DAY, ROTTERDAM, attributes={"mode": "RAIL"}),
            event("DEPARTED", ETD + 3 * DAY + HOUR, ROTTERDAM, journey_number="021W")]  # fmt: skip
    outcomes = [
        evaluate(Plan(given, fact("INTERMODAL")), order, policy(), ETD + 4 * DAY)
        for order in itertools.permutations(told)
    ]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    reported = [v.slot for v in outcomes[0].milestones if v.actual_at and not v.is_inferred]
    assert reported == ["L51:G1", "L52:G1", "L51:G2"]
    assert (outcomes[0].summary.status, outcomes[0].summary.next_name) == ("in_transit", "Arrived")
    delivered = next(v for v in outcomes[0].milestones if v.slot == "L120")
    assert delivered.planned_at == ETD + 22 * DAY


def test_a_full_container_import_is_finished_when_the_empties_are_back():
    given = shipment_fact(units=frozenset({"A", "B"}), service="fcl", type="import")
    plan = Plan(given, fact("OCEAN-FCL-IMPORT"))
    told = [event("DELIVERED", ETA, unit="A"), event("DELIVERED", ETA, unit="B"),
            event("EMPTY_RETURNED", ETA + DAY, unit="A")]  # fmt: skip
    found = evaluate(plan, told, policy(), ETA + DAY)
    assert (found.summary.status, found.is_finished) == ("delivered", False)
    found = evaluate(plan, [*told, event("EMPTY_RETURNED", ETA + DAY, unit="B")], policy(), ETA + DAY)
    assert found.is_finished


# --- The migration ---------------------------------------------------------------------------------------------------
def codes():
    return set(MilestoneTemplate.objects.filter(code__in=BY_CODE).values_list("code", flat=True))


@pytest.mark.django_db
def test_the_migration_goes_back_and_on_again():
    before = {t.code: t.lines for t in load_templates([]).active}
    migration.unload(apps, None)
    assert codes() == set()
    migration.load(apps, None)
    after = {t.code: t.lines for t in load_templates([]).active}
    assert after.keys() == before.keys()
    assert [(line.slot, line.anchors, line.after_indexes, line.documents) for line in after["OCEAN-FCL-EXPORT"]] == [
        (line.slot, line.anchors, line.after_indexes, line.documents) for line in before["OCEAN-FCL-EXPORT"]
    ]


@pytest.mark.django_db
def test_what_people_have_made_is_left_alone():
    own = MilestoneTemplate.objects.get(code="AIR-EXPORT")
    own.lines.filter(type="MANIFESTED").delete()
    migration.load(apps, None)
    assert MilestoneTemplate.objects.get(code="AIR-EXPORT").lines.filter(type="MANIFESTED").count() == 0


@pytest.mark.django_db
def test_what_is_taken_by_another_template_comes_as_a_draft():
    migration.unload(apps, None)
    TemplateFactory(code="OURS", mode="air", shipment_type="export", customer=None)
    migration.load(apps, None)
    states = dict(MilestoneTemplate.objects.filter(code__startswith="AIR-").values_list("code", "state"))
    assert states == {"AIR-EXPORT": "draft", "AIR-IMPORT": "active"}


@pytest.mark.django_db
def test_what_a_shipment_has_stays_when_the_migration_goes_back():
    used = MilestoneTemplate.objects.get(code="ROAD-FTL")
    JourneyFactory(template=used)
    migration.unload(apps, None)
    assert codes() == {"ROAD-FTL"}
    assert TemplateLine.objects.filter(template=used).count() == len(BY_CODE["ROAD-FTL"].lines)
