"""Numbers that can be wrong by themselves. The numbers are real ones, or those the standards give as examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso6346

from shipments.formats.base import ParsedEvent, ParsedPlace
from shipments.identifiers import doubt_of, doubts_of, problem_of, problem_of_unit

RIGHT = [
    ("container", "MSKU1234565"), ("container", "csqu 305438-3"), ("container", "OCLU1234563"),
    # A shipper's own numbers: no registered category, so no check digit that could be told.
    ("container", "TRLR1234560"), ("container", "AKE12345LH"),
    ("mawb", "020-12345675"), ("mawb", "160-12345675"), ("mawb", "16012345675"),
    ("vessel_imo", "9074729"), ("vessel_imo", "IMO 9321483"), ("vessel_imo", "9308649"),
    ("sscc", "140123451122233341"), ("sscc", "(00)106141412345678908"), ("sscc", "00106141412345678908"),
    ("gln", "4012345000009"), ("gln", "0614141007776"), ("gtin", "10614141073464"), ("gtin", "96385074"),
    ("grai", "04012345555554987"), ("grai", "4012345555554"),
    ("ups", "1Z12345E6605272234"), ("ups", "1Z204W4R0308071865"), ("s10", "RB123456785GB"), ("s10", "EE876543216CH"),
    ("scac", "MAEU"), ("rail_car", "BNSF 123456"), ("uld", "AKE12345LH"),
    ("mrn", "24DE586600123456B7"), ("mrn", "ABC-1234567-1"), ("mrn", "123456789"),
    ("mbl", "MAEU123456789"), ("hbl", "SHA/2024-0001"),
    # No rule: whatever the carrier writes.
    ("tracking", "1Z12345E0205271688"), ("pro", "x"), ("booking", "x"), ("customer", "-"),
]  # fmt: skip
WRONG = [
    ("container", "GMCU6094137", "GMCU6094137 has a wrong check digit: with 5 at the end it would be right."),
    ("container", "TRHU4561222", "TRHU4561222 has a wrong check digit: with 5 at the end it would be right."),
    ("container", "MSKU123456", "MSKU123456 lacks its check digit: 5 at the end would be right."),
    (
        "container", "MSK123",
        "MSK123 is no container number: it has four letters and seven digits, such as MSKU1234565.",
    ),
    ("mawb", "020-12345674", "020-12345674 has a wrong check digit: with 5 at the end it would be right."),
    ("mawb", "020-1234567", "020-1234567 is no air waybill number: it has eleven digits, such as 020-12345675."),
    ("vessel_imo", "9330141", "9330141 has a wrong check digit: with 7 at the end it would be right."),
    ("vessel_imo", "93", "93 is no IMO number: it has seven digits."),
    ("sscc", "140123451122233344", "140123451122233344 has a wrong check digit: with 1 at the end it would be right."),
    ("sscc", "1", "1 is no SSCC: it has 18 digits."),
    ("gln", "4012345000000", "4012345000000 has a wrong check digit: with 9 at the end it would be right."),
    ("gtin", "1", "1 is no GTIN: it has 8, 12, 13 or 14 digits."),
    ("grai", "04012345555555987", "04012345555555987 has a wrong check digit: its 14th digit would be 4."),
    ("grai", "x", "x is no GRAI: it has 14 digits, the first of them 0, and a serial number."),
    ("ups", "1Z12345E6605272235", "1Z12345E6605272235 has a wrong check digit: with 4 at the end it would be right."),
    ("ups", "1Z", "1Z is no UPS tracking number: it has 1Z and 16 letters and digits."),
    ("s10", "RB123456784GB", "RB123456784GB has a wrong check digit: its ninth digit would be 5."),
    ("s10", "RB", "RB is no postal number: it has two letters, nine digits and two letters (UPU S10)."),
    ("scac", "M1", "M1 is no SCAC: it has two to four letters."),
    ("rail_car", "1", "1 is no number of a rail car: it has up to four letters and up to six digits."),
    ("uld", "1", "1 is no number of a unit load device: it is written as AKE12345LH."),
    ("mrn", "X", "X is no MRN: it has 18 characters, year, country and a number, such as 24DE586600123456B7."),
    ("mbl", "A1", "A1 is no bill of lading number: it has 4 to 35 letters and digits."),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), RIGHT)
def test_a_right_number_is_no_problem(kind, value):
    assert problem_of(kind, value) == ""


@pytest.mark.parametrize(("kind", "value", "said"), WRONG)
def test_a_wrong_number_is_told_with_what_would_be_right(kind, value, said):
    assert problem_of(kind, value) == said


@pytest.mark.parametrize(
    ("kind", "number", "is_wrong"),
    [
        ("container", "MSKU1234566", True), ("uld", "X", True), ("pallet", "140123451122233344", True),
        ("pallet", "P1", False), ("package", "1Z12345E6605272235", False),
    ],
)  # fmt: skip
def test_units_have_the_rule_of_their_kind(kind, number, is_wrong):
    assert bool(problem_of_unit(kind, number)) == is_wrong


@pytest.mark.parametrize(
    ("kind", "value", "is_doubted"),
    [
        ("container", "GMCU6094137", True), ("container", "TRAILER 7", False), ("container", "MSKU123456", False),
        ("mawb", "02012345674", True), ("mawb", "HAWB-1", False), ("vessel_imo", "9330141", True),
        ("vessel_imo", "0", False), ("sscc", "140123451122233344", True), ("sscc", "P1", False),
        ("tracking", "1Z12345E6605272235", True), ("tracking", "RB123456784GB", True), ("tracking", "123", False),
        ("mbl", "A1", False), ("mrn", "X", False),
    ],
)  # fmt: skip
def test_in_a_feed_only_a_check_digit_that_does_not_fit_is_worth_a_word(kind, value, is_doubted):
    assert bool(doubt_of(kind, value)) == is_doubted


def test_all_numbers_of_a_report_are_looked_at():
    event = ParsedEvent(
        0, "X", "l", "2026-01-01T00:00:00", equipment="GMCU6094137", vessel_imo="9330141",
        references=(("mawb", "020-12345674"), ("po", "1")),
        place=ParsedPlace(code="4012345000000", code_kind="gln"),
    )  # fmt: skip
    assert [(kind, value) for kind, value, _said in doubts_of(event)] == [
        ("mawb", "020-12345674"), ("container", "GMCU6094137"), ("vessel_imo", "9330141"), ("gln", "4012345000000"),
    ]  # fmt: skip


@given(owner=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3), serial=st.integers(0, 999_999))
def test_our_check_digit_of_a_container_is_the_one_that_others_compute(owner, serial):
    body = f"{owner}U{serial:06}"
    right = [digit for digit in "0123456789" if problem_of("container", body + digit) == ""]
    assert right == [iso6346.calc_check_digit(body)]
