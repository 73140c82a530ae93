"""Plans as they are loaded and written: service, legs, units, weekends, conditions."""

from __future__ import annotations

from datetime import date

import pytest

from milestones.conditions import ConditionError
from milestones.enums import AnchorKind
from milestones.models import Journey, Milestone
from milestones.planning import CircularPlan
from milestones.services import evaluate_shipments
from milestones.services.loading import holidays_of, load_shipments, load_templates, plan_of, weekend_of
from shipments.models import Leg, Unit
from tests.factories.milestones import DAY, HOUR, LineFactory, TemplateFactory
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import NOON, EventFactory, LocationFactory, MilestoneTypeFactory, ShipmentFactory

pytestmark = pytest.mark.django_db
AIR = {"field": "shipment.mode", "op": "is", "value": "air"}


def with_units(shipment, *numbers):
    Unit.objects.bulk_create(Unit(shipment=shipment, kind="container", number=n, key=n) for n in numbers)


def leg(shipment, sequence, start, end, **fields):
    places = {"origin": LocationFactory(unlocode=start), "destination": LocationFactory(unlocode=end)}
    return Leg.objects.create(shipment=shipment, sequence=sequence, mode="ocean", **places, **fields)


def own_template(shipment, **criteria):
    return TemplateFactory(customer=shipment.customer, mode="ocean", shipment_type="export", **criteria)


def one(template, position, code, **fields):
    return LineFactory(template=template, position=position, type=MilestoneTypeFactory(code=code), **fields)


def rows(shipment):
    found = Milestone.objects.filter(shipment=shipment).order_by("position", "slot")
    return {row.slot: row for row in found}


def test_service_and_legs_are_loaded():
    shipment = ShipmentFactory(service="fcl")
    carrier = PartnerFactory()
    leg(shipment, 1, "NLRTM", "SGSIN", carrier=carrier, etd=NOON, eta=NOON + DAY, voyage="021W")
    fact = load_shipments([shipment.pk])[shipment.pk].fact
    assert fact.service == "fcl"
    (first,) = fact.route.way
    assert (first.carrier_id, first.etd, first.eta, first.numbers) == (
        carrier.pk, NOON, NOON + DAY, frozenset({"021W"}),
    )  # fmt: skip


def test_a_template_is_loaded_as_it_was_written():
    template = TemplateFactory(service="fcl", origin_place="NLRTM", destination_place="CNSGH")
    first = one(template, 10, "GATE_IN", place_role="pol", scope="unit", unit_rule="any", roll="next")
    second = one(
        template, 20, "LOADED", anchor=AnchorKind.LINE, anchor_line=first, after_line=first,
        requirement="conditional", condition=AIR, documents=["mbl"],
    )  # fmt: skip
    fact = load_templates([template.pk], with_active=False).by_id[template.pk]
    assert (fact.criteria.service, fact.criteria.origin_place, fact.criteria.destination_place) == (
        "fcl", "NLRTM", "CNSGH",
    )  # fmt: skip
    assert (fact.is_plain, fact.needs_calendar) == (False, True)
    gate, loaded = fact.lines
    assert (gate.id, gate.slot, gate.scope, gate.unit_rule, gate.roll) == (first.pk, "L10", "unit", "any", "next")
    assert (loaded.id, loaded.anchors, loaded.after_indexes, loaded.documents) == (second.pk, (0,), (0,), ("mbl",))
    assert [loaded.condition({"shipment.mode": mode}) for mode in ("air", "ocean")] == [True, False]
    assert set(load_templates([template.pk], with_active=False).by_id) == {template.pk}


def test_a_template_that_cannot_be_used_is_left_out_unless_a_shipment_has_it(caplog):
    broken = TemplateFactory(code="BROKEN", name="Broken")
    one(broken, 10, "GATE_IN", requirement="conditional", condition={"field": "shipment.colour"})
    assert "BROKEN" not in {template.code for template in load_templates([]).active}
    assert "template Broken v1 is left out" in caplog.text
    with pytest.raises(ConditionError):
        load_templates([broken.pk])
    circle = TemplateFactory(code="CIRCLE")
    first = one(circle, 10, "GATE_IN")
    first.after_line = first
    first.save()
    assert "CIRCLE" not in {template.code for template in load_templates([]).active}
    with pytest.raises(CircularPlan):
        load_templates([circle.pk])


def test_milestones_stand_per_unit_and_leg():
    shipment = ShipmentFactory()
    with_units(shipment, "UABC2", "UABC1")
    leg(shipment, 1, "NLRTM", "SGSIN", etd=NOON, eta=NOON + DAY)
    leg(shipment, 4, "SGSIN", "CNSGH", etd=NOON + 2 * DAY, eta=NOON + 9 * DAY)
    template = own_template(shipment)
    one(template, 10, "GATE_IN", place_role="pol", scope="unit")
    one(template, 20, "DEPARTED", scope="leg", anchor=AnchorKind.LEG_ETD)
    one(template, 30, "MANIFESTED", requirement="conditional", condition=AIR)
    one(template, 40, "ARRIVED", place_role="transit", scope="stop", anchor=AnchorKind.LEG_ETA)
    EventFactory(
        code=MilestoneTypeFactory(code="DEPARTED"), occurred_at=NOON, location=LocationFactory(unlocode="NLRTM"),
        received_at=NOON + HOUR, shipments=[shipment],
    )  # fmt: skip
    evaluate_shipments([shipment.pk], now=NOON + HOUR)
    found = rows(shipment)
    assert {
        slot: (row.unit_number, row.leg_sequence, row.occurrence, row.planned_at) for slot, row in found.items()
    } == {
        "L10:UUABC1": ("UABC1", 1, 1, shipment.etd),
        "L10:UUABC2": ("UABC2", 1, 1, shipment.etd),
        "L20:G1": ("", 1, 1, NOON),
        "L20:G4": ("", 4, 1, NOON + 2 * DAY),
        "L40:S1": ("", 1, 1, NOON + DAY),
    }
    assert [slot for slot, row in found.items() if row.actual_at and not row.is_inferred] == ["L20:G1"]
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.template, journey.total, len(journey.strip)) == (template, 5, 5)


def test_a_unit_that_becomes_known_gets_its_milestones():
    shipment = ShipmentFactory()
    one(own_template(shipment), 10, "GATE_IN", place_role="pol", scope="unit")
    evaluate_shipments([shipment.pk], now=NOON)
    assert list(rows(shipment)) == ["L10"]
    for numbers, slots in ((["A"], ["L10:UA"]), (["B"], ["L10:UA", "L10:UB"])):
        with_units(shipment, *numbers)
        evaluate_shipments([shipment.pk], now=NOON)
        assert list(rows(shipment)) == slots
    before = {slot: row.pk for slot, row in rows(shipment).items()}
    evaluate_shipments([shipment.pk], now=NOON)
    assert {slot: row.pk for slot, row in rows(shipment).items()} == before


def test_holidays_and_weekends_are_there_where_working_days_play_a_part():
    shipment = ShipmentFactory()
    leg(shipment, 1, "NLRTM", "SARUH")
    leg(shipment, 2, "SARUH", "CNSGH")
    template = own_template(shipment)
    line = one(template, 10, "GATE_IN")
    fact = load_shipments([shipment.pk])[shipment.pk].fact

    def calendar():
        plan = plan_of(fact, load_templates([template.pk]).by_id[template.pk], {}, NOON)
        return sorted(plan.weekends), sorted(plan.holidays)

    assert calendar() == ([], [])
    for changes in ({"roll": "next"}, {"roll": "", "day_basis": "working"}):
        for name, value in changes.items():
            setattr(line, name, value)
        line.save()
        weekends, holidays = calendar()
        assert weekends == holidays
        assert {"SA", "NL"} <= set(weekends)


def test_weekends_are_those_of_the_country():
    assert weekend_of("SA") == frozenset({4, 5})
    assert weekend_of("NL") == weekend_of("XX") == frozenset({5, 6})
    assert date(2026, 4, 27) in holidays_of("NL", (2026,))
    assert holidays_of("XX", (2026,)) == frozenset()
