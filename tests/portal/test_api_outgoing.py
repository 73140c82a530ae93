"""A shipment's events in the words of the standards: the same events as in the timeline, and no word more."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from milestones.services import evaluate_due
from partners.enums import InternalGroup, PartnerKind, Scope
from partners.services import save_partner
from shipments.enums import Format
from shipments.formats.registry import FORMATS
from shipments.models import EventMatch, LocationAlias
from shipments.services import ingest_messages, receive, retract_event, save_source
from tests.factories.milestones import JourneyFactory, LineFactory, TemplateFactory
from tests.factories.partners import api_key, internal
from tests.factories.shipments import (
    NOON,
    EventFactory,
    LocationFactory,
    MessageFactory,
    MilestoneTypeFactory,
    ShipmentFactory,
    SourceFactory,
    native,
    payload,
)
from tests.portal.api_world import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipment():
    """Alpha's, on which Line reports; Alpha's customer sees the departure and not the hold."""
    customer = save_partner("ALPHA", name="Alpha", kinds=[PartnerKind.CUSTOMER])
    made = ShipmentFactory(customer=customer, reference="S-STORY", references=[("mbl", "M1")])
    template = TemplateFactory(customer=customer)
    LineFactory(template=template, position=10, place_role="pol", type=MilestoneTypeFactory(code="DEPARTED"))
    LineFactory(
        template=template, position=20, place_role="pol", type=MilestoneTypeFactory(code="CUSTOMS_HOLD"),
        audience="internal",
    )  # fmt: skip
    JourneyFactory(shipment=made, template=template)
    line = save_partner("LINE", name="Ocean Line", kinds=[PartnerKind.CARRIER])
    source = save_source("LINE-FEED", partner=line, format=Format.NATIVE)
    LocationAlias.objects.create(kind="gln", value="4012345000009", location=LocationFactory())
    say(
        source,
        native(
            "DEPARTED", ("mbl", "M1"), ("booking", "SECRET-1"), location={"unlocode": "NLRTM"}, unit="MSKU1234565",
            source_event_id="D-1", reason="Tide", remarks="Of ours", leg={"vessel_imo": "9074729", "voyage": "7W"},
            occurred_at="2026-11-03T12:00:00",
        ),
        native("CUSTOMS_HOLD", ("mbl", "M1"), source_event_id="H-1"),
    )  # fmt: skip
    evaluate_due()
    return made


def say(source, *events):
    assert ingest_messages([receive(source, payload(*events)).message.pk]) == 1


def sent(shipment, standard, **caller):
    answer = ask(f"shipments/{shipment.public_id}/{standard}/", **caller)
    assert answer.status_code == 200, answer.content
    return answer.json()


def read(standard, document):
    parsed = FORMATS["dcsa_2" if standard == "dcsa" else "epcis"](json.dumps(document).encode(), {})
    assert parsed.issues == ()
    return parsed.events


@pytest.mark.parametrize("standard", ["dcsa", "epcis"])
def test_people_of_the_house_are_sent_all_that_was_said(shipment, standard):
    hold, departed = sorted(read(standard, sent(shipment, standard, user=internal(InternalGroup.OPERATIONS))),
                            key=lambda event: event.code)  # fmt: skip
    assert (hold.code, hold.source_event_id) == ("CUSTOMS_HOLD", "H-1")
    assert (departed.code, departed.classifier, departed.wall_time, departed.zone) == (
        "DEPARTED", "ACT", "2026-11-03T12:00:00", "Europe/Amsterdam",
    )  # fmt: skip
    assert (departed.place.unlocode, departed.place.code, departed.place.code_kind) == (
        "NLRTM", "4012345000009", "gln",
    )  # fmt: skip
    assert (departed.equipment, departed.vessel_imo, departed.voyage) == ("MSKU1234565", "9074729", "7W")
    assert departed.references == (("mbl", "M1"), ("booking", "SECRET-1"))
    assert (departed.source_event_id, departed.reason, departed.remarks) == ("D-1", "Tide", "Of ours")


@pytest.mark.parametrize("standard", ["dcsa", "epcis"])
def test_a_customer_is_sent_what_the_timeline_shows_him_and_no_word_more(shipment, standard):
    secret = api_key(shipment.customer, Scope.READ)[1]
    document = sent(shipment, standard, secret=secret)
    (departed,) = read(standard, document)
    assert (departed.code, departed.equipment, departed.references) == ("DEPARTED", "MSKU1234565", (("mbl", "M1"),))
    assert (departed.source_event_id, departed.reason, departed.remarks) == ("", "", "")
    for word in ("SECRET-1", "D-1", "Tide", "Of ours", "CUSTOMS_HOLD", "H-1", "LINE-FEED"):
        assert word not in json.dumps(document)


@pytest.mark.parametrize("standard", ["dcsa", "epcis"])
def test_what_was_taken_back_is_told_to_everybody_who_was_told_of_it(shipment, standard):
    event = EventMatch.objects.get(event__code="DEPARTED").event
    retract_event(event, reason="Typed wrongly", by=internal(InternalGroup.OPERATIONS))
    evaluate_due()
    secret = api_key(shipment.customer, Scope.READ)[1]
    theirs = read(standard, sent(shipment, standard, secret=secret))
    assert [(bool(e.code), e.retracts) for e in theirs] == [(True, ""), (False, str(event.public_id))]
    ours = read(standard, sent(shipment, standard, user=internal(InternalGroup.OPERATIONS)))
    taken_back = [(one.retracts, one.reason) for one in ours if one.retracts]
    assert taken_back == [("D-1", "Typed wrongly")]


@pytest.mark.parametrize("standard", ["dcsa", "epcis"])
def test_what_was_read_anew_or_is_not_believed_is_left_out(shipment, standard):
    event = EventMatch.objects.get(event__code="DEPARTED").event
    anew = EventFactory(message=event.message, source_event_id="D-1", supersedes=event.pk, shipments=[shipment])
    source = save_source("LINE-FEED", partner=event.source.partner, format=Format.NATIVE)
    say(source, native("ARRIVED", ("mbl", "M1"), occurred_at="2199-01-01T00:00:00Z"))
    user = internal(InternalGroup.OPERATIONS)
    document = sent(shipment, standard, user=user)
    assert sorted(event.code for event in read(standard, document)) == ["CUSTOMS_HOLD", "DEPARTED"]
    assert str(anew.public_id) in json.dumps(document) and str(event.public_id) not in json.dumps(document)


@pytest.mark.parametrize(("standard", "kept"), [("dcsa", []), ("epcis", {"eventList": []})])
def test_a_shipment_without_events_has_an_empty_document(standard, kept):
    made = ShipmentFactory()
    document = sent(made, standard, user=internal(InternalGroup.OPERATIONS))
    assert (document if standard == "dcsa" else document["epcisBody"]) == kept


@pytest.mark.parametrize("standard", ["dcsa", "epcis"])
def test_a_document_takes_a_fixed_number_of_queries(shipment, standard):
    secret = api_key(shipment.customer, Scope.READ)[1]
    taken = []
    for count in (1, 5):
        for number in range(count):
            event = EventFactory(
                message=MessageFactory(source=SourceFactory()), location=LocationFactory(), shipments=[shipment],
                occurred_at=NOON - timedelta(hours=number), source_event_id=f"E{number}",
            )  # fmt: skip
            EventFactory(message=event.message, retracts=event.source_event_id, code=MilestoneTypeFactory(code="INFO"))
        sent(shipment, standard, secret=secret)
        with CaptureQueriesContext(connection) as queries:
            sent(shipment, standard, secret=secret)
        taken.append(len([query for query in queries if "portal_requestcount" not in query["sql"]]))
    assert taken == [12, 12]


@pytest.mark.parametrize(("name", "kind"), [("dcsa", "application/json"), ("epcis", "application/ld+json")])
def test_the_console_has_them_as_files(shipment, name, kind):
    client = Client()
    client.force_login(internal(InternalGroup.OPERATIONS))
    page = client.get(reverse("admin:shipments_shipment_change", args=[shipment.pk])).content.decode()
    address = reverse("admin:shipments_shipment_file", args=[shipment.pk, name])
    answer = client.get(address)
    assert address in page
    assert (answer["Content-Type"], len(read(name, json.loads(answer.content)))) == (kind, 2)
