"""The clinic: everything is found out, nothing is kept, and nobody learns of what is another's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from core.errors import DomainError
from milestones.models import Milestone
from milestones.services import evaluate_shipments
from partners.enums import InternalGroup, PartnerKind
from portal.clinic import MOST_EVENTS, examine
from portal.previews import preview_mapping
from portal.trial import try_out
from shipments.models import CodeMapping, Event, Message, Shipment
from shipments.services import ingest_waiting, receive, save_mapping
from tests.expected_values import COLLECTED
from tests.factories.partners import PartnerFactory, api_key, internal
from tests.factories.shipments import LocationFactory, ShipmentFactory, SourceFactory, native, payload
from tests.portal.api_world import ask
from tests.shipments.test_formats_samples import needs_collected

pytestmark = pytest.mark.django_db

X12 = (
    b"ISA*00*          *00*          *ZZ*CARRIER        *ZZ*US             *261103*1200*U*00401*000000007*0*P*>~"
    b"GS*QM*CARRIER*US*20261103*1200*7*X*004010~ST*214*0001~B10*PRO-1*S-00001*SCAC~L11*M1*MB~"
    b"LX*1~AT7*AF*NS***20261103*1300*LT~MS1*ROTTERDAM**NL~SE*7*0001~GE*1*7~IEA*1*000000007~"
)


def counts() -> dict[str, int]:
    """The rows of every table there is, ours and others'."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor)]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            found[table] = cursor.fetchone()[0]
    return found


def house() -> Any:
    return internal(InternalGroup.OPERATIONS)


def travelling(**fields: Any) -> Shipment:
    shipment = ShipmentFactory(references=[("mbl", "M1")], **fields)
    evaluate_shipments([shipment.pk], now=timezone.now())
    return shipment


def test_everything_is_found_out_and_no_row_of_any_table_is_left_behind():
    by = house()
    LocationFactory()
    shipment = travelling()
    source = SourceFactory(code="FEED", sender_ids=["OTHER"])
    for values in ({"source": source}, {"format": "native"}, {"format": "auto"}, {}):
        before = counts()
        finding = examine(
            payload(
                native("DEPARTED", ("mbl", "M1"), location={"unlocode": "NLRTM"}),
                native("ARRIVED", ("mbl", "NOBODY"), location={"unlocode": "XXYYY"}),
                {**native("", ("mbl", "M1"), raw_code="QQ"), "code": ""},
                native("DEPARTED", ("mbl", "M1"), location={"unlocode": "NLRTM"}),
            ),
            by=by,
            **values,
        )
        assert counts() == before
        assert (finding.format, finding.state, finding.errors, finding.is_known) == ("native", "parsed", [], False)
        assert [(f.position, f.standing, f.is_mapped, f.waits, f.shipments) for f in finding.events] == [
            (0, "new", True, (), (shipment,)),
            (1, "new", True, ("unmatched", "unplaced"), ()),
            (2, "new", False, ("unmapped",), (shipment,)),
            (3, "repeated", True, (), (shipment,)),
        ]
        (effect,) = finding.effects
        assert (effect.before.status, effect.after.status) == ("booked", "in_transit")
        (departed,) = [c for c in effect.milestones if c.code == "DEPARTED"]
        assert (departed.before.actual_at, departed.after.actual_at.isoformat()) == (None, "2026-11-03T12:00:00+00:00")
        assert Milestone.objects.filter(shipment=shipment).exclude(actual_at=None).count() == 0


def test_what_is_stored_already_is_said_and_would_change_nothing():
    by, source, shipment = house(), SourceFactory(), travelling()
    raw = payload(native("DEPARTED", ("mbl", "M1")))
    receive(source, raw)
    ingest_waiting()
    evaluate_shipments([shipment.pk], now=timezone.now())
    stored = Event.objects.get()
    before = counts()
    known = examine(raw, by=by, source=source)
    other = examine(payload(native("DEPARTED", ("mbl", "M1"), remarks="again")), by=by, source=source)
    assert counts() == before
    assert [(f.is_known, [(e.standing, e.event.pk) for e in f.events], f.effects) for f in (known, other)] == [
        (True, [("duplicate", stored.pk)], []),
        (False, [("duplicate", stored.pk)], []),
    ]
    assert Message.objects.get().deliveries == 1


def test_each_event_says_where_it_stands_which_mapping_decided_and_how_its_time_was_found():
    LocationFactory()
    finding = examine(X12, by=house())
    (found,) = finding.events
    mapping = CodeMapping.objects.current().get(format="x12_214", code_list="1650", raw_code="AF")
    assert (finding.format, found.mapping, found.segment) == ("x12_214", mapping, found.event.segment)
    assert (found.event.code_id, found.event.wall_time, found.event.time_zone, found.event.zone_certainty) == (
        "PICKED_UP", "2026-11-03T13:00:00", "Europe/Amsterdam", "derived",
    )  # fmt: skip


def test_a_mapping_for_the_source_is_the_one_that_is_named():
    source = SourceFactory()
    save_mapping(format="native", code_list="native", raw_code="QQ", code="ARRIVED", by=None)
    own = save_mapping(format="native", code_list="native", raw_code="QQ", code="DEPARTED", source=source, by=None)
    (found,) = examine(
        payload({**native("", ("mbl", "M1"), raw_code="QQ"), "code": ""}), by=house(), source=source
    ).events
    assert (found.mapping, found.event.code_id) == (own, "DEPARTED")


def test_what_cannot_be_read_says_where_and_why():
    finding = examine(X12.replace(b"20261103*1300", b"20269903*1300"), by=house())
    (error,) = finding.errors
    assert (finding.state, finding.events, error["segment"][:3]) == ("rejected", [], "AT7")
    assert examine(b"hello", by=house()).errors[0]["code"] == "unknown_format"


def test_no_more_than_500_events_are_shown():
    events = [native("DEPARTED", ("mbl", f"M{number}")) for number in range(MOST_EVENTS + 3)]
    finding = examine(payload(*events), by=house())
    assert (len(finding.events), finding.left_out) == (500, 3)


@pytest.mark.parametrize(
    ("raw", "values", "code"),
    [
        (b" ", {}, "empty"),
        (b"x" * ((5 << 20) + 1), {}, "too_large"),
        (b"x", {"format": "telex"}, "unknown_format"),
    ],
)
def test_what_the_clinic_does_not_take(raw, values, code):
    with pytest.raises(DomainError) as refusal:
        examine(raw, by=house(), **values)
    assert refusal.value.code == code


def test_a_statement_that_takes_too_long_is_given_up_and_said(monkeypatch):
    monkeypatch.setattr("portal.trial._STATEMENT", "1ms")

    def slow() -> tuple[None, set[int]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1)")
        return None, set()

    with pytest.raises(DomainError) as refusal:
        try_out(slow, by=house())
    assert (refusal.value.code, refusal.value.conflict) == ("too_slow", True)
    assert Event.objects.count() == 0


def test_a_trial_shows_only_what_the_effect_of_time_does_not_explain():
    by, shipment = house(), travelling()
    Milestone.objects.filter(shipment=shipment).update(state="planned")
    _nothing, trial = try_out(lambda: (None, {shipment.pk}), by=by)
    assert [effect.is_change for effect in trial.effects] == [False]


def test_a_mapping_is_previewed_with_what_it_does_to_shipments_and_nothing_is_kept():
    by, source, shipment = house(), SourceFactory(), travelling()
    unknown = [{**native("", ("mbl", "M1"), raw_code="QQ", occurred_at=f"2026-11-03T1{n}:00:00Z")} for n in range(3)]
    receive(source, payload(*({**event, "code": ""} for event in unknown)))
    ingest_waiting()
    before = counts()
    seen = preview_mapping(code="DEPARTED", by=by, format="native", code_list="native", raw_code="QQ", classifier="")
    assert counts() == before
    assert (seen.waiting, seen.tried) == (3, 3)
    assert [(old.code_id, new.code_id) for old, new in seen.changes] == [("INFO", "DEPARTED")] * 3
    assert [effect.shipment for effect in seen.trial.changed] == [shipment]


@needs_collected
def test_every_collected_214_goes_through_the_clinic_and_leaves_nothing():
    by = house()
    before = counts()
    states = {}
    for path in sorted((COLLECTED / "x12_214").glob("*.edi")):
        states[path.name] = examine(path.read_bytes(), by=by).state
    assert set(states.values()) <= {"parsed", "partial", "rejected"}
    assert sum(state != "rejected" for state in states.values()) > len(states) / 2
    assert counts() == before


# --- the API ---------------------------------------------------------------------------------------------------------


def partner_of(code: str) -> Any:
    return PartnerFactory(code=code, kinds=[PartnerKind.CARRIER.value, PartnerKind.CUSTOMER.value])


def test_the_answer_says_all_of_it():
    by = house()
    shipment = travelling()
    SourceFactory(code="FEED")
    body = payload(native("DEPARTED", ("mbl", "M1"), location={"unlocode": "NLRTM"}))
    answer = ask("clinic/?source=FEED", "POST", user=by, body=body, X_CSRFToken="x")
    said = answer.json()
    assert (answer.status_code, said["format"], said["state"]) == (200, "native", "parsed")
    (event,) = said["events"]
    assert {name: event[name] for name in ("code", "occurred_at", "location", "shipments", "waits", "standing")} == {
        "code": "DEPARTED", "occurred_at": "2026-11-03T12:00:00+00:00", "location": "NLRTM",
        "shipments": [str(shipment.public_id)], "waits": [], "standing": "new",
    }  # fmt: skip
    (effect,) = said["effects"]
    assert (effect["before"]["status"], effect["after"]["status"]) == ("booked", "in_transit")
    assert Message.objects.count() == 0


def test_a_partners_key_uses_its_own_sources_only():
    alpha, beta = partner_of("ALPHA"), partner_of("BETA")
    SourceFactory(code="A-FEED", partner=alpha)
    SourceFactory(code="B-FEED", partner=beta)
    _key, secret = api_key(alpha, "ingest")
    body = payload(native("DEPARTED", ("mbl", "M1")))
    own, foreign, missing = (
        ask(f"clinic/?source={code}", "POST", secret=secret, body=body) for code in ("A-FEED", "B-FEED", "NONE")
    )
    assert (own.status_code, foreign.status_code) == (200, 404)
    assert foreign.content == missing.content
    assert ask("clinic/?format=native", "POST", secret=secret, body=body).json()["code"] == "source_missing"
    assert ask("clinic/", "POST", secret=secret, body=body).json()["code"] == "source_missing"
    assert ask("clinic/?source=A-FEED&format=csv", "POST", secret=secret, body=body).status_code == 400


def test_whether_anothers_shipment_exists_is_not_told():
    """The same answer for a number nobody has, for another's shipment, and for one that several others have."""
    alpha, beta = partner_of("ALPHA"), partner_of("BETA")
    SourceFactory(code="A-FEED", partner=alpha)
    _key, secret = api_key(alpha, "ingest", "read")

    def said(number: str) -> Any:
        answer = ask("clinic/?source=A-FEED", "POST", secret=secret, body=payload(native("DEPARTED", ("po", number))))
        return json.loads(answer.content.decode().replace(number, "NUMBER"))

    nobodys = said("PO-11")
    ShipmentFactory(references=[("po", "PO-12")], customer=beta)
    ShipmentFactory(references=[("po", "PO-13")], customer=beta)
    ShipmentFactory(references=[("po", "PO-13")], customer=beta)
    assert said("PO-12") == nobodys
    assert said("PO-13") == nobodys
    own = ShipmentFactory(references=[("po", "PO-14")], customer=alpha)
    (event,) = said("PO-14")["events"]
    assert event["shipments"] == [str(own.public_id)]
    # A key that may only send sees none of its own either.
    _key, sender = api_key(alpha, "ingest", name="Sender")
    answer = ask(
        "clinic/?source=A-FEED", "POST", secret=sender, body=payload(native("DEPARTED", ("po", "PO-14")))
    ).json()
    assert (answer["events"][0]["shipments"], answer["effects"]) == ([], [])


def test_a_body_that_is_too_large_is_refused():
    _key, secret = api_key(partner_of("ALPHA"), "ingest")
    SourceFactory(code="A-FEED", partner=apps.get_model("partners", "Partner").objects.get(code="ALPHA"))
    answer = ask("clinic/?source=A-FEED", "POST", secret=secret, body=b"x" * ((5 << 20) + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
