from datetime import UTC, datetime, timedelta

import pytest

from shipments.matching import (
    NOBODY,
    Choice,
    KnownShipment,
    ReferenceBook,
    choose_shipments,
    match_key,
    match_keys,
    reference_key,
    wanted_references,
    window_of,
)

CARRIER, STRANGER = 10, 66


def shipment(pk, *references, **facts):
    return KnownShipment(pk, frozenset((kind, reference_key(value)) for kind, value in references), **facts)


def choose(event, *shipments, equipment="", partner=CARRIER, at=None):
    by_key = {}
    for known in shipments:
        for kind, key in sorted(known.references):
            by_key.setdefault(match_key(kind, key), []).append((kind, known))
    return choose_shipments(wanted_references(event, equipment), ReferenceBook(by_key), partner_id=partner, at=at)


def ids(*arguments, **named):
    return choose(*arguments, **named).shipment_ids


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("oclu 123456-5", "OCLU1234565"),
        ("AB/12-3", "AB123"),
        ("a.b_c", "A.B_C"),
        ("007", "007"),
        (" -/- ", ""),
        ("Ü1", "1"),
    ],
)
def test_references_are_compared_without_case_blanks_and_signs(value, key):
    assert reference_key(value) == key


def test_keys_of_an_event_stand_with_the_most_specific_first():
    references = [("po", "47"), ("mbl", "M1"), ("hbl", "H1"), ("customer", "A-17")]
    assert match_keys(references, "OCLU1234565") == (
        "carrier:H1", "carrier:OCLU1234565", "carrier:M1", "customer:A17", "po:47",
    )  # fmt: skip


def test_a_carriers_number_is_found_under_whatever_name():
    assert ids([("pro", "B-1")], shipment(1, ("tracking", "B1"))) == (1,)


def test_a_customers_number_is_found_under_its_own_name_only():
    assert choose([("po", "B1")], shipment(1, ("delivery_order", "B1"))) == NOBODY
    assert ids([("customer", "A-17")], shipment(1, ("shipment", "A17"))) == (1,)


def test_nobody_is_meant_when_nobody_has_the_number():
    assert choose([("pro", "P9")], shipment(1, ("pro", "P1"))) == NOBODY


def test_the_most_specific_reference_decides_first():
    one, two = shipment(1, ("hbl", "H1"), ("mbl", "M1")), shipment(2, ("hbl", "H2"), ("mbl", "M1"))
    assert choose([("mbl", "M1"), ("hbl", "H2")], one, two) == Choice((2,), "hbl H2")


def test_what_consolidates_is_about_all_that_share_it():
    one, two = shipment(1, ("hbl", "H1"), ("mbl", "M1")), shipment(2, ("hbl", "H2"), ("mbl", "M1"))
    assert choose([("mbl", "M1")], two, one) == Choice((1, 2), "mbl M1")


def test_a_container_of_a_shared_bill_is_about_the_shipments_in_it():
    one = shipment(1, ("mbl", "M1"), ("container", "OCLU1234565"))
    two = shipment(2, ("mbl", "M1"), ("container", "OCLU7654321"))
    assert ids([("mbl", "M1")], one, two, equipment="OCLU1234565") == (1,)
    assert ids([("mbl", "M1")], one, two) == (1, 2)


DAY = timedelta(days=1)
MARCH, JUNE, NOVEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 6, 11))


def voyage(pk, begin, *references, days=30):
    return shipment(pk, ("container", "OCLU1234565"), *references, since=begin, until=begin + days * DAY)


def who_has(at, *shipments, **event):
    return choose(event.get("references", []), *shipments, equipment="OCLU1234565", at=at)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (MARCH - 46 * DAY, ()),
        (MARCH - 45 * DAY, (1,)),
        (MARCH + 10 * DAY, (1,)),
        (MARCH + 90 * DAY, (1,)),
        (MARCH + 91 * DAY, ()),
        (NOVEMBER - 46 * DAY, ()),
        (NOVEMBER, (2,)),
        (None, ()),
    ],
)
def test_rule_35_a_container_number_means_the_shipment_under_way_at_that_time(at, expected):
    """Numbers of containers come back on later voyages. Without a time, two that have it are a question."""
    assert who_has(at, voyage(1, MARCH), voyage(2, NOVEMBER)).shipment_ids == expected


def test_a_container_of_a_shipment_with_no_dates_means_it_for_ever():
    assert who_has(MARCH, shipment(1, ("container", "OCLU1234565"))).shipment_ids == (1,)


def test_a_box_on_two_shipments_at_once_is_a_question_unless_a_bill_or_booking_joins_them():
    apart = who_has(MARCH, voyage(1, MARCH), voyage(2, MARCH + 9 * DAY))
    assert apart == Choice(decided_by="container OCLU1234565", is_ambiguous=True)
    bills = voyage(1, MARCH, ("mbl", "M1")), voyage(2, MARCH, ("mbl", "M2"))
    assert who_has(MARCH, *bills).is_ambiguous is True
    assert who_has(MARCH, *bills, references=[("mbl", "M2")]).shipment_ids == (2,)
    chained = voyage(1, MARCH, ("mbl", "M1")), voyage(2, MARCH, ("mbl", "M1"), ("booking", "B1")), (
        voyage(3, MARCH, ("booking", "B1"))
    )  # fmt: skip
    assert who_has(MARCH, *chained).shipment_ids == (1, 2, 3)


def test_the_next_reference_tells_two_users_of_a_box_apart():
    one, two = voyage(1, MARCH, ("po", "47")), voyage(2, MARCH, ("po", "48"))
    assert who_has(MARCH, one, two, references=[("po", "48")]).shipment_ids == (2,)


def test_a_waybill_number_comes_back_after_more_than_a_year():
    old = shipment(1, ("mawb", "02012345675"), since=MARCH, until=MARCH + 5 * DAY)
    new = shipment(2, ("mawb", "02012345675"), since=MARCH + 900 * DAY, until=MARCH + 905 * DAY)
    assert choose([("mawb", "02012345675")], old, new, at=MARCH + 2 * DAY).shipment_ids == (1,)
    assert choose([("mawb", "02012345675")], old, new, at=MARCH + 902 * DAY).shipment_ids == (2,)
    assert choose(
        [("hawb", "H1")], shipment(3, ("hawb", "H1"), since=MARCH, until=MARCH), at=NOVEMBER
    ).shipment_ids == (3,)


def test_the_window_of_a_shipment_is_what_was_planned_and_when_it_ended():
    assert window_of((JUNE, None, MARCH), eta=NOVEMBER, ended=None) == (MARCH, NOVEMBER)
    assert window_of((None, None, MARCH), eta=NOVEMBER, ended=JUNE) == (MARCH, JUNE)
    assert window_of((None, None, None), eta=None, ended=None) == (None, None)


def test_the_same_box_under_another_booking_is_another_consignment():
    last_month = shipment(1, ("container", "OCLU1234565"), ("booking", "B1"))
    assert choose([("booking", "B2")], last_month, equipment="OCLU1234565") == NOBODY


def test_a_number_of_one_that_two_have_waits_for_a_person():
    one, two = shipment(1, ("pro", "P1")), shipment(2, ("pro", "P1"))
    assert choose([("pro", "P1")], one, two) == Choice(decided_by="pro P1", is_ambiguous=True)


def test_the_next_reference_decides_between_two():
    one, two = shipment(1, ("pro", "P1"), ("po", "47")), shipment(2, ("pro", "P1"), ("po", "48"))
    assert choose([("pro", "P1"), ("po", "48")], one, two) == Choice((2,), "po 48")


def test_nobody_gets_a_share_of_events_by_naming_anothers_container():
    owner = shipment(1, ("container", "OCLU1234565"))
    claimer = shipment(2, ("container", "OCLU1234565"), is_ours=False, partner_ids=frozenset({STRANGER}))
    assert ids([], owner, claimer, equipment="OCLU1234565") == (1,)


def test_shipments_nobody_answers_for_do_not_share():
    one = shipment(1, ("mbl", "M1"), is_ours=False, partner_ids=frozenset({STRANGER}))
    two = shipment(2, ("mbl", "M1"), is_ours=False, partner_ids=frozenset({STRANGER}))
    assert choose([("mbl", "M1")], one, two).is_ambiguous is True
    assert ids([("mbl", "M1")], one, two, partner=STRANGER) == (1, 2)


def test_the_order_in_which_shipments_are_known_does_not_count():
    rows = [shipment(pk, ("mbl", "M1"), ("hbl", f"H{pk}")) for pk in (3, 1, 2)]
    assert ids([("mbl", "M1")], *rows) == ids([("mbl", "M1")], *rows[::-1]) == (1, 2, 3)
