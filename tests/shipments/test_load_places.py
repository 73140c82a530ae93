"""Lists of places as others publish them: read, loaded by set, and what waits for them follows."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from partners.services import work_jobs
from shipments.models import Event, Location, LocationAlias
from shipments.place_tables import read_aliases, read_glns, read_terminals
from shipments.services import ingest_waiting, load_unlocode, receive
from shipments.unlocode import PlaceRow, decoded, read_unlocode
from tests.factories.shipments import SourceFactory, native, payload

ENRICHED = Path("/work/shared/samples/unlocode/unlocode_enriched.csv.gz")
OFFICIAL = """\
"","ZQ","",".ZEDLAND","","","","","","","",""
"+","US","QQA","Quay Town","Quay Town","CO","--34----","RL","0701","","3945N 10459W","x"
"","US","QQB","São Quay","Sao Quay","CO","RL","--3-----","0701","","",""
"","DE","QQC","Neuhafen","Neuhafen","","AI","1--4----","0701","","5155N 00430E",""
"X","US","QQX","Gone Town","Gone Town","CO","--3-----","XX","0701","","",""
"=","DE","","Old Harbour = Neuhafen","Old Harbour = Neuhafen","","","","","","",""
"=","DE","","Nowhere = Neverland","Nowhere = Neverland","","","","","","",""
"""


def load(text: str, **options: bool) -> dict[str, int]:
    return load_unlocode(read_unlocode([text]), by=None, **options)


def command(capsys, *arguments: str) -> dict[str, int]:
    call_command(*arguments)
    return json.loads(capsys.readouterr().out)


def test_the_official_list_is_read_whichever_way_round_status_and_function_stand():
    rows = read_unlocode([OFFICIAL])
    assert rows == [
        PlaceRow("USQQA", "US", "Quay Town", "Quay Town", "CO", "", "39.75000", "-104.98333", "America/Denver", True),
        PlaceRow("USQQB", "US", "São Quay", "Sao Quay", "CO", zone="America/Denver"),
        PlaceRow("DEQQC", "DE", "Neuhafen", "Neuhafen", "", "QQC", "51.91667", "4.50000", "Europe/Berlin", True),
        PlaceRow("USQQX", "US", "Gone Town", "Gone Town", "CO", zone="America/Denver", is_removed=True),
        PlaceRow("", "DE", "Old Harbour", same_as="Neuhafen"),
        PlaceRow("", "DE", "Nowhere", same_as="Neverland"),
    ]  # fmt: skip


def test_the_list_is_read_in_latin_1_and_with_a_heading():
    assert decoded("São".encode("latin-1")) == decoded("\ufeffSão".encode()) == "São"
    headed = "Change,Country,Location,Name,NameWoDiacritics,Subdivision,Status,Function,Date,IATA,Coordinates,Remarks\n"
    assert read_unlocode([headed + OFFICIAL]) == read_unlocode([OFFICIAL])
    assert read_unlocode(["", "nonsense\n", '"\n', "a,b,c,d,e,f\n"]) == []


def test_an_airport_code_is_given_to_one_place():
    lines = "locode,country,location,name,function,status,iata\n{}\n"
    two = lines.format("USQQA,US,QQA,A,---4----,RL,QQZ\nUSQQZ,US,QQZ,B,---4----,RL,QQZ")
    assert [row.iata for row in read_unlocode([two])] == ["", "QQZ"]
    tie = lines.format("USQQA,US,QQA,A,---4----,RL,QQZ\nUSQQB,US,QQB,B,---4----,RL,QQZ")
    assert [row.iata for row in read_unlocode([tie])] == ["", ""]


@pytest.mark.django_db
def test_a_list_adds_what_is_missing_and_a_second_time_changes_nothing():
    first = load(OFFICIAL)
    assert first == {
        "inserted": 3, "updated": 0, "unchanged": 0, "kept": 0, "removed": 1, "without_zone": 0, "aliases": 2,
        "unresolved": 1,
    }  # fmt: skip
    made = Location.objects.get(unlocode="USQQA")
    assert (made.kind, made.time_zone, made.latitude) == ("place", "America/Denver", Decimal("39.75000"))
    names = LocationAlias.objects.filter(kind="name").order_by("value")
    assert list(names.values_list("value", "location__unlocode")) == [
        ("DE|OLD HARBOUR", "DEQQC"), ("US|SAO QUAY", "USQQB"),
    ]  # fmt: skip
    assert load(OFFICIAL) == {**first, "inserted": 0, "unchanged": 3, "aliases": 0}


@pytest.mark.django_db
def test_what_a_person_put_right_is_kept_and_counted_unless_the_list_is_to_win():
    load(OFFICIAL)
    Location.objects.filter(unlocode="USQQA").update(name="Quaytown", time_zone="America/Boise")
    Location.objects.filter(unlocode="USQQB").update(time_zone="")
    counts = load(OFFICIAL)
    assert (counts["updated"], counts["kept"]) == (1, 1)
    kept, filled = Location.objects.filter(unlocode__in=["USQQA", "USQQB"]).order_by("unlocode")
    assert (kept.name, kept.time_zone, filled.time_zone) == ("Quaytown", "America/Boise", "America/Denver")
    assert load(OFFICIAL, overwrite=True)["updated"] == 1
    kept.refresh_from_db()
    assert (kept.name, kept.time_zone) == ("Quay Town", "America/Denver")


@pytest.mark.django_db
def test_what_waits_for_a_place_follows_when_the_list_is_loaded(capsys, tmp_path):
    receive(SourceFactory(), payload(
        native("DEPARTED", ("mbl", "M1"), occurred_at="2026-11-03T09:00", location={"unlocode": "USQQA"}),
    ))  # fmt: skip
    ingest_waiting()
    (tmp_path / "part.csv").write_text(OFFICIAL, encoding="latin-1")
    assert command(capsys, "load_unlocode", str(tmp_path))["events_moved"] == 1
    old, new = Event.objects.order_by("pk")
    assert (old.zone_certainty, old.occurred_at) == ("assumed", datetime(2026, 11, 3, 9, tzinfo=UTC))
    assert (new.zone_certainty, new.occurred_at) == ("derived", datetime(2026, 11, 3, 16, tzinfo=UTC))
    assert new.supersedes == old.pk


@pytest.mark.django_db
def test_events_at_a_place_whose_zone_the_list_knows_follow_by_a_job():
    Location.objects.create(unlocode="USQQA", country="US", name="Quay Town")
    receive(SourceFactory(), payload(
        native("DEPARTED", ("mbl", "M1"), occurred_at="2026-11-03T09:00", location={"unlocode": "USQQA"}),
    ))  # fmt: skip
    ingest_waiting()
    load(OFFICIAL)
    assert work_jobs() == 1
    assert [(e.time_zone, e.zone_certainty) for e in Event.objects.order_by("pk")] == [
        ("UTC", "assumed"), ("America/Denver", "derived"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_parts_may_stand_in_a_zip_or_be_packed(capsys, tmp_path):
    archive = tmp_path / "loc.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("2024-2 UNLOCODE CodeListPart1.csv", OFFICIAL.encode("latin-1"))
        made.writestr("2024-2 SubdivisionCodes.csv", b'"US","CO","Colorado","State"\n')
    assert command(capsys, "load_unlocode", str(archive))["inserted"] == 3
    packed = tmp_path / "loc.csv.gz"
    packed.write_bytes(gzip.compress(OFFICIAL.encode()))
    assert command(capsys, "load_unlocode", str(packed))["unchanged"] == 3


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 broken", b"\x1f\x8b broken"])
def test_what_is_no_list_ends_the_command_with_a_sentence(tmp_path, content):
    names = {None: "absent.csv", b"": "empty.csv", b"PK\x03\x04 broken": "a.zip", b"\x1f\x8b broken": "a.csv.gz"}
    path = tmp_path / names[content]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        call_command("load_unlocode", str(path))
    assert str(path) in str(refusal.value)


@pytest.mark.django_db
@pytest.mark.skipif(not ENRICHED.exists(), reason="the collected list is not here")
def test_the_whole_list_is_loaded(capsys):
    counts = command(capsys, "load_unlocode", str(ENRICHED))
    assert counts["inserted"] + counts["unchanged"] + counts["updated"] == Location.objects.count()
    assert counts["inserted"] > 114_000
    assert counts["without_zone"] < 2_500
    assert Location.objects.get(unlocode="KRICN").time_zone == "Asia/Seoul"


# --- Terminals, GLNs, aliases ----------------------------------------------------------------------------------------
TERMINALS = "UNLOCODE,Alternative UNLOCODEs,Terminal Code,Terminal Facility Name,Latitude,Longitude\n" + (
    "NLRTM,,APMII,APM Terminals Maasvlakte II,51.96,4.03\nNLRTM,,ECTDE,Delta,95,4\nXXQQQ,,A,B,1,1\nbad,,A,B,1,1\n"
)


def test_a_list_of_terminals_is_read():
    assert read_terminals(TERMINALS) == [
        ("NLRTM", "APMII", "APM Terminals Maasvlakte II", "", "", "", "51.96000", "4.03000", False),
        ("NLRTM", "ECTDE", "Delta", "", "", "", "", "", False),
        ("XXQQQ", "A", "B", "", "", "", "1.00000", "1.00000", False),
    ]  # fmt: skip


@pytest.mark.django_db
def test_terminals_become_facilities_in_the_zone_of_their_place(capsys, tmp_path):
    path = tmp_path / "smdg.csv"
    path.write_text(TERMINALS)
    counts = command(capsys, "load_places", "--kind", "smdg", str(path))
    assert (counts["inserted"], counts["aliases"], counts["without_place"]) == (2, 2, 1)
    made = Location.objects.get(unlocode="NLRTM", facility_code="APMII")
    assert (made.kind, made.time_zone, made.name) == ("facility", "Europe/Amsterdam", "APM Terminals Maasvlakte II")
    assert LocationAlias.objects.get(kind="terminal", value="NLRTM/APMII").location == made


@pytest.mark.django_db
def test_glns_lead_to_a_place_or_to_a_facility_in_it(capsys, tmp_path):
    path = tmp_path / "gln.csv"
    path.write_text("gln;unlocode;facility;name\n4012345000009;DEHAM;;\n5412345000013;NLRTM;DC1;Our warehouse\n1;X;;\n")
    entries, lines, wrong = read_glns(path.read_text())
    assert (len(entries), len(lines), wrong) == (1, 2, 1)
    counts = command(capsys, "load_places", "--kind", "gln", str(path))
    assert (counts["inserted"], counts["facilities"], counts["wrong"]) == (2, 1, 1)
    found = LocationAlias.objects.filter(kind="gln").order_by("value")
    assert [(a.value, a.location.code) for a in found] == [("4012345000009", "DEHAM"), ("5412345000013", "NLRTM/DC1")]


@pytest.mark.django_db
def test_tables_of_aliases_in_both_shapes(capsys, tmp_path):
    path = tmp_path / "alias.csv"
    path.write_text(
        "Country,Name,NameWoDiacritics\nNL,Rotjeknor = Rotterdam,Rotjeknor = Rotterdam\n"
        "NL,X = Neverland,X = Neverland\n"
    )
    assert command(capsys, "load_places", "--kind", "aliases", str(path)) == {
        "inserted": 1, "kept": 0, "without_place": 0, "unresolved": 1, "events_moved": 0,
    }  # fmt: skip
    assert LocationAlias.objects.get(value="NL|ROTJEKNOR").location.unlocode == "NLRTM"
    path.write_text("kind,value,mode,unlocode,facility\nunlocode,cn abc,VESSEL,CNSGH,\nname,US-IL|Pier 4,,USCHI,\n")
    assert read_aliases(path.read_text())[0] == [
        ("unlocode", "CNABC", "VESSEL", "CNSGH", ""), ("name", "US-IL|PIER 4", "", "USCHI", ""),
    ]  # fmt: skip
    assert command(capsys, "load_places", "--kind", "aliases", str(path))["inserted"] == 2
    assert command(capsys, "load_places", "--kind", "aliases", str(path))["kept"] == 2
