"""UPS, FedEx and DHL: what their answers say beside the samples, and the rules of formats.md that they prove."""

import json
from datetime import UTC, datetime

import pytest

from shipments.enums import Format
from shipments.formats.registry import FORMATS
from shipments.normalise import KnownPlace, Meaning, Origin, PlaceBook, fingerprint, normalise
from shipments.tables import read_table
from tests.expected_values import OWN
from tests.shipments.test_formats_samples import collected, needs_collected

MADRID = KnownPlace(1, "ESMAD", "Europe/Madrid", "")
NASHVILLE = KnownPlace(2, "USBNA", "America/Chicago", "TN")


def parse(format_, said):
    return FORMATS[format_](json.dumps(said).encode(), {})


def origin(format_):
    meanings = {
        (row["code_list"], row["raw_code"]): Meaning(row["code"], row["classifier"], {})
        for row in read_table(f"codes_{format_}")
    }
    places = PlaceBook({"IATA:BNA": NASHVILLE}, {("ES", "MADRID"): MADRID})
    return Origin(1, "S", 50, "", datetime(2026, 6, 20, tzinfo=UTC), meanings, places)


def understood(format_, said):
    return [normalise(event, origin(format_)) for event in parse(format_, said).events]


def track(*activities, **package):
    package = {"trackingNumber": "1Z9", "activity": list(activities), **package}
    return {"trackResponse": {"shipment": [{"package": [package]}]}}


def activity(date="20260306", time="080200", **status):
    return {"status": status, "date": date, "time": time}


def alert(**fields):
    return {
        "trackingNumber": "1Z9", "localActivityDate": "20260306", "localActivityTime": "080200",
        "activityStatus": {"type": "I", "code": "OT"}, **fields,
    }  # fmt: skip


def unified(**event):
    return {"shipments": [{"id": "77", "events": [{"timestamp": "2026-05-03T08:00:00", **event}]}]}


def result(**fields):
    said = {"trackingNumberInfo": {"trackingNumber": "0398"}, **fields}
    return {"output": {"completeTrackResults": [{"trackingNumber": "0398", "trackResults": [said]}]}}


def scan(**fields):
    return {"date": "2026-04-02T09:12:00+02:00", "eventType": "PU", **fields}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"type": "D", "code": "FS", "statusCode": "011"}, "DELIVERED"),
        ({"type": "D", "code": "OF"}, "OUT_FOR_DELIVERY"),
        ({"type": "D", "code": "ZZ"}, "INFO"),
        ({"type": "D"}, "DELIVERED"),
        ({"type": "I", "code": "OT", "statusCode": "021"}, "OUT_FOR_DELIVERY"),
        ({"type": "I", "code": "OT", "statusCode": "999"}, "OUT_FOR_DELIVERY"),
        ({"type": "I", "code": "ZZ", "statusCode": "999"}, "IN_TRANSIT"),
    ],
)
def test_rule_14_of_a_ups_activity_the_most_exact_code_decides(status, code):
    assert [event.code for event in understood("ups", track(activity(**status)))] == [code]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("The consignee was not at home", "DELIVERY_FAILED"),
        ("The shipment is being returned to the sender", "RETURNED"),
        ("The parcel was damaged", "DAMAGED"),
    ],
)
def test_rule_14_of_a_dhl_failure_the_words_decide_which_it_is(words, code):
    said = unified(statusCode="failure", description=words)
    assert [event.code for event in understood("dhl", said)] == [code]


def test_rule_16_an_exception_code_explains_and_changes_nothing():
    plain, late = understood("fedex", result(scanEvents=[scan(), scan(exceptionCode="A25", eventType="PU")]))
    assert (plain.code, late.code, late.attributes["reason_code"]) == ("PICKED_UP", "PICKED_UP", "A25")
    assert plain.fingerprint == late.fingerprint


def test_rule_25_a_time_without_an_offset_is_local_to_the_place_of_the_event():
    location = {"city": "MADRID", "countryCode": "ES"}
    (fedex,) = understood("fedex", result(scanEvents=[scan(date="2026-04-01T18:40:00", scanLocation=location)]))
    assert (fedex.occurred_at, fedex.zone_certainty) == (datetime(2026, 4, 1, 16, 40, tzinfo=UTC), "derived")
    place = {"address": {"countryCode": "ES", "addressLocality": "Madrid"}}
    (dhl,) = understood("dhl", unified(statusCode="transit", location=place))
    assert dhl.occurred_at == datetime(2026, 5, 3, 6, 0, tzinfo=UTC)
    event = {"date": "2026-06-10", "time": "09:10:00", "typeCode": "PU", "serviceArea": [{"code": "BNA"}]}
    (express,) = understood("dhl", {"shipments": [{"shipmentTrackingNumber": "93", "events": [event]}]})
    assert (express.occurred_at, express.location_id) == (datetime(2026, 6, 10, 14, 10, tzinfo=UTC), NASHVILLE.id)


def test_rule_25_an_estimate_without_an_offset_is_local_to_where_it_is_delivered():
    party = {"address": {"city": "MADRID", "countryCode": "ES"}}
    dates = [{"type": "ESTIMATED_DELIVERY", "dateTime": "2026-04-03T12:00:00"}]
    (event,) = understood("fedex", result(dateAndTimes=dates, recipientInformation=party))
    assert (event.code, event.classifier) == ("DELIVERED", "EST")
    assert event.occurred_at == datetime(2026, 4, 3, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ("dhl", unified(statusCode="transit", timestamp="2026-05-03T00:00:00")),
        ("dhl", unified(statusCode="transit", timestamp="2026-05-03T00:00:00Z")),
        ("fedex", result(scanEvents=[scan(date="2026-05-03T00:00:00")])),
        ("ups", track(activity(date="20260503", time="", code="PU"))),
    ],
)
def test_a_day_without_a_clock_is_a_day(format_, said):
    (event,) = parse(format_, said).events
    assert (event.wall_time, event.zone, event.precision) == ("2026-05-03T00:00:00", "", "day")


def test_rule_39_the_whole_history_again_gives_the_same_fingerprints():
    for name, format_ in (
        ("ups_track_air_parcel.json", "ups"), ("fedex_track_two_numbers.json", "fedex"),
        ("dhl_unified_return.json", "dhl"), ("dhl_express_pieces.json", "dhl"),
    ):  # fmt: skip
        raw = (OWN / name).read_bytes()
        first = [fingerprint(event, 1) for event in FORMATS[format_](raw, {}).events]
        assert len(set(first)) == len(first)
        assert [fingerprint(event, 1) for event in FORMATS[format_](raw.replace(b"\n", b" "), {}).events] == first


def test_rule_39_a_later_answer_with_more_scans_repeats_the_earlier_ones_alike():
    early = activity(date="20260305", code="OR", type="I")
    late = activity(code="FS", type="D", statusCode="011")
    before = parse("ups", track(early)).events
    after = parse("ups", track(late, early, deliveryDate=[{"type": "RDD", "date": "20260307"}])).events
    assert fingerprint(after[1], 1) == fingerprint(before[0], 1)


@pytest.mark.parametrize(
    ("gmt", "zone"),
    [
        ({"gmtActivityDate": "20260306", "gmtActivityTime": "023200"}, "+05:30"),
        ({"gmtActivityDate": "20260306", "gmtActivityTime": "02:32:00"}, "+05:30"),
        ({"gmtActivityDate": "20260305", "gmtActivityTime": "220200"}, "+10:00"),
        ({"gmtActivityDate": "20260306", "gmtActivityTime": "080200"}, "+00:00"),
        ({"gmtActivityDate": "20260306", "gmtActivityTime": "080100"}, ""),
        ({"gmtActivityDate": "20260301", "gmtActivityTime": "080200"}, ""),
        ({"gmtOffset": "-04:00"}, "-04:00"),
        ({"gmtOffset": "-04:00", "gmtActivityDate": "20260306", "gmtActivityTime": "080200"}, "-04:00"),
        ({}, ""),
    ],
)
def test_the_offset_of_ups_follows_from_its_gmt_time(gmt, zone):
    (event,) = parse("ups", alert(**gmt)).events
    assert (event.wall_time, event.zone) == ("2026-03-06T08:02:00", zone)


def test_an_activity_with_a_gmt_time_alone_is_read_as_such():
    said = {"status": {"code": "PU"}, "gmtDate": "20260306", "gmtTime": "140200"}
    (event,) = parse("ups", track(said)).events
    assert (event.wall_time, event.zone) == ("2026-03-06T14:02:00", "+00:00")


def test_alerts_of_ups_come_as_a_list_too():
    assert len(parse("ups", [alert(), alert(localActivityTime="090000")]).events) == 2


@pytest.mark.parametrize(
    ("format_", "said", "faults"),
    [
        ("ups", track(activity()), [("no_code", "status")]),
        ("ups", track(activity(date="", code="PU")), [("no_time", "date")]),
        ("ups", track(activity(date="20260231", code="PU")), [("bad_time", "date")]),
        ("ups", track({"status": []}), [("bad_value", "status")]),
        ("ups", track(activity(code="PU"), trackingNumber=""), [("no_reference", "trackingNumber")]),
        ("ups", {"trackResponse": {"shipment": [7]}}, [("bad_value", "shipment")]),
        ("fedex", result(scanEvents=[scan(eventType="")]), [("no_code", "eventType")]),
        ("fedex", result(scanEvents=[scan(date=None)]), [("no_time", "date")]),
        ("fedex", result(scanEvents={}), [("bad_value", "scanEvents")]),
        ("fedex", {"completeTrackResults": [[]]}, [("bad_value", "completeTrackResults")]),
        ("dhl", unified(), [("no_code", "statusCode")]),
        ("dhl", unified(statusCode="transit", timestamp="soon"), [("bad_time", "timestamp")]),
        ("dhl", {"shipments": [{"events": []}]}, [("no_reference", "trackingNumber")]),
        ("dhl", {"shipments": [[]]}, [("bad_value", "shipments")]),
        ("dhl", {"shipments": [{"shipmentTrackingNumber": "1", "events": [{"date": "2026-01-01"}]}]},
         [("no_code", "typeCode")]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_where_it_stands(format_, said, faults):
    parsed = parse(format_, said)
    assert [(issue.code, issue.element) for issue in parsed.issues] == faults
    assert (parsed.events, parsed.is_quiet) == ((), False)


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ("ups", track()),
        ("ups", {"trackResponse": {"shipment": [{"warnings": [{"code": "TW0001", "message": "Not found"}]}]}}),
        ("fedex", result(scanEvents=[])),
        ("fedex", result(error={"code": "TRACKING.TRACKINGNUMBER.NOTFOUND", "message": "Not found"})),
        ("dhl", {"shipments": [{"id": "77", "events": []}]}),
        ("dhl", {"title": "No result found", "detail": "No shipment with this number.", "status": 404}),
    ],
)
def test_an_answer_without_a_scan_is_quiet_and_not_rejected(format_, said):
    parsed = parse(format_, said)
    assert (parsed.events, parsed.is_quiet) == ((), True)
    assert [issue.is_warning for issue in parsed.issues] == [True]


@pytest.mark.parametrize("format_", ["ups", "fedex", "dhl"])
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"), (b"<x/>", "wrong_format"), (b"[1]", "wrong_format"), (b"{}", "wrong_format"),
        (b'{"a"', "not_json"), (b"[" * 40 + b"]" * 40, "too_deep"), (b"[" * 200_000, "too_deep"),
    ],
)  # fmt: skip
def test_what_is_no_answer_of_the_carrier_is_rejected(format_, raw, code):
    assert [issue.code for issue in FORMATS[format_](raw, {}).issues] == [code]


def test_a_number_that_fedex_gave_out_twice_finds_a_shipment_by_its_unique_id_alone():
    raw = (OWN / "fedex_track_two_numbers.json").read_bytes()
    *_, one, other = FORMATS["fedex"](raw, {}).events
    assert (one.references, other.references) == (
        (("tracking", "2461103000~039813852991~FX"),), (("tracking", "2453301000~039813852991~FX"),),
    )  # fmt: skip
    assert fingerprint(one, 1) != fingerprint(other, 1)


def test_the_pieces_of_a_dhl_shipment_are_units_of_it():
    raw = (OWN / "dhl_express_pieces.json").read_bytes()
    assert [event.equipment for event in FORMATS["dhl"](raw, {}).events] == ["", "", "JD014600006281230701"]


def test_every_code_the_samples_use_is_mapped():
    for format_ in ("ups", "fedex", "dhl"):
        known = {row["raw_code"] for row in read_table(f"codes_{format_}")}
        for path in OWN.glob(f"{format_}_*.json"):
            if ".expected" not in path.name:
                for event in FORMATS[format_](path.read_bytes(), {}).events:
                    assert known & {event.raw_code, *event.fallback_codes}


@needs_collected
def test_the_real_alert_of_ups_is_out_for_delivery_at_its_own_time():
    parsed = FORMATS[Format.AUTO](collected("parcel/ups_trackalert_webhook_1.json"), {})
    assert (parsed.format, parsed.issues) == ("ups", ())
    first, second = (normalise(event, origin("ups")) for event in parsed.events)
    assert (first.code, first.occurred_at) == ("OUT_FOR_DELIVERY", datetime(2024, 4, 23, 13, 15, 19, tzinfo=UTC))
    assert first.references == (("tracking", "1Z204W4R0308071865"),)
    assert (second.code, second.classifier, second.precision) == ("DELIVERED", "EST", "day")
