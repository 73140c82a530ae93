"""Every constraint of the milestones app, broken once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from milestones.enums import AnchorKind, CaseState, MilestoneState, TaskState, TemplateState
from milestones.models import Journey, Milestone, MilestoneTemplate, ShipmentException, ShipmentMoney
from tests.factories.milestones import (
    DAY,
    ETD,
    CaseFactory,
    EtaScoreFactory,
    EtaVersionFactory,
    GroupFactory,
    JourneyFactory,
    LineFactory,
    MilestoneFactory,
    PolicyFactory,
    RuleFactory,
    RuleVersionFactory,
    TaskFactory,
    TemplateFactory,
    TransitTimeFactory,
)
from tests.factories.partners import PartnerFactory
from tests.factories.shipments import NOON, MilestoneTypeFactory, ShipmentFactory

pytestmark = pytest.mark.django_db


def twice(factory, **fields):
    factory(**fields)
    factory(**fields)


def twin_lines(**fields):
    twice(LineFactory, template=TemplateFactory(customer=PartnerFactory()), **fields)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("template_version_is_unique", lambda: twice(TemplateFactory, code="T", state=TemplateState.RETIRED)),
        ("template_has_one_active_version", lambda: (
            TemplateFactory(code="T", customer=PartnerFactory()),
            TemplateFactory(code="T", version=2, customer=PartnerFactory()),
        )),
        ("template_criteria_do_not_tie", lambda: TemplateFactory(mode="ocean", customer=None)),
        ("template_state_is_known", lambda: TemplateFactory(state="?")),
        ("line_position_is_unique", lambda: twin_lines(position=1)),
        ("line_is_listed_once", lambda: twin_lines(place_role="pol")),
        ("line_anchor_names_its_line", lambda: LineFactory(anchor=AnchorKind.LINE)),
        ("line_anchor_names_its_line", lambda: LineFactory(anchor_line=LineFactory())),
        ("line_anchor_is_known", lambda: LineFactory(anchor="?")),
        ("line_place_role_is_known", lambda: LineFactory(place_role="?")),
        ("journey_done_is_within_total", lambda: JourneyFactory(done=2, total=1)),
        ("journey_progress_is_a_percentage", lambda: JourneyFactory(progress=101)),
        ("journey_status_is_known", lambda: JourneyFactory(status="?")),
        ("journey_health_is_known", lambda: JourneyFactory(health="?")),
        ("milestone_is_one_per_slot", lambda: twice(MilestoneFactory, shipment=ShipmentFactory(), slot="L1")),
        ("milestone_state_is_known", lambda: MilestoneFactory(state="?")),
        ("milestone_deviation_is_known", lambda: MilestoneFactory(deviation="?")),
        ("milestone_is_reached_when_actual", lambda: MilestoneFactory(state=MilestoneState.REACHED)),
        ("milestone_is_reached_when_actual", lambda: MilestoneFactory(actual_at=ETD)),
        ("milestone_audience_is_known", lambda: MilestoneFactory(audience="?")),
        ("policy_is_one_per_field", lambda: twice(PolicyFactory, type=None)),
        ("policy_is_one_per_field", lambda: twice(PolicyFactory, type=MilestoneTypeFactory(code="LOADED"))),
        ("policy_field_is_known", lambda: PolicyFactory(field="?")),
        ("policy_order_is_known", lambda: PolicyFactory(order=[])),
        ("policy_order_is_known", lambda: PolicyFactory(order=["trust", "?"])),
        ("eta_version_is_kept_once", lambda: twice(EtaVersionFactory, shipment=ShipmentFactory())),
        ("eta_version_kind_is_known", lambda: EtaVersionFactory(kind="?")),
        ("eta_version_range_is_one", lambda: EtaVersionFactory(low_at=ETD, high_at=ETD - DAY)),
        ("transit_time_is_one_per_lane", lambda: twice(TransitTimeFactory)),
        ("transit_time_quantiles_are_in_order", lambda: TransitTimeFactory(p50=1)),
        ("transit_time_quantiles_are_in_order", lambda: TransitTimeFactory(p80=1)),
        ("transit_time_quantiles_are_in_order", lambda: TransitTimeFactory(p90=1)),
        ("eta_score_is_one_per_lane_and_horizon", lambda: twice(EtaScoreFactory)),
        ("journey_completeness_is_a_percentage", lambda: JourneyFactory(completeness=101)),
        ("rule_kind_is_known", lambda: RuleFactory(kind="?")),
        ("rule_severity_is_known", lambda: RuleFactory(severity="?")),
        ("rule_group_is_known", lambda: RuleFactory(group_by="?")),
        ("rule_of_a_condition_has_one", lambda: RuleFactory(kind="condition")),
        ("rule_warns_before_the_breach", lambda: RuleFactory(minimum_minutes=10, warn_minutes=11)),
        ("rule_escalates_after_the_breach", lambda: RuleFactory(minimum_minutes=10, escalate_minutes=9)),
        ("rule_version_is_unique", lambda: twice(RuleVersionFactory, rule=RuleFactory())),
        ("exception_is_open_once", lambda: twice(CaseFactory, shipment=ShipmentFactory(), rule=RuleFactory())),
        ("rule_group_is_known", lambda: RuleFactory(group_by="?")),
        ("rule_of_a_condition_has_one", lambda: RuleFactory(kind="condition")),
        ("rule_warns_before_the_breach", lambda: RuleFactory(warn_minutes=61, minimum_minutes=60)),
        ("rule_escalates_after_the_breach", lambda: RuleFactory(escalate_minutes=59, minimum_minutes=60)),
        ("case_group_is_open_once", lambda: twice(GroupFactory, rule=RuleFactory(), key="place:NLRTM")),
        ("exception_stage_is_known", lambda: CaseFactory(stage="?")),
        ("exception_snoozed_says_until_when", lambda: CaseFactory(state=CaseState.SNOOZED)),
        ("money_currency_is_iso_4217", lambda: ShipmentMoney.objects.create(
            shipment=ShipmentFactory(), currency="eur", updated_at=ETD
        )),
        ("exception_state_is_known", lambda: CaseFactory(state="?")),
        ("exception_resolved_says_how", lambda: CaseFactory(state=CaseState.RESOLVED, resolved_at=ETD)),
        ("exception_resolved_says_how", lambda: CaseFactory(state=CaseState.RESOLVED, resolution="Done.")),
        ("exception_acknowledged_says_who", lambda: CaseFactory(state=CaseState.ACKNOWLEDGED)),
        ("exception_snoozed_says_until", lambda: CaseFactory(state=CaseState.SNOOZED)),
        ("task_is_open_once", lambda: twice(TaskFactory, shipment=ShipmentFactory(), key="line:L1")),
        ("task_state_is_known", lambda: TaskFactory(state="?", closed_at=ETD)),
        ("task_closed_says_when", lambda: TaskFactory(state=TaskState.DONE)),
    ],
)  # fmt: skip
def test_the_database_refuses(name, broken):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        broken()


def test_what_is_resolved_may_open_again():
    shipment, rule = ShipmentFactory(), RuleFactory()
    CaseFactory(shipment=shipment, rule=rule, state=CaseState.RESOLVED, resolved_at=ETD, resolution="Done.")
    assert CaseFactory(shipment=shipment, rule=rule) in ShipmentException.objects.unresolved()


def test_cases_come_worst_first():
    low, critical = CaseFactory(severity="low"), CaseFactory(severity="critical")
    sooner = CaseFactory(severity="low", due_at=ETD - DAY)
    assert list(ShipmentException.objects.worst_first()) == [critical, sooner, low]


def test_journeys_by_what_they_need():
    behind = JourneyFactory(seen_revision=0)
    due = JourneyFactory(seen_revision=1, next_check_at=NOON - 3650 * DAY)
    closed = JourneyFactory(seen_revision=1, next_check_at=NOON - 3650 * DAY, is_closed=True)
    assert list(Journey.objects.behind()) == [behind]
    assert list(Journey.objects.due_for_a_look()) == [due]
    assert set(Journey.objects.open()) == {behind, due}
    assert str(closed).endswith(" · Booked")


def test_milestones_by_audience_and_state():
    seen = MilestoneFactory(audience="customer", state=MilestoneState.REACHED, actual_at=ETD)
    MilestoneFactory(audience="internal")
    assert list(Milestone.objects.visible_as(("customer", "public"))) == [seen]
    assert list(Milestone.objects.reached()) == [seen]


def test_rows_say_what_they_are():
    template = TemplateFactory(name="Ocean", version=3, customer=PartnerFactory())
    assert [str(row) for row in (template, LineFactory(template=template), MilestoneFactory(), RuleFactory(code="r"),
            CaseFactory(), TaskFactory())] == [
        "Ocean v3", "Departed", "Departed", "r", "Departed: overdue, nothing reported", "Send the arrival notice",
    ]  # fmt: skip
    assert template in MilestoneTemplate.objects.active()
