"""The reference data the product ships with, as files and as the rows a new database has."""

import re
from pathlib import Path

import pytest
from django.db.models import Count

from shipments.enums import Classifier
from shipments.formats.native import CODES
from shipments.models import CodeMapping, Location, LocationAlias, MilestoneType
from shipments.tables import read_table

TABLES = Path(__file__).parents[2] / "shipments" / "tables"


def test_the_vocabulary_has_48_codes_in_one_order():
    rows = read_table("vocabulary")
    assert len(rows) == len(CODES) == 48
    assert len({row["sequence"] for row in rows}) == len(rows)


def all_mappings():
    names = sorted(path.stem for path in TABLES.glob("codes_*.csv"))
    return [row for name in ("code_mappings", *names) for row in read_table(name)]


def test_every_mapping_leads_into_the_vocabulary_once():
    rows = all_mappings()
    keys = [(row["format"], row["code_list"], row["raw_code"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["code"] for row in rows} <= CODES
    assert {row["classifier"] for row in rows} <= {"", *Classifier.values}
    assert [row for row in rows if not re.fullmatch(r"(\w+=[\w()+]+(;\w+=[\w()+]+)*)?", row["attributes"])] == []


def test_lists_are_complete():
    counted = {}
    for row in read_table("code_mappings"):
        counted[row["code_list"]] = counted.get(row["code_list"], 0) + 1
    assert (counted["1650"], counted["1652"]) == (70, 9)


@pytest.mark.parametrize(
    ("code_list", "raw_code", "code", "classifier", "attributes"),
    [
        ("1650", "X1", "DELIVERY_ARRIVED", "ACT", {}),
        ("1650", "X3", "PICKUP_ARRIVED", "ACT", {}),
        ("1650", "AG", "DELIVERED", "EST", {}),
        ("1650", "CB", "INFO", "ACT", {}),
        ("1650", "RL", "DEPARTED", "ACT", {"mode": "RAIL", "loc": "RAMP_ORIGIN"}),
        ("1650", "BR", "INFO", "ACT", {"clears": "DELAYED", "reason": "BAD_ORDER"}),
        ("1652", "X9", "APPOINTMENT_SET", "PLN", {"stop": "DELIVERY"}),
        ("dcsa", "TRANSPORT.ARRI", "ARRIVED", "", {}),
        ("dcsa", "EQUIPMENT.GTIN+EMPTY", "EMPTY_RETURNED", "", {"laden": "EMPTY"}),
        ("dcsa", "SHIPMENT.CONF/BKG", "BOOKED", "ACT", {}),
        ("dcsa", "SHIPMENT.VOID/CBR", "CANCELLED", "ACT", {}),
        ("dcsa", "SHIPMENT.PENU/SRM", "DOCS_RECEIVED", "ACT", {"doc": "SI"}),
        ("dcsa", "SHIPMENT.HOLD/CUS", "CUSTOMS_HOLD", "ACT", {}),
        ("dcsa", "SHIPMENT.RELS/TRD", "CARRIER_RELEASED", "ACT", {}),
        ("dcsa", "SHIPMENT.CMPL/OOG", "INFO", "ACT", {}),
        ("dcsa", "IOT.DETC/DRC", "EQUIPMENT_CHECKED", "ACT", {}),
    ],
)
@pytest.mark.django_db
def test_a_new_database_knows_what_codes_mean(code_list, raw_code, code, classifier, attributes):
    mapping = CodeMapping.objects.current().get(code_list=code_list, raw_code=raw_code, source=None)
    assert (mapping.code_id, mapping.classifier, mapping.attributes) == (code, classifier, attributes)


@pytest.mark.django_db
def test_a_new_database_has_the_whole_vocabulary_and_all_mappings():
    assert set(MilestoneType.objects.values_list("code", flat=True)) == CODES
    assert CodeMapping.objects.count() == len(all_mappings())


@pytest.mark.django_db
def test_a_new_database_has_the_main_places_each_with_its_zone():
    tables = ("places", "places_more")
    codes = [row["unlocode"] for name in tables for row in read_table(name)]
    assert Location.objects.count() == len(set(codes))
    assert len(set(codes)) >= 1400
    assert Location.objects.filter(time_zone="").count() == 0
    rotterdam = Location.objects.get(unlocode="NLRTM")
    assert (rotterdam.country, rotterdam.time_zone, rotterdam.code) == ("NL", "Europe/Amsterdam", "NLRTM")


@pytest.mark.django_db
def test_an_airport_code_names_one_place():
    twice = Location.objects.exclude(iata="").values("iata").annotate(places=Count("pk")).filter(places__gt=1)
    assert list(twice) == []
    assert Location.objects.get(iata="AMS").unlocode == "NLAMS"


@pytest.mark.django_db
def test_the_code_carriers_use_for_the_port_of_shanghai_leads_to_it():
    assert Location.objects.get(unlocode="CNSHA").same_as.unlocode == "CNSGH"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "value", "mode", "place"),
    [
        ("unlocode", "CNSHA", "VESSEL", "CNSGH"),
        ("unlocode", "CNSZX", "VESSEL", "CNSNZ"),
        ("iata", "LON", "", "GBLON"),
        ("iata", "NYC", "", "USNYC"),
        ("iata", "PAR", "", "FRPAR"),
        ("iata", "TYO", "", "JPTYO"),
    ],
)
def test_a_new_database_knows_what_places_are_also_called(kind, value, mode, place):
    assert LocationAlias.objects.get(kind=kind, value=value, mode=mode, source=None).location.unlocode == place


@pytest.mark.django_db
def test_a_new_database_knows_the_large_ports_and_airports_with_where_they_lie():
    large = [
        "SGSIN", "CNNGB", "CNTAO", "CNYTN", "KRPUS", "HKHKG", "CNXMN", "NLRTM", "AEJEA", "MYPKG", "BEANR", "MYTPP",
        "DEHAM", "USLAX", "USLGB", "THLCH", "IDJKT", "LKCMB", "INNSA", "VNSGN", "MAPTM", "GRPIR", "ESALG", "ESVLC",
        "DEBRV", "USSAV", "PAMIT", "BRSSZ", "MXZLO", "EGPSD", "GBFXT", "TWKHH", "JPTYO", "JPYOK", "ZADUR", "AUMEL",
        "NZAKL", "PECLL", "COCTG", "TGLFW", "NGAPP", "KEMBA", "OMSLL", "SAJED", "TRAMR", "ITGIT", "PLGDN", "SEGOT",
        "CAVAN", "USHOU", "USORF", "CNPVG", "KRICN", "USANC", "QADOH", "DEFRA", "USORD", "BELGG", "DELEJ", "LULUX",
        "USCVG", "GBLHR", "FRCDG", "USATL", "USDFW", "ETADD", "SARUH", "INDEL", "INBOM",
    ]  # fmt: skip
    known = Location.objects.filter(unlocode__in=large, facility_code="", latitude__isnull=False).exclude(time_zone="")
    assert set(large) - set(known.values_list("unlocode", flat=True)) == set()
