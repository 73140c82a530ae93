import json

import pytest

from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.formats.native import parse

EVENT = {"code": "ARRIVED", "occurred_at": "2026-02-04T06:00:00", "references": [{"type": "hbl", "value": "H1"}]}


def read(**changes):
    kept = {name: value for name, value in {**EVENT, **changes}.items() if value is not None}
    return parse(json.dumps(kept).encode(), {})


def only(**changes):
    (event,) = read(**changes).events
    return event


def fault(**changes):
    (issue,) = read(**changes).issues
    return issue.code, issue.element


def test_the_least_an_event_needs():
    assert read().events == (
        ParsedEvent(
            0, "", "native", "2026-02-04T06:00:00", code="ARRIVED", references=(("hbl", "H1"),), segment="event 1"
        ),
    )


@pytest.mark.parametrize(
    ("occurred_at", "time_zone", "zone"),
    [
        ("2026-02-04T06:00:00", None, ""),
        ("2026-02-04T06:00:00", "Europe/Amsterdam", "Europe/Amsterdam"),
        ("2026-02-04T06:00:00+01:00", "Europe/Amsterdam", "Europe/Amsterdam"),
        ("2026-02-04T06:00:00+08:00", "Europe/Amsterdam", "+08:00"),
        ("2026-02-04T06:00:00Z", None, "+00:00"),
    ],
)
def test_an_offset_decides_and_a_zone_that_agrees_gives_its_name(occurred_at, time_zone, zone):
    event = only(occurred_at=occurred_at, time_zone=time_zone)
    assert (event.wall_time, event.zone) == ("2026-02-04T06:00:00", zone)


def test_a_retraction_needs_nothing_else():
    assert parse(b'{"retracts": "e1"}', {}).events == (
        ParsedEvent(0, "", "native", "", retracts="e1", segment="event 1"),
    )


def test_an_event_may_replace_the_one_it_retracts():
    event = only(retracts="e1", source_event_id="e2")
    assert (event.code, event.retracts, event.source_event_id) == ("ARRIVED", "e1", "e2")


def test_codes_of_places_are_upper_case_and_names_stay():
    place = only(location={"unlocode": "nlrtm", "facility": "apm2", "name": "Maasvlakte"}).place
    assert place == ParsedPlace(unlocode="NLRTM", facility="APM2", name="Maasvlakte")


@pytest.mark.parametrize(
    ("changes", "code", "element"),
    [
        ({"ocurred_at": "x"}, "unknown_key", "event"),
        ({"location": {"locode": "NLRTM"}}, "unknown_key", "location"),
        ({"leg": {"vessel": "x"}}, "unknown_key", "leg"),
        ({"references": [{"type": "hbl", "value": "H1", "extra": 1}]}, "unknown_key", "references"),
        ({"code": "ARRIVED_POD"}, "unknown_code", "code"),
        ({"code": None}, "no_code", "code"),
        ({"classifier": "act"}, "bad_value", "classifier"),
        ({"occurred_at": None}, "no_time", "occurred_at"),
        ({"occurred_at": "2026-02-29T10:00"}, "bad_time", "occurred_at"),
        ({"occurred_at": 1770000000}, "bad_value", "occurred_at"),
        ({"time_zone": "Mars/Phobos"}, "bad_zone", "time_zone"),
        ({"references": None}, "no_reference", "references"),
        ({"references": {"type": "hbl"}}, "bad_value", "references"),
        ({"references": ["H1"]}, "bad_value", "references"),
        ({"references": [{"type": "colour", "value": "H1"}]}, "unknown_reference", "references.type"),
        ({"references": [{"type": "hbl", "value": " -/- "}]}, "bad_value", "references.value"),
        ({"references": [{"type": "hbl", "value": "H" * 65}]}, "too_long", "references.value"),
        ({"references": [{"type": "hbl", "value": "H1"}] * 51}, "too_many", "references"),
        ({"leg": {"vessel_imo": "123"}}, "bad_value", "leg.vessel_imo"),
        ({"unit": "U" * 36}, "too_long", "unit"),
        ({"remarks": "r" * 501}, "too_long", "remarks"),
        ({"source_event_id": "e" * 101}, "too_long", "source_event_id"),
        ({"remarks": "a\x00b"}, "bad_text", "remarks"),
        ({"reason": "a\ud800b"}, "bad_text", "reason"),
        ({"location": "NLRTM"}, "bad_value", "location"),
    ],
)
def test_what_is_not_in_the_contract_is_reported(changes, code, element):
    assert fault(**changes) == (code, element)


@pytest.mark.parametrize("raw", [b"[7]", b'["a"]', b"[null]", b"[[]]", b"[{}]"])
def test_what_is_no_event_is_reported(raw):
    (issue,) = parse(raw, {}).issues
    assert (issue.position, issue.segment) == (0, "event 1")


def test_a_fault_costs_its_own_event_only():
    parsed = parse(json.dumps([EVENT, {**EVENT, "code": "?"}, EVENT]).encode(), {})
    assert [event.position for event in parsed.events] == [0, 2]
    assert [(issue.code, issue.position, issue.segment) for issue in parsed.issues] == [("unknown_code", 1, "event 2")]


def test_keys_are_reported_in_a_form_that_can_be_stored():
    (issue,) = read(**{"a\x00\ud800": 1}).issues
    assert issue.message == r"event has keys that are not in the contract: 'a\x00\ud800'."


def test_events_of_dcsa_are_told_to_be_some():
    (issue,) = parse(b'[{"eventID": "1", "eventType": "TRANSPORT"}]', {}).issues
    assert issue.message == "This looks like DCSA Track & Trace events; the source sends Waymark events (JSON)."
