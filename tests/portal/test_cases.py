"""What cases say and to whom: worded from facts, money and warnings kept back; roots in the console, tasks by API."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from milestones.enums import Cause, ExceptionKind, WakeOn
from milestones.models import ShipmentException, ShipmentMoney
from partners.enums import Role
from portal.api.cases import present_case, visible_cases
from portal.presentation import cases, contacts
from shipments.enums import PartyRole
from shipments.models import ShipmentParty
from tests.factories.milestones import (
    DAY,
    ETD,
    CaseFactory,
    GroupFactory,
    JourneyFactory,
    MilestoneFactory,
    RuleFactory,
    TaskFactory,
)
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import ShipmentFactory, SourceFactory
from tests.portal.journeys import shipment_of, with_party

pytestmark = pytest.mark.django_db
ROOM = "milestones_shipmentexception"
AT, LATER = ETD.isoformat(), (ETD + DAY + DAY / 8).isoformat()
MILESTONE = {"milestone": "Departed", "code": "DEPARTED"}


def of(group: str) -> Client:
    client = Client()
    client.force_login(internal(group))
    return client


def case_of(kind, facts, **fields):
    return CaseFactory(rule=RuleFactory(kind=kind, condition={"field": "shipment.mode", "op": "is", "value": "air"}),
                       facts=facts, **fields)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "facts", "words"),
    [
        ("overdue", {}, "Departed: overdue, nothing reported"),
        ("overdue", {"cause": "nearly_due"}, "Departed: due, nothing reported"),
        ("late", {"planned_at": AT, "at": LATER, "is_actual": True}, "Departed: late by 1d 3h"),
        ("late", {"planned_at": AT, "at": LATER, "is_actual": False}, "Departed: expected late by 1d 3h"),
        ("early", {"planned_at": LATER, "at": AT, "is_actual": True}, "Departed: early by 1d 3h"),
        ("early", {"planned_at": LATER, "at": AT, "is_actual": False}, "Departed: expected early by 1d 3h"),
        ("missing", {}, "Departed: skipped, a later milestone is reached"),
        ("out_of_sequence", {"other": "Loaded"}, "Departed: reported before “Loaded”"),
        ("unexpected", {}, "Departed: happened, but is not planned"),
        ("eta_slip", {"first_at": AT, "at": LATER}, "Departed: expected 1d 3h later than at first"),
        ("hold", {"code": "CUSTOMS_HOLD", "agency": "CBP"}, "Customs hold in force (CBP)"),
        ("hold", {"code": "ON_HOLD", "agency": ""}, "Hold in force"),
        ("dwell", {}, "Departed: nothing has happened since"),
        ("last_free_day", {"clock": "demurrage", "cause": "free_time_over"}, "Free time at the terminal is over"),
        ("last_free_day", {"clock": "demurrage", "cause": "free_time_ends", "unit": "MSKU1"},
         "Free time at the terminal ends (MSKU1)"),
        ("last_free_day", {"clock": "per_diem", "cause": "free_time_over"}, "Free time of the equipment is over"),
        ("last_free_day", {"clock": "per_diem", "cause": "free_time_ends"}, "Free time of the equipment ends"),
        ("document_missing", {"document": "mbl"}, "Master bill of lading is missing for “Departed”"),
        ("no_news", {}, "No news from the source: “Departed” was due"),
        ("conflict", {"at": AT, "other_at": LATER}, "Departed: sources differ by 1d 3h"),
        ("duplicate", {"at": AT, "other_at": LATER, "times": 2}, "Departed: reported 2 times, 1d 3h apart"),
        ("cost_overrun", {"percent": 12}, "It costs 12 % more than expected"),
        ("condition", {}, "As it was stored"),
        ("late", {"planned_at": None, "at": None, "is_actual": True}, "As it was stored"),
    ],
)  # fmt: skip
def test_a_case_is_worded_from_its_facts(kind, facts, words):
    assert cases.summary(case_of(kind, {**MILESTONE, **facts}, summary="As it was stored")) == words


def test_a_case_without_facts_says_what_was_stored():
    for kind in ExceptionKind.values:
        case = case_of(kind, {}, summary="As it was stored")
        assert (cases.summary(case), cases.cause(case), cases.gone(case, "UTC")) == ("As it was stored", "", "")


def test_cause_next_step_and_what_ended_it():
    case = case_of("late", {"cause": "estimated", "reason": "Congestion", "next_action": "Tell them",
                            "gone": "released", "gone_facts": {"by": "CBP", "at": AT}})  # fmt: skip
    assert cases.cause(case) == "A new estimate was reported: Congestion"
    assert cases.next_action(case) == "Tell them"
    assert cases.gone(case, "UTC") == "The hold was released by CBP: 3 Nov 08:00 UTC"
    assert cases.next_action(case_of("overdue", {})) == "Ask for the status"
    assert {Cause(value).label for value in Cause.values}


def test_sums_are_told_only_to_who_may_see_money():
    money = {"currency": "EUR", "expected": "100", "cost": "150"}
    case = case_of("cost_overrun", {"percent": 50, "money": money, "place": "NLRTM", "unit": "MSKU1", "agency": "CBP"})
    told = [detail.label for detail in cases.details(case, with_money=True)]
    kept = [detail.label for detail in cases.details(case, with_money=False)]
    assert told == [*kept, "Expected cost", "Cost now"]
    assert kept == ["Authority", "Place", "Unit", "Over what was expected"]
    JourneyFactory(shipment=case.shipment)
    ShipmentMoney.objects.create(shipment=case.shipment, currency="EUR", revenue=900, updated_at=ETD)
    page = reverse(f"admin:{ROOM}_change", args=[case.pk])
    seen, hidden = of("finance").get(page).content.decode(), of("operations").get(page).content.decode()
    assert all(text in seen for text in ("Money at risk", "900.00", "150.00"))
    assert not any(text in hidden for text in ("Money at risk", "900.00", "150.00"))


@pytest.mark.parametrize(
    ("facts", "title"),
    [
        ({"by": "journey", "numbers": ["021W", "9321483"], "place": "NLRTM"}, "021W · IMO 9321483 → NLRTM"),
        ({"by": "journey", "numbers": ["QR8"], "place": ""}, "QR8"),
        ({"by": "place", "place": "NLRTM"}, "At NLRTM"),
        ({"by": "source", "name": "PEARL-EDI"}, "Source PEARL-EDI"),
        ({"by": "customer", "customer": 7}, "One customer"),
        ({}, "place:X"),
    ],
)
def test_a_root_is_called_by_what_it_is(facts, title):
    assert cases.root_title(GroupFactory(facts=facts, key="place:X")) == title


def test_whom_to_ask_outside():
    broker = PartnerFactory(name="Clear & Co")
    member(broker, Role.VIEWER, email="desk@clear.example")
    shipment = with_party(shipment_of(PartnerFactory()), broker, PartyRole.CUSTOMS_BROKER)
    held = case_of("hold", {"code": "CUSTOMS_HOLD"}, shipment=shipment)
    assert contacts.outside(held) == [contacts.Contact("Customs broker", "Clear & Co", "desk@clear.example")]
    leg = shipment.legs.get()
    leg.carrier = PartnerFactory(name="Pearl Line")
    leg.save()
    assert contacts.outside(case_of("late", MILESTONE, shipment=shipment))[0].name == "Pearl Line"
    source = SourceFactory()
    silent = case_of("no_news", {"source": source.pk}, shipment=shipment)
    assert contacts.outside(silent)[0].name == source.partner.name
    assert contacts.outside(case_of("no_news", {"source": "?"}, shipment=shipment)) == []
    assert contacts.outside(case_of("document_missing", {"document": "packing_list"}, shipment=shipment)) == []


# --- What partners may see ---


def test_partners_see_the_course_of_the_freight_from_the_breach_on():
    shipment = shipment_of(PartnerFactory())
    seen = MilestoneFactory(shipment=shipment, slot="L1", audience="customer")
    kept = MilestoneFactory(shipment=shipment, slot="L2", audience="internal")
    late = case_of("late", MILESTONE, shipment=shipment, milestone=seen)
    for hidden in (
        "conflict",
        "duplicate",
        "document_missing",
        "no_news",
        "cost_overrun",
        "condition",
        "out_of_sequence",
    ):
        case_of(hidden, MILESTONE, shipment=shipment, milestone=seen)
    case_of("overdue", MILESTONE, shipment=shipment, milestone=seen, stage="warning")
    case_of("late", MILESTONE, shipment=shipment, milestone=kept)
    assert list(visible_cases(ShipmentException.objects.all(), internal=False)) == [late]
    assert visible_cases(ShipmentException.objects.all(), internal=True).count() == 10


def test_partners_read_neither_cause_nor_next_step_nor_root():
    case = case_of("late", {"cause": "estimated", "next_action": "Blame them", "evidence": ["x"]}, group=GroupFactory())
    house, outside = present_case(case, internal=True), present_case(case, internal=False)
    assert (house["cause"], house["next_action"], house["evidence"]) == ("estimated", "Blame them", ["x"])
    assert house["group"]["id"] == str(case.group.public_id)
    assert {outside[key] for key in ("cause", "next_action", "team", "evidence", "group")} == {None}


# --- Roots in the console ---


@pytest.fixture
def root():
    """Three open cases of one root, and one for itself."""
    group = GroupFactory(facts={"by": "journey", "numbers": ["021W"], "place": "NLRTM"})
    for severity in ("low", "high", "low"):
        CaseFactory(rule=group.rule, group=group, severity=severity, shipment=ShipmentFactory())
    CaseFactory(severity="medium")
    for case in ShipmentException.objects.all():
        JourneyFactory(shipment=case.shipment)
    return group


def test_the_list_has_one_row_a_root_the_worst_of_it(root):
    client, page = of("operations"), reverse(f"admin:{ROOM}_changelist")
    folded = client.get(page)
    lines = folded.context["rows"]
    assert lines[0]["key"] == f"root-{root.pk}"
    assert len(lines) == 2
    assert "3 shipments" in folded.content.decode()
    assert lines[0]["href"] == reverse(f"admin:{ROOM}_root", args=[root.pk])
    assert len(client.get(page + "?each=1").context["rows"]) == 4
    # Of those that the filters have left.
    low = client.get(page + "?severity=low").context["rows"]
    assert len(low) == 1
    assert "2 shipments" in client.get(page + "?severity=low").content.decode()


def test_what_is_done_to_the_row_of_a_root_is_done_to_all_of_it(root):
    address = reverse(f"admin:{ROOM}_do", args=["resolve"])
    answer = of("operations").post(address, {"rows": [f"root-{root.pk}", "root-x"], "reason": "Sailed."})
    assert answer.status_code == 302
    assert root.cases.filter(state="resolved").count() == 3


def test_the_page_of_a_root_and_its_dialogs(root):
    page = reverse(f"admin:{ROOM}_root", args=[root.pk])
    do = reverse(f"admin:{ROOM}_do_root", args=[root.pk, "resolve"])
    client = of("operations")
    assert "021W → NLRTM" in client.get(page).content.decode()
    assert "3 cases done." in client.post(do, {"reason": "Sailed."}).content.decode()
    # Nothing is left to do.
    assert client.get(do).status_code == 409
    assert client.get(reverse(f"admin:{ROOM}_do_root", args=[root.pk, "nothing"])).status_code == 404
    assert client.get(reverse(f"admin:{ROOM}_root", args=[2**63])).status_code == 404


def test_the_page_of_a_root_is_for_who_sees_exceptions_and_its_dialogs_for_who_works_on_them(root):
    page = reverse(f"admin:{ROOM}_root", args=[root.pk])
    do = reverse(f"admin:{ROOM}_do_root", args=[root.pk, "acknowledge"])
    assert [of("sales").get(page).status_code, of("operations").get(do).status_code] == [200, 200]
    assert [of("sales").get(do).status_code, of("sales").post(do).status_code] == [403, 403]
    nobody = Client()
    nobody.force_login(internal())
    assert [nobody.get(page).status_code, nobody.post(do).status_code] == [403, 403]


@pytest.mark.parametrize("said", ["{", "[]", "[" * 5000, '{"field": "nothing", "op": "is"}'])
def test_a_condition_that_is_none_is_refused_in_the_dialog(root, said):
    case = root.cases.first()
    address = reverse(f"admin:{ROOM}_do_row", args=[case.pk, "snooze"])
    answer = of("operations").post(address, {"until": "", "wake": "", "condition": said})
    assert answer.status_code == 422
    assert ShipmentException.objects.get(pk=case.pk).state == "open"


def test_a_case_sleeps_until_something_is_reported(root):
    case = root.cases.first()
    address = reverse(f"admin:{ROOM}_do_row", args=[case.pk, "snooze"])
    assert of("operations").post(address, {"until": "", "wake": WakeOn.NEWS}).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.wake_when) == ("snoozed", {"preset": "news", "since": None})
    shown = of("operations").get(reverse(f"admin:{ROOM}_change", args=[case.pk])).content.decode()
    assert "Something new is reported" in shown


# --- By the API ---


def test_a_task_is_given_to_a_colleague_and_to_nobody_else():
    task, colleague = TaskFactory(), internal("customs")
    stranger = member(PartnerFactory(), Role.VIEWER)
    client, address = of("operations"), f"/api/v1/tasks/{task.public_id}/assign/"
    given = client.post(address, {"to": colleague.email}, content_type="application/json")
    assert (given.status_code, given.json()["assignee"], given.json()["severity"]) == (200, colleague.email, "medium")
    refused = client.post(address, {"to": stranger.email}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "not_internal")
    assert client.post(address, {"to": None}, content_type="application/json").json()["assignee"] is None


def test_a_case_sleeps_by_the_api_until_something_happens(root):
    case = root.cases.first()
    client, address = of("operations"), f"/api/v1/exceptions/{case.public_id}/snooze/"
    empty = client.post(address, {}, content_type="application/json")
    assert (empty.status_code, empty.json()["code"]) == (400, "snooze_without_end")
    asleep = client.post(address, {"wake": "reached"}, content_type="application/json")
    assert (asleep.status_code, asleep.json()["state"]) == (200, "snoozed")
    assert asleep.json()["group"]["title"] == "021W → NLRTM"
    mine = client.get(f"/api/v1/exceptions/?group={root.public_id}").json()["results"]
    assert len(mine) == 3
    assert ShipmentParty.objects.filter(shipment=case.shipment).exists()
