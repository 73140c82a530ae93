from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from milestones.enums import CaseState, Health, JourneyStatus, MilestoneState, TaskState
from milestones.models import Journey, Milestone, MilestoneTemplate, ShipmentException, WorkTask
from milestones.services import evaluate_due, evaluate_shipments
from milestones.services.evaluation import _Sweep
from milestones.services.remembering import current_policy, current_templates
from partners.enums import Topic
from partners.models import Delivery, Notification
from shipments.enums import Classifier, PartyRole
from shipments.models import ShipmentStream
from tests.factories.milestones import DAY, HOUR, LineFactory, TemplateFactory
from tests.factories.partners import PartnerFactory, internal, member, subscribed
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
NOW = NOON + 2 * HOUR


@pytest.fixture(autouse=True)
def fresh_sweep(monkeypatch):
    monkeypatch.setattr(_Sweep, "finished_at", None)


def touch(*shipments):
    for shipment in shipments:
        stream = ShipmentStream.objects.get(shipment=shipment)
        stream.revision += 1
        stream.touched_at = timezone.now()
        stream.save()


def report(shipment, code, at=NOON, place=None, classifier=Classifier.ACTUAL, **fields):
    location = LocationFactory(unlocode=place) if place else None
    fields.setdefault("received_at", at + HOUR if classifier == Classifier.ACTUAL else NOON)
    event = EventFactory(
        code=MilestoneTypeFactory(code=code), occurred_at=at, location=location, classifier=classifier,
        shipments=[shipment], **fields,
    )  # fmt: skip
    touch(shipment)
    return event


def retract(shipment, source, source_event_id):
    EventFactory(
        code=MilestoneTypeFactory(code="INFO"), occurred_at=None, zone_certainty="", source=source,
        retracts=source_event_id, shipments=[shipment],
    )  # fmt: skip
    touch(shipment)


def milestones(shipment):
    rows = Milestone.objects.filter(shipment=shipment, actual_at__isnull=False).order_by("position", "slot")
    return [(row.slot, row.type_id, row.is_inferred) for row in rows]


def test_a_new_shipment_gets_its_plan():
    shipment = ShipmentFactory()
    assert evaluate_due(now=NOON - 10 * DAY) == 1
    journey = Journey.objects.get(shipment=shipment)
    assert journey.template.code == "OCEAN-EXPORT"
    assert journey.template_reason == "Ocean export v1: type export, mode ocean"
    assert (journey.status, journey.health, journey.done) == (JourneyStatus.BOOKED, Health.ON_TIME, 0)
    assert (journey.planned_arrival_at, journey.expected_arrival_at) == (shipment.eta, shipment.eta)
    assert journey.seen_revision == shipment.stream.revision
    assert journey.revision == 1
    plan = Milestone.objects.filter(shipment=shipment)
    assert plan.count() == journey.template.lines.count() == journey.total == len(journey.strip)
    departure = plan.get(type="DEPARTED")
    assert (departure.planned_at, departure.baseline_at) == (shipment.etd, shipment.etd)
    assert departure.location == shipment.origin


@pytest.mark.parametrize("mode", ["ocean", "air", "road", "rail", "parcel"])
@pytest.mark.parametrize("type", ["export", "import", "cross_trade", "domestic", "ecommerce"])
def test_every_kind_of_shipment_has_a_template(mode, type):
    shipment = ShipmentFactory(mode=mode, type=type, etd=None, eta=None, booked_at=None)
    evaluate_due(now=NOW)
    journey = Journey.objects.get(shipment=shipment)
    assert journey.template.mode == mode
    assert journey.total > 0
    assert journey.health == Health.NO_UPDATE


def test_nothing_to_do_is_nothing_done():
    shipment = ShipmentFactory()
    evaluate_due(now=NOON - 10 * DAY)
    before = Journey.objects.filter(shipment=shipment).values().get()
    assert evaluate_due(now=NOON - 10 * DAY) == 0
    assert Journey.objects.filter(shipment=shipment).values().get() == before


def test_an_unchanged_look_changes_nothing():
    shipment = ShipmentFactory()
    report(shipment, "DEPARTED", place="NLRTM")
    evaluate_due(now=NOW)
    before = list(Milestone.objects.filter(shipment=shipment).values())
    revision = Journey.objects.get(shipment=shipment).revision
    touch(shipment)
    assert evaluate_due(now=NOW) == 1
    assert list(Milestone.objects.filter(shipment=shipment).values()) == before
    assert Journey.objects.get(shipment=shipment).revision == revision


def test_an_event_reaches_its_milestone_and_implies_those_before():
    shipment = ShipmentFactory()
    event = report(shipment, "DEPARTED", place="NLRTM")
    evaluate_due(now=NOW)
    assert milestones(shipment) == [
        ("L10", "BOOKED", True),
        ("L20", "EMPTY_OUT", True),
        ("L30", "GATE_IN", True),
        ("L50", "LOADED", True),
        ("L60", "DEPARTED", False),
    ]
    decisions = Milestone.objects.get(shipment=shipment, type="DEPARTED").decisions
    assert decisions == {"actual": {"event": str(event.public_id), "rule": "only", "losing": []}}
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.status, journey.next_name, journey.done) == (JourneyStatus.IN_TRANSIT, "Vessel arrived", 5)


def test_a_retraction_takes_the_milestone_back_and_counts_a_revision():
    shipment, source = ShipmentFactory(), SourceFactory()
    report(shipment, "DEPARTED", place="NLRTM", source=source, source_event_id="E1")
    evaluate_due(now=NOW)
    before = Journey.objects.get(shipment=shipment).revision
    retract(shipment, source, "E1")
    evaluate_due(now=NOW)
    assert milestones(shipment) == []
    assert Journey.objects.get(shipment=shipment).revision == before + 1


def test_an_unplanned_milestone_comes_and_goes():
    shipment, source = ShipmentFactory(), SourceFactory()
    report(shipment, "LOADED", place="SGSIN", source=source, source_event_id="E1")
    evaluate_due(now=NOW)
    assert milestones(shipment) == [("X:LOADED:SGSIN:1", "LOADED", False)]
    retract(shipment, source, "E1")
    evaluate_due(now=NOW)
    assert milestones(shipment) == []


def test_the_baseline_stays_when_the_plan_moves():
    shipment = ShipmentFactory()
    first = shipment.etd
    evaluate_due(now=NOON - 10 * DAY)
    shipment.etd = first + DAY
    shipment.save()
    touch(shipment)
    evaluate_due(now=NOON - 10 * DAY)
    departure = Milestone.objects.get(shipment=shipment, type="DEPARTED")
    assert (departure.baseline_at, departure.planned_at) == (first, first + DAY)


def test_a_place_stands_for_the_place_it_is_the_same_as():
    shipment = ShipmentFactory(eta=NOON)
    assert shipment.destination.unlocode == "CNSGH"
    alias = LocationFactory(unlocode="CNSHA", name="Shanghai", country="CN")
    alias.same_as = shipment.destination
    alias.save()
    report(shipment, "ARRIVED", place="CNSHA")
    evaluate_due(now=NOW)
    assert Journey.objects.get(shipment=shipment).status == JourneyStatus.ARRIVED
    assert Milestone.objects.get(shipment=shipment, type="ARRIVED").state == MilestoneState.REACHED


def test_a_shipment_keeps_its_template_version():
    shipment = ShipmentFactory()
    evaluate_due(now=NOW)
    TemplateFactory(customer=shipment.customer, mode="ocean", shipment_type="export")
    touch(shipment)
    evaluate_due(now=NOW)
    assert Journey.objects.get(shipment=shipment).template.code == "OCEAN-EXPORT"


def test_without_any_template_events_still_show():
    MilestoneTemplate.objects.update(state="retired")
    shipment = ShipmentFactory()
    report(shipment, "DELIVERED", place="CNSGH")
    evaluate_due(now=NOW)
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.template, journey.template_reason, journey.is_closed) == (None, "No active template matches.", True)
    assert (journey.status, journey.strip, journey.total) == (JourneyStatus.DELIVERED, "", 0)
    assert milestones(shipment) == [("X:DELIVERED:CNSGH:1", "DELIVERED", False)]


def test_public_holidays_move_working_days():
    shipment = ShipmentFactory(destination=LocationFactory(unlocode="DEHAM", name="Hamburg", time_zone="Europe/Berlin"))
    template = TemplateFactory(customer=shipment.customer, mode="ocean", shipment_type="export")
    LineFactory(
        template=template, position=10, type=MilestoneTypeFactory(code="DELIVERED"), anchor="eta",
        offset_minutes=1440, day_basis="working",
    )  # fmt: skip
    shipment.eta = NOON.replace(month=12, day=24)
    shipment.save()
    evaluate_due(now=NOW)
    # Thursday, two holidays, a weekend.
    assert Milestone.objects.get(shipment=shipment).planned_at == NOON.replace(month=12, day=28)


def cases(shipment):
    return list(
        ShipmentException.objects.filter(shipment=shipment).order_by("id").values_list("rule__code", "slot", "state")
    )


def test_time_alone_opens_a_case_and_a_report_closes_it():
    shipment = ShipmentFactory(etd=NOON)
    evaluate_due(now=NOON - 10 * DAY)
    look = Journey.objects.get(shipment=shipment).next_check_at
    assert look < NOON
    # Gate in is due two days before the departure, with a day of tolerance.
    late = NOON - 2 * DAY + DAY + HOUR
    assert evaluate_due(now=late) == 1
    assert cases(shipment) == [("overdue", "L30", CaseState.OPEN)]
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.health, journey.open_cases, journey.worst_severity) == (Health.NO_UPDATE, 1, "medium")
    task = WorkTask.objects.get(shipment=shipment, exception__isnull=False)
    assert (task.title, task.state, task.due_at) == ("Ask the carrier for the status", TaskState.OPEN, late + 8 * HOUR)
    report(shipment, "GATE_IN", at=late - HOUR, place="NLRTM")
    evaluate_due(now=late + HOUR)
    assert cases(shipment) == [("overdue", "L30", CaseState.RESOLVED)]
    case = ShipmentException.objects.get(shipment=shipment)
    assert (case.resolution, case.resolved_by, case.resolved_at) == (
        "Gate in at port of loading was reported: it happened on 2026-11-02 12:00 UTC.",
        None,
        late + HOUR,
    )
    assert WorkTask.objects.get(pk=task.pk).state == TaskState.CANCELLED
    assert Journey.objects.get(shipment=shipment).open_cases == 0


def test_the_case_tells_a_silent_source_from_late_freight():
    shipment, source = ShipmentFactory(etd=NOON), SourceFactory(latency_minutes=600)
    report(shipment, "EMPTY_OUT", at=NOON - 3 * DAY, source=source, received_at=NOON - DAY)
    evaluate_due(now=NOON - 20 * HOUR)
    case = ShipmentException.objects.get(shipment=shipment)
    assert case.facts["cause"] == "freight_late"
    look = Journey.objects.get(shipment=shipment).next_check_at
    assert look == NOON - DAY + 10 * HOUR + timedelta(minutes=1)
    evaluate_due(now=look)
    case.refresh_from_db()
    assert case.facts["cause"] == "source_silent"


def test_a_line_task_is_done_by_its_milestone():
    shipment = ShipmentFactory(type="import", etd=NOON - 20 * DAY, eta=NOON)
    report(shipment, "DISCHARGED", place="CNSGH", at=NOON)
    evaluate_due(now=NOW)
    task = WorkTask.objects.get(shipment=shipment, key="line:L90")
    assert (task.title, task.role, task.state) == ("Clear the import customs", "customs", TaskState.OPEN)
    report(shipment, "CUSTOMS_RELEASED", at=NOON + HOUR)
    evaluate_due(now=NOW)
    task.refresh_from_db()
    assert (task.state, task.closed_by) == (TaskState.DONE, None)


def test_a_finished_journey_is_closed_and_opens_again_for_news():
    shipment, source = ShipmentFactory(mode="road", etd=NOON - DAY, eta=NOON), SourceFactory()
    report(shipment, "PICKED_UP", at=NOON - DAY)
    report(shipment, "DELIVERED", source=source, source_event_id="E1")
    evaluate_due(now=NOW)
    journey = Journey.objects.get(shipment=shipment)
    assert (journey.status, journey.is_closed, journey.next_check_at) == (JourneyStatus.DELIVERED, True, None)
    assert journey.progress == 100
    retract(shipment, source, "E1")
    evaluate_due(now=NOW)
    journey.refresh_from_db()
    assert (journey.status, journey.is_closed) == (JourneyStatus.IN_TRANSIT, False)


def test_stories_are_told_once():
    shipment = ShipmentFactory(eta=NOON + 10 * DAY)
    carrier = PartnerFactory()
    shipment.parties.create(partner=carrier, role=PartyRole.CARRIER)
    subscribed(member(shipment.customer), shipment.customer)
    evaluate_due(now=NOON - 5 * DAY)
    report(shipment, "DEPARTED", place="NLRTM")
    evaluate_due(now=NOW)
    touch(shipment)
    evaluate_due(now=NOW)
    (told,) = Notification.objects.filter(topic=Topic.MILESTONE_REACHED)
    assert told.key == f"milestone:{shipment.public_id}:L60"
    assert told.subject == f"shipment:{shipment.public_id}"
    assert told.facts == {
        "reference": shipment.reference,
        "path": f"/portal/shipments/{shipment.public_id}/",
        "route": "Rotterdam (NLRTM) – Shanghai (CNSGH)",
        "place": "Rotterdam",
        "milestone": "Vessel departed",
        "happened_at": NOON.isoformat(),
    }
    assert set(told.audiences.values_list("partner", flat=True)) == {shipment.customer_id, carrier.pk}
    assert Delivery.objects.filter(notification=told).count() == 1


def test_a_case_of_the_house_is_told_to_the_house_only():
    shipment = ShipmentFactory(etd=NOON + 10 * DAY)
    subscribed(internal("operations"), None, Topic.EXCEPTION_OPENED)
    report(shipment, "CUSTOMS_HOLD", attributes={"agency": "CBP"})
    evaluate_due(now=NOW)
    (told,) = Notification.objects.filter(topic=Topic.EXCEPTION_OPENED)
    assert told.facts["title"] == "Customs hold in force (CBP)"
    assert told.facts["severity"] == "critical"
    assert list(told.audiences.all()) == []
    assert told.deliveries.count() == 1


@pytest.mark.parametrize(
    ("ahead", "moved", "count"),
    [
        pytest.param(10 * DAY, 23 * HOUR, 0, id="far ahead, less than a day"),
        pytest.param(10 * DAY, 24 * HOUR, 1, id="far ahead, a day"),
        pytest.param(10 * DAY, -24 * HOUR, 1, id="far ahead, a day earlier"),
        pytest.param(4 * DAY, 5 * HOUR, 0, id="within the week, less than six hours"),
        pytest.param(4 * DAY, 6 * HOUR, 1, id="within the week, six hours"),
        pytest.param(DAY, HOUR, 0, id="tomorrow, less than two hours"),
        pytest.param(DAY, 2 * HOUR, 1, id="tomorrow, two hours"),
    ],
)
def test_a_moved_arrival_is_told_by_how_near_it_is(ahead, moved, count):
    shipment = ShipmentFactory(eta=NOON + ahead)
    evaluate_due(now=NOW)
    report(shipment, "ARRIVED", at=shipment.eta + moved, place="CNSGH", classifier=Classifier.ESTIMATED)
    evaluate_due(now=NOW)
    assert Notification.objects.filter(topic=Topic.ETA_CHANGED).count() == count


def test_small_moves_of_an_arrival_are_told_once_they_add_up():
    shipment, source = ShipmentFactory(eta=NOON + 4 * DAY), SourceFactory()
    evaluate_due(now=NOW)
    counts = []
    for n in range(1, 5):
        report(
            shipment, "ARRIVED", at=shipment.eta + 3 * n * HOUR, place="CNSGH", classifier=Classifier.ESTIMATED,
            reported_at=NOON + n * HOUR, source=source,
        )  # fmt: skip
        evaluate_due(now=NOW)
        counts.append(Notification.objects.filter(topic=Topic.ETA_CHANGED).count())
    # 3 h is the first estimate; 9 h is six hours from it, 12 h is not six hours from that.
    assert counts == [0, 0, 1, 1]
    assert Milestone.objects.get(shipment=shipment, type="ARRIVED").estimated_at == shipment.eta + 12 * HOUR


def test_a_shipment_that_fails_does_not_stop_the_others(monkeypatch, caplog):
    good, bad, also_good = ShipmentFactory(), ShipmentFactory(), ShipmentFactory()
    template = TemplateFactory(customer=bad.customer)
    first = LineFactory(template=template, position=1, type=MilestoneTypeFactory(code="LOADED"))
    second = LineFactory(template=template, position=2, anchor="line", anchor_line=first)
    # A circle, as only a hand in the database can make it.
    type(first).objects.filter(pk=first.pk).update(anchor="line", anchor_line=second)
    Journey.objects.create(shipment=bad, template=template)
    MilestoneTemplate.objects.filter(pk=template.pk).update(state="retired")
    with caplog.at_level(logging.CRITICAL, logger="waymark.milestones"):
        assert evaluate_due(now=NOW) == 2
    assert Journey.objects.get(shipment=good).total == Journey.objects.get(shipment=also_good).total > 0
    parked = Journey.objects.get(shipment=bad)
    assert (parked.seen_revision, parked.next_check_at) == (bad.stream.revision, NOW + HOUR)


def test_what_was_left_behind_long_ago_is_swept_up():
    shipment = ShipmentFactory()
    ShipmentStream.objects.update(touched_at=timezone.now() - DAY)
    assert evaluate_due(now=NOW) == 1
    touch(shipment)
    ShipmentStream.objects.update(touched_at=timezone.now() - DAY)
    assert evaluate_due(now=NOW) == 0
    _Sweep.finished_at -= 601
    assert evaluate_due(now=NOW) == 1


def test_a_batch_has_its_limit():
    for _ in range(3):
        ShipmentFactory()
    assert [evaluate_due(limit=2, now=NOON - 10 * DAY) for _ in range(3)] == [2, 1, 0]


def test_named_shipments_are_evaluated_at_once():
    shipment = ShipmentFactory()
    assert evaluate_shipments([shipment.pk, shipment.pk], now=NOW) == 1
    assert evaluate_shipments([shipment.pk, 0], now=NOW) == 1
    assert evaluate_shipments([], now=NOW) == 0


@pytest.mark.parametrize("count", [1, 5])
def test_the_number_of_queries_does_not_grow(count, django_assert_num_queries):
    shipments = [ShipmentFactory(etd=NOON) for _ in range(count)]
    for shipment in shipments:
        report(shipment, "GATE_IN", at=NOON - 2 * DAY, place="NLRTM")
        report(shipment, "CUSTOMS_HOLD", at=NOON)
    # Rules and templates are compiled by now, in this process.
    current_policy()
    current_templates([])
    with django_assert_num_queries(33):
        evaluate_shipments([s.pk for s in shipments], now=NOON + 3 * DAY)
