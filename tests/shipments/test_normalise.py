from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shipments.formats.base import ParsedEvent, ParsedPlace, content_id
from shipments.formats.times import read_iso
from shipments.normalise import KnownPlace, Meaning, Origin, PlaceBook, fingerprint, normalise, wanted_places

RECEIVED = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROTTERDAM = KnownPlace(1, "NLRTM", "Europe/Amsterdam", "ZH")
TERMINAL = KnownPlace(2, "NLRTM", "Europe/Amsterdam", "ZH")
PORTLAND = KnownPlace(3, "USPDX", "America/Los_Angeles", "OR")
NOWHERE = KnownPlace(4, "XZZZZ", "")
BOOK = PlaceBook(
    {"NLRTM": ROTTERDAM, "NLRTM/APM2": TERMINAL, "IATA:PDX": PORTLAND, "XZZZZ": NOWHERE},
    {("US", "PORTLAND"): PORTLAND},
)
MEANINGS = {
    ("1650", "AG"): Meaning("DELIVERED", "EST"),
    ("1650", "D1"): Meaning("DELIVERED", "ACT", {"part": "TOTAL", "mode": "ROAD"}),
    ("dcsa", "TRANSPORT.ARRI"): Meaning("ARRIVED"),
}
ORIGIN = Origin(7, "ROCO", 60, "", RECEIVED, MEANINGS, BOOK)
EVENT = ParsedEvent(0, "D1", "1650", "2026-05-30T09:15:00", references=(("pro", "P-1"),), source_event_id="")


def done(origin=ORIGIN, **changes):
    return normalise(replace(EVENT, **changes), origin)


def where(place):
    found = done(place=place)
    return found.location_id, found.location_text


# --- What it means ---------------------------------------------------------------------------------------------------
def test_a_mapped_code_has_our_code_and_the_attributes_of_both():
    found = done(attributes={"pieces": 3, "mode": "RAIL"})
    assert (found.code, found.raw_code, found.is_mapped) == ("DELIVERED", "D1", True)
    assert found.attributes == {"part": "TOTAL", "mode": "RAIL", "pieces": 3}


def test_a_code_nobody_mapped_is_kept_as_information():
    found = done(raw_code="Q9")
    assert (found.code, found.raw_code, found.code_list, found.is_mapped) == ("INFO", "Q9", "1650", False)


def test_one_code_in_two_lists_means_two_things():
    assert done(code_list="1652").is_mapped is False


def test_our_own_code_needs_no_mapping():
    found = done(code="DELIVERED", raw_code="", code_list="native")
    assert (found.code, found.raw_code, found.is_mapped) == ("DELIVERED", "DELIVERED", True)


def test_a_bare_retraction_is_understood_without_a_code_and_a_time():
    found = done(raw_code="", wall_time="", retracts="e1")
    assert (found.code, found.is_mapped, found.occurred_at, found.zone_certainty) == ("INFO", True, None, "")


@pytest.mark.parametrize(
    ("said", "raw_code", "classifier"),
    [("", "D1", "ACT"), ("", "AG", "EST"), ("PLN", "AG", "PLN"), ("", "Q9", "ACT"), ("REQ", "Q9", "REQ")],
)
def test_the_message_says_what_kind_of_time_it_is_else_the_mapping_else_actual(said, raw_code, classifier):
    assert done(classifier=said, raw_code=raw_code).classifier == classifier


# --- Where -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("place", "location_id"),
    [
        (ParsedPlace(unlocode="NLRTM"), 1),
        (ParsedPlace(unlocode="NLRTM", facility="APM2"), 2),
        (ParsedPlace(unlocode="NLRTM", facility="NEW1"), 1),
        (ParsedPlace(unlocode="NLRTM45"), 1),
        (ParsedPlace(text="NLRTM-7"), 1),
        (ParsedPlace(iata="PDX"), 3),
        (ParsedPlace(name="Portland", subdivision="OR", country="US"), 3),
        (ParsedPlace(name="Portland", country="US"), 3),
        (ParsedPlace(name="Portland", subdivision="ME", country="US"), None),
        (ParsedPlace(name="Portland", country="AU"), None),
        (ParsedPlace(name="NLRTM"), None),
        (ParsedPlace(text="NLRTMX"), None),
        (ParsedPlace(text="NLRTM", country="DE"), None),
        (ParsedPlace(unlocode="DEHAM"), None),
        (ParsedPlace(), None),
    ],
)
def test_a_place_is_found_by_code_then_airport_then_name_and_never_guessed(place, location_id):
    assert where(place)[0] == location_id


def test_the_senders_own_words_of_the_place_are_kept():
    assert where(ParsedPlace(unlocode="NLRTM", text="Maasvlakte")) == (1, "Maasvlakte")
    assert where(ParsedPlace(name="Portland", subdivision="ME", country="US")) == (None, "Portland, ME, US")
    assert where(ParsedPlace(unlocode="NLRTM", facility="APM2")) == (2, "NLRTM/APM2")
    assert where(ParsedPlace(iata="PDX")) == (3, "PDX")


def test_everything_that_is_looked_up_is_asked_for():
    places = [
        ParsedPlace(unlocode="NLRTM", facility="APM2"), ParsedPlace(unlocode="IDJKT45"), ParsedPlace(iata="PDX"),
        ParsedPlace(name="Portland", country="US"), ParsedPlace(text="DEHAM 7"), ParsedPlace(name="Lima"),
    ]  # fmt: skip
    wanted = wanted_places(replace(EVENT, place=place) for place in places)
    assert wanted.codes == {"NLRTM/APM2", "NLRTM", "IDJKT45", "IDJKT", "IATA:PDX", "DEHAM"}
    assert wanted.names == {("US", "PORTLAND")}
    assert wanted.aliases == {
        "terminal:NLRTM/APM2", "unlocode:NLRTM", "unlocode:IDJKT45", "unlocode:IDJKT", "iata:PDX", "name:US|PORTLAND",
        "unlocode:DEHAM", "name:|DEHAM 7", "name:|LIMA",
    }  # fmt: skip


# --- When ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "house_zone", "zone", "certainty", "hour"),
    [
        ({"zone": "+08:00", "place": ParsedPlace(unlocode="NLRTM")}, "", "+08:00", "given", 1),
        ({"zone": "America/New_York"}, "", "America/New_York", "given", 13),
        ({"place": ParsedPlace(unlocode="NLRTM")}, "Asia/Tokyo", "Europe/Amsterdam", "derived", 7),
        ({"place": ParsedPlace(name="X", subdivision="CA", country="US")}, "", "America/Los_Angeles", "derived", 16),
        ({"place": ParsedPlace(name="X", country="JP")}, "", "Asia/Tokyo", "derived", 0),
        ({"place": ParsedPlace(unlocode="JPXXX")}, "", "Asia/Tokyo", "derived", 0),
        ({"place": ParsedPlace(name="X", country="US")}, "Asia/Tokyo", "Asia/Tokyo", "assumed", 0),
        ({"place": ParsedPlace(unlocode="XZZZZ")}, "", "UTC", "assumed", 9),
        ({}, "Asia/Tokyo", "Asia/Tokyo", "assumed", 0),
        ({}, "", "UTC", "assumed", 9),
        ({"zone": "Mars/Phobos"}, "", "UTC", "assumed", 9),
    ],
)
def test_a_zone_is_given_or_derived_or_assumed_and_says_which(changes, house_zone, zone, certainty, hour):
    found = done(replace(ORIGIN, time_zone=house_zone), **changes)
    assert (found.time_zone, found.zone_certainty, found.occurred_at.hour) == (zone, certainty, hour)
    assert (found.wall_time, found.occurred_at.tzinfo) == ("2026-05-30T09:15:00", UTC)


@pytest.mark.parametrize("wall", ["2025-10-26T02:30:00", "2026-03-29T02:30:00"])
def test_a_local_time_that_comes_twice_or_never_is_flagged(wall):
    assert done(wall_time=wall, zone="Europe/Amsterdam").attributes["ambiguous_local_time"] is True


def test_other_local_times_are_not_flagged():
    assert "ambiguous_local_time" not in done(zone="Europe/Amsterdam").attributes


@pytest.mark.parametrize(
    ("classifier", "wall", "precision"),
    [
        ("EST", "2026-05-30T00:00:00", "day"),
        ("ACT", "2026-05-30T00:00:00", "minute"),
        ("EST", "2026-05-30T00:01:00", "minute"),
    ],
)
def test_midnight_of_an_estimate_stands_for_its_day(classifier, wall, precision):
    assert done(classifier=classifier, wall_time=wall).precision == precision


@pytest.mark.parametrize(
    ("classifier", "wall", "quarantine"),
    [
        ("ACT", "2026-06-02T12:00:00", ""),
        ("ACT", "2026-06-02T12:01:00", "The time is 1 day after we received the message."),
        ("ACT", "2026-06-08T13:00:00", "The time is 7 days after we received the message."),
        ("EST", "2026-09-01T12:00:00", ""),
        ("EST", "2099-06-01T12:00:00", "The time is 26663 days after we received the message."),
        ("ACT", "1997-06-01T12:00:00", ""),
        ("ACT", "1970-01-01T00:00:00", "The year 1970 cannot be true."),
        ("ACT", "0001-01-01T00:00:00", "The year 1 cannot be true."),
        ("EST", "9999-12-31T23:59:00", "The year 9999 cannot be true."),
        ("ACT", "rubbish", "The date does not exist."),
    ],
)
def test_a_time_that_cannot_be_true_is_quarantined_with_its_reason(classifier, wall, quarantine):
    found = done(classifier=classifier, wall_time=wall, zone="UTC")
    assert found.quarantine == quarantine
    assert timedelta(0) <= found.occurred_at - datetime(1900, 1, 1, tzinfo=UTC) < timedelta(days=301 * 366)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-30T10:00:00+02:00", datetime(2026, 5, 30, 8, tzinfo=UTC)),
        ("2026-05-30T10:00:00", datetime(2026, 5, 30, 10, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+08:00", None),
    ],
)
def test_when_it_was_reported_is_utc_or_unknown(text, moment):
    assert done(reported_at=text).reported_at == moment


# --- Is it the same? -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes",
    [
        {"position": 9},
        {"remarks": "again"},
        {"reason": "again"},
        {"attributes": {"pieces": 2}},
        {"wall_time": "2026-05-30T09:15:42"},
        {"reported_at": "2026-05-31T00:00:00Z"},
        {"references": (("pro", "p 1"),)},
    ],
)
def test_the_same_report_in_another_message_has_the_same_fingerprint(changes):
    assert fingerprint(replace(EVENT, **changes), 7) == fingerprint(EVENT, 7)


@pytest.mark.parametrize(
    "changes",
    [
        {"raw_code": "AG"},
        {"code_list": "1652"},
        {"code": "DELIVERED"},
        {"classifier": "EST"},
        {"wall_time": "2026-05-30T09:16:00"},
        {"zone": "+02:00"},
        {"zone_code": "PT"},
        {"place": ParsedPlace(unlocode="NLRTM")},
        {"place": ParsedPlace(name="Rotterdam")},
        {"equipment": "OCLU1234565"},
        {"vessel_imo": "9321483"},
        {"voyage": "014W"},
        {"flight": "CX261"},
        {"references": (("pro", "P-1"), ("po", "4711"))},
        {"references": (("hbl", "P-1"),)},
        {"source_event_id": "e1"},
        {"retracts": "e1"},
    ],
)
def test_another_report_has_another_fingerprint(changes):
    assert fingerprint(replace(EVENT, **changes), 7) != fingerprint(EVENT, 7)


def test_rule_27_the_same_status_sent_again_is_the_same_event():
    again = replace(EVENT, position=4, wall_time="2026-05-30T09:15:59", remarks="2nd", attributes={"weight": "12"})
    assert fingerprint(again, 7) == fingerprint(EVENT, 7)
    assert fingerprint(replace(EVENT, wall_time="2026-05-30T09:16:00"), 7) != fingerprint(EVENT, 7)


def test_rule_32_two_parts_in_one_minute_are_two_reports():
    six, four = (replace(EVENT, attributes={"part": "PARTIAL", "pieces": n, "weight": str(n)}) for n in (6, 4))
    assert fingerprint(six, 7) != fingerprint(four, 7)
    assert fingerprint(six, 7) == fingerprint(replace(six, attributes={**six.attributes, "weight": "9"}), 7)


@pytest.mark.parametrize("reason", ["NS", "A1", "BG", "AM"])
def test_rule_16_a_reason_explains_and_never_changes_the_milestone(reason):
    found = done(reason=reason, attributes={"reason_code": reason})
    assert (found.code, found.classifier, found.reason) == ("DELIVERED", "ACT", reason)


def test_rule_24_what_is_said_to_have_happened_in_a_day_or_more_is_not_believed():
    late, near = done(wall_time="2026-06-02T12:00:01"), done(wall_time="2026-06-02T12:00:00")
    assert (late.quarantine, near.quarantine) == ("The time is 1 day after we received the message.", "")
    assert done(wall_time="2026-06-20T12:00:00", raw_code="AG").quarantine == ""


def test_rule_25_a_time_without_a_zone_is_that_of_its_place():
    read = read_iso("2026-05-30T09:15:00")
    found = done(wall_time=read.wall, zone=read.zone, place=ParsedPlace(unlocode="NLRTM"))
    assert (found.time_zone, found.zone_certainty, found.occurred_at) == (
        "Europe/Amsterdam", "derived", datetime(2026, 5, 30, 7, 15, tzinfo=UTC),
    )  # fmt: skip


def test_two_places_that_only_words_tell_apart_are_two_reports():
    """And two contents, where a report is known by its content: else the older one would count no more."""
    here, there = (replace(EVENT, place=ParsedPlace(text=text)) for text in ("Quay 4", "Quay 5"))
    spelled = replace(EVENT, place=ParsedPlace(text=" QUAY  4"))
    for identity in (content_id, lambda event: fingerprint(event, 7)):
        assert identity(here) != identity(there)
        assert identity(here) == identity(spelled)
        coded = (replace(EVENT, place=ParsedPlace(unlocode="NLRTM", text=text)) for text in ("Quay 4", "Quay 5"))
        assert len({identity(event) for event in coded}) == 1
    states = (ParsedPlace(name="Springfield", subdivision=state, country="US") for state in ("IL", "MA"))
    assert len({content_id(replace(EVENT, place=place)) for place in states}) == 2


def test_two_sources_that_say_the_same_are_two_reports():
    assert fingerprint(EVENT, 7) != fingerprint(EVENT, 8)


def test_an_update_of_an_event_with_an_id_is_another_report():
    first = replace(EVENT, source_event_id="e1", reported_at="2026-05-30T10:00:00Z")
    assert fingerprint(replace(first, reported_at="2026-05-31T10:00:00Z"), 7) != fingerprint(first, 7)


def test_the_order_of_references_does_not_count():
    pair = (("pro", "P-1"), ("po", "4711"))
    assert fingerprint(replace(EVENT, references=pair), 7) == fingerprint(replace(EVENT, references=pair[::-1]), 7)


def test_long_texts_are_cut_to_what_a_row_holds():
    found = done(raw_code="R" * 99, equipment="E" * 99, voyage="V" * 99, flight="F" * 99, reason="r" * 999,
                 remarks="m" * 999, place=ParsedPlace(text="T" * 999))  # fmt: skip
    kept = (
        found.raw_code,
        found.equipment,
        found.voyage,
        found.flight,
        found.reason,
        found.remarks,
        found.location_text,
    )
    assert [len(text) for text in kept] == [64, 35, 50, 16, 300, 500, 200]
