"""Lists and what stands in them: shape, paging, filters, the number of queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from milestones.enums import Audience, CaseState
from partners.enums import InternalGroup, PartnerKind
from partners.models import Partner
from partners.services import save_partner
from portal.api import (
    cases,
    charges,
    events,
    invoices,
    messages,
    milestones,
    partners,
    shipment_output,
    tasks,
    timeline,
)
from shipments.enums import PartyRole, ReferenceType
from tests.factories.milestones import CaseFactory, TaskFactory
from tests.factories.partners import api_key, internal
from tests.factories.shipments import NOON, EventFactory, MessageFactory, SourceFactory
from tests.portal.api_world import USES, ask, bearer, make_world, use
from tests.portal.journeys import INTERNAL_STEP, PARTNER_STEP, shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db

LISTS = {name[0] for name, one in USES.items() if name[1] == "GET" and "{" not in one.path}
SHAPES = {
    "messages": messages.MessageOut,
    "events": events.EventOut,
    "shipments": shipment_output.ShipmentOut,
    "milestone-templates": milestones.TemplateOut,
    "exceptions": cases.ExceptionOut,
    "tasks": tasks.TaskOut,
    "partners": partners.PartnerOut,
    "charges": charges.ChargeOut,
    "accruals": charges.AccrualOut,
    "invoices": invoices.InvoiceOut,
    "exports": invoices.ExportOut,
}
ONES = {
    "message": messages.MessageOut,
    "shipment": shipment_output.ShipmentOut,
    "timeline": timeline.TimelineOut,
    "exception": cases.ExceptionOut,
    "partner": partners.PartnerOut,
    "invoice": invoices.InvoiceOut,
}


def rows(path: str, **caller: object) -> list[dict[str, object]]:
    answer = ask(path, **caller)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def declared(serializer: type) -> set[str]:
    return set(serializer().fields)


def test_what_is_shown_is_what_the_description_declares():
    world, administrator = make_world(), internal(InternalGroup.ADMINISTRATOR)
    shown = {name: set(rows(USES[name, "GET"].path, user=administrator)[0]) for name in LISTS}
    ones = {name: set(use(world.alpha, (name, "GET"), user=administrator).json()) for name in ONES}
    # The ids of its events stand with one message only.
    expected = {name: declared(shape) for name, shape in SHAPES.items()}
    expected["messages"] -= {"events"}
    assert shown == expected
    assert ones == {name: declared(shape) for name, shape in ONES.items()}


def test_what_stands_inside_is_declared_as_well():
    world, administrator = make_world(), internal(InternalGroup.ADMINISTRATOR)
    ship = use(world.alpha, ("shipment", "GET"), user=administrator).json()
    line = use(world.alpha, ("timeline", "GET"), user=administrator).json()
    invoice = use(world.alpha, ("invoice", "GET"), user=administrator).json()
    template = rows("milestone-templates/", user=administrator)[0]
    shown = [
        ship["parties"][0], ship["references"][0], ship["units"][0], ship["legs"][0], line["milestones"][0],
        line["events"][0], line["exceptions"][0], invoice["lines"][0], template["lines"][0],
    ]  # fmt: skip
    shapes = [
        shipment_output.PartyOut, shipment_output.ReferenceOut, shipment_output.UnitOut, shipment_output.LegOut,
        timeline.MilestoneOut, events.EventOut, cases.ExceptionOut, invoices.InvoiceLineOut, milestones.LineOut,
    ]  # fmt: skip
    assert [set(row) for row in shown] == [declared(shape) for shape in shapes]


def one_more(partner: Partner, number: int) -> None:
    shipment = with_party(with_journey(shipment_of(partner)), partner)
    source = SourceFactory(partner=partner)
    EventFactory(message=MessageFactory(source=source), shipments=[shipment], source_event_id=f"E{number}")
    CaseFactory(shipment=shipment, milestone=shipment.milestones.first())
    TaskFactory(shipment=shipment)


# Asked by a person of the house (session, person, rights) and with a key; the counting of requests is left out.
QUERIES = {"messages": (5, 2), "events": (8, 6), "shipments": (9, 9), "exceptions": (5, 2), "partners": (6, 3)}


@pytest.mark.parametrize("name", sorted(QUERIES))
@pytest.mark.parametrize("count", [1, 3])
def test_a_list_takes_a_fixed_number_of_queries(name, count):
    partner = save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER])
    for number in range(count):
        one_more(partner, number)
    person, key = Client(), Client(headers=bearer(api_key(partner, "read", "ingest")[1]))
    person.force_login(internal(InternalGroup.OPERATIONS))
    taken = []
    for caller in (person, key):
        # The first request of a process also learns the types of the models; the second shows what a list takes.
        caller.get(f"/api/v1/{name}/")
        with CaptureQueriesContext(connection) as queries:
            caller.get(f"/api/v1/{name}/")
        taken.append(len([query for query in queries if "portal_requestcount" not in query["sql"]]))
    assert tuple(taken) == QUERIES[name]


def pages(path: str, **caller: object) -> list[list[str]]:
    found = []
    while path:
        answer = ask(path, **caller).json()
        found.append([row["reference"] for row in answer["results"]])
        path = answer["next"] or ""
    return found


@pytest.fixture
def alpha() -> Partner:
    return save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER])


@pytest.fixture
def secret(alpha: Partner) -> str:
    return api_key(alpha, "read", "ingest")[1]


def test_pages_follow_one_another_newest_first(alpha, secret):
    for number in range(5):
        shipment_of(alpha, reference=f"P-{number}")
    assert pages("shipments/?limit=2", secret=secret) == [["P-4", "P-3"], ["P-2", "P-1"], ["P-0"]]
    second = ask(ask("shipments/?limit=2", secret=secret).json()["next"], secret=secret).json()
    first = ask(second["previous"], secret=secret).json()
    assert ([row["reference"] for row in first["results"]], first["previous"]) == (["P-4", "P-3"], None)


def test_what_comes_meanwhile_does_not_shift_the_pages(alpha, secret):
    for number in range(3):
        shipment_of(alpha, reference=f"P-{number}")
    following = ask("shipments/?limit=2", secret=secret).json()["next"]
    shipment_of(alpha, reference="P-NEW")
    assert [row["reference"] for row in ask(following, secret=secret).json()["results"]] == ["P-0"]


def test_a_page_has_fifty_rows_and_two_hundred_at_most(alpha, secret):
    for _number in range(51):
        shipment_of(alpha)
    assert [len(page) for page in pages("shipments/", secret=secret)] == [50, 1]
    assert [len(page) for page in pages("shipments/?limit=200", secret=secret)] == [51]
    assert ask("shipments/?limit=201", secret=secret).status_code == 400


def test_shipments_are_filtered(alpha, secret):
    first = with_journey(shipment_of(alpha, reference="FIRST-1"), done=6)
    second = with_party(with_journey(shipment_of(alpha, reference="SECOND-2"), done=2, late_days=3), alpha)
    CaseFactory(shipment=second, milestone=second.milestones.get(type="DEPARTED"))
    container = first.references.get(type=ReferenceType.CONTAINER).value
    found = {
        query: [row["reference"] for row in rows(f"shipments/?{query}", secret=secret)]
        for query in (
            "reference=first%201", f"reference={container}", "search=SEC", "search=---", "reference=---", "mode=ocean",
            "mode=air", "status=delivered", "customer=ALPHA", "customer=BETA", "origin=CNSGH", "destination=NLRTM",
            "origin=NLRTM", "has_exception=true", "has_exception=false", "eta_after=2026-12-08T00:00:00Z",
            "eta_before=2026-12-08T00:00:00Z", "updated_since=2020-01-01T00:00:00Z",
            "updated_since=2099-01-01T00:00:00Z",
        )
    }  # fmt: skip
    both = ["SECOND-2", "FIRST-1"]
    assert found == {
        "reference=first%201": ["FIRST-1"], f"reference={container}": ["FIRST-1"], "search=SEC": ["SECOND-2"],
        "search=---": [], "reference=---": [], "mode=ocean": both, "mode=air": [], "status=delivered": ["FIRST-1"],
        "customer=ALPHA": both, "customer=BETA": [], "origin=CNSGH": both, "destination=NLRTM": both,
        "origin=NLRTM": [], "has_exception=true": ["SECOND-2"], "has_exception=false": ["FIRST-1"],
        "eta_after=2026-12-08T00:00:00Z": ["SECOND-2"], "eta_before=2026-12-08T00:00:00Z": ["FIRST-1"],
        "updated_since=2020-01-01T00:00:00Z": both, "updated_since=2099-01-01T00:00:00Z": [],
    }  # fmt: skip


def test_events_are_filtered(alpha, secret):
    shipment = with_journey(shipment_of(alpha))
    source = SourceFactory(partner=alpha)
    message = MessageFactory(source=source)
    kept = EventFactory(message=message, shipments=[shipment], source_event_id="E1", raw_code="KEPT")
    EventFactory(message=message, shipments=[shipment], source_event_id="E2", raw_code="TAKEN BACK")
    EventFactory(message=message, source_event_id="E3", retracts="E2", raw_code="RETRACTION", classifier="EST")
    old = EventFactory(message=message, raw_code="OLD")
    EventFactory(message=message, raw_code="REPAIRED", supersedes=old.pk)
    unmatched = EventFactory(message=message, raw_code="UNMATCHED", code__code="LOADED")
    unmatched.waits.create(source=source, reason="unmatched")
    po = shipment.references.get(type=ReferenceType.PO).value
    said = {
        query: [row["raw_code"] for row in rows(f"events/?{query}", secret=secret)]
        for query in (
            f"shipment={shipment.public_id}", f"reference={po}", "code=LOADED", "classifier=EST", "state=active",
            "state=retracted", "state=superseded", "state=unmatched", "state=quarantined",
            "updated_since=2099-01-01T00:00:00Z",
        )
    }  # fmt: skip
    assert said == {
        f"shipment={shipment.public_id}": ["TAKEN BACK", "KEPT"], f"reference={po}": ["TAKEN BACK", "KEPT"],
        "code=LOADED": ["UNMATCHED"], "classifier=EST": ["RETRACTION"],
        "state=active": ["REPAIRED", "RETRACTION", "KEPT"], "state=retracted": ["TAKEN BACK"],
        "state=superseded": ["OLD"], "state=unmatched": ["UNMATCHED"], "state=quarantined": [],
        "updated_since=2099-01-01T00:00:00Z": [],
    }  # fmt: skip
    states = {row["raw_code"]: row["state"] for row in rows("events/", secret=secret)}
    assert states == {
        "KEPT": "active", "TAKEN BACK": "retracted", "RETRACTION": "active", "OLD": "superseded", "REPAIRED": "active",
        "UNMATCHED": "unmatched",
    }  # fmt: skip
    assert kept.source_id == source.pk


def test_lists_tell_what_changed_since():
    world, administrator = make_world(), internal(InternalGroup.ADMINISTRATOR)
    ahead = (timezone.now() + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%SZ")
    behind = "2020-01-01T00:00:00Z"
    dated = LISTS - {"partners"}
    found = {
        name: tuple(
            len(rows(f"{name}/?limit=200&updated_since={moment}", user=administrator)) for moment in (behind, ahead)
        )
        for name in dated
    }
    everything = {name: len(rows(f"{name}/?limit=200", user=administrator)) for name in dated}
    # What was not billed may have left a draft at any time.
    assert found == {name: (count, 0) for name, count in everything.items()}
    assert ask("partners/?updated_since=" + behind, secret=world.alpha.secret).status_code == 400


def test_an_outsider_learns_nothing_of_internal_milestones_from_lists(alpha, secret):
    shipment = with_journey(shipment_of(alpha), done=6)
    hidden = shipment.milestones.get(name=INTERNAL_STEP)
    assert hidden.audience == Audience.INTERNAL
    CaseFactory(shipment=shipment, milestone=hidden, summary="Margin too small")
    EventFactory(shipments=[shipment], code=hidden.type)
    mine = rows("shipments/", secret=secret)[0]
    assert (mine["next_milestone"], mine["open_exceptions"]) == ("", 0)
    assert rows("shipments/?has_exception=true", secret=secret) == []
    assert rows("exceptions/", secret=secret) == []
    assert rows("events/", secret=secret) == []
    ours = rows("shipments/?has_exception=true", user=internal(InternalGroup.OPERATIONS))
    assert [row["id"] for row in ours] == [str(shipment.public_id)]


def test_a_carrier_sees_what_is_for_partners_and_the_customer_does_not(alpha, secret):
    carrier = save_partner("CARRIER", name="Carrier", kinds=[PartnerKind.CARRIER])
    shipment = with_party(with_journey(shipment_of(alpha), done=6), carrier, PartyRole.CARRIER)
    theirs = api_key(carrier, "read")[1]
    path = f"shipments/{shipment.public_id}/timeline/"
    assert rows("shipments/", secret=theirs)[0]["next_milestone"] == PARTNER_STEP
    names = {
        who: [one["name"] for one in ask(path, secret=who).json()["milestones"] if one["name"].split()[0] in
              {INTERNAL_STEP.split()[0], PARTNER_STEP.split()[0]}]
        for who in (secret, theirs)
    }  # fmt: skip
    assert names == {secret: [], theirs: [PARTNER_STEP]}


def test_the_internals_of_anothers_source_stay_with_it(alpha, secret):
    shipment = with_journey(shipment_of(alpha))
    foreign = SourceFactory(code="SECRET-FEED", partner__name="Ocean Line")
    EventFactory(
        message=MessageFactory(source=foreign), shipments=[shipment], references=[{"type": "po", "value": "THEIRS"}]
    )
    shown = rows("events/", secret=secret)
    assert [(row["source"], row["message"], row["references"]) for row in shown] == [("Ocean Line", None, [])]
    inside = ask(f"shipments/{shipment.public_id}/timeline/", secret=secret).json()["events"]
    assert inside == shown
    ours = rows("events/", user=internal(InternalGroup.OPERATIONS))
    assert [(row["source"], row["references"]) for row in ours] == [
        ("SECRET-FEED", [{"type": "po", "value": "THEIRS"}])
    ]


def test_what_we_buy_for_is_shown_to_no_partner():
    world = make_world()
    sold = world.alpha.rows["draft"].lines.get().charge
    type(sold).objects.filter(pk=sold.pk).update(side="buy", description="Ocean freight bought")
    mine = rows("charges/", secret=world.alpha.secret)
    assert {row["side"] for row in mine} == {"sell"}
    assert rows("charges/?side=buy", secret=world.alpha.secret) == []
    ours = rows("charges/?side=buy", user=internal(InternalGroup.FINANCE))
    assert [row["description"] for row in ours] == ["Ocean freight bought"]


def test_a_partner_is_shown_issued_documents_only():
    world = make_world()
    assert [row["state"] for row in rows("invoices/", secret=world.alpha.secret)] == ["issued"]
    draft = f"invoices/{world.alpha.rows['draft'].public_id}/"
    assert ask(draft, secret=world.alpha.secret).status_code == 404


def test_cases_are_filtered(alpha, secret):
    shipment = with_journey(shipment_of(alpha))
    one = CaseFactory(shipment=shipment, milestone=shipment.milestones.get(type="DEPARTED"))
    assert one.state == CaseState.OPEN
    counts = {
        query: len(rows(f"exceptions/?{query}", secret=secret))
        for query in (f"shipment={shipment.public_id}", "state=open", "state=resolved", f"kind={one.kind}",
                      f"severity={one.severity}", "severity=low", f"updated_since={NOON.year + 70}-01-01T00:00:00Z")
    }  # fmt: skip
    assert list(counts.values()) == [1, 1, 0, 1, 1, 0, 0]
