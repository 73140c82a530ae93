import pytest

from shipments.enums import ReferenceType
from shipments.references import reference_type


@pytest.mark.parametrize("type_", ReferenceType.values)
def test_our_own_names_are_understood_in_any_case(type_):
    assert (reference_type(type_), reference_type(type_.upper())) == (type_, type_)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("tracking_number", "tracking"), ("TRK", "tracking"), ("2I", "tracking"), ("PRO", "pro"), ("Pro No.", "pro"),
        ("CN", "pro"), ("BOL", "mbl"), ("bill_of_lading", "mbl"), ("B/L", "mbl"), ("TRD", "mbl"), ("BM", "mbl"),
        ("House B/L", "hbl"), ("AWB", "mawb"), ("BKG", "booking"), ("CBR", "booking"), ("Container No.", "container"),
        ("EQ", "container"), ("Purchase Order", "po"), ("SI", "customer"), ("DEO", "delivery_order"), ("mrn", "mrn"),
    ],
)  # fmt: skip
def test_what_senders_write_is_understood(name, type_):
    assert reference_type(name) == type_


@pytest.mark.parametrize("name", ["", "???", "colour", "ZZZ"])
def test_other_words_are_no_reference_type(name):
    assert reference_type(name) is None
