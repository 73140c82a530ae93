"""Many dates at once: all cells are checked, then all good ones are one message, or nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core.errors import DomainError
from milestones.services import check_grid, names_of_milestones, record_grid
from partners.enums import Role
from partners.models import User
from portal.presentation.audiences import audiences_of_each
from shipments.grid import Column, Grid, Row
from shipments.models import Event, Message, Shipment, Source, Unit
from tests.factories.partners import PartnerFactory, internal, member
from tests.factories.shipments import LocationFactory
from tests.portal.journeys import milestone, shipment_of, with_journey, with_party

pytestmark = pytest.mark.django_db

ENTRY = "0190b1f2-0000-7000-8000-000000000001"


@pytest.fixture
def shipment() -> Shipment:
    return with_journey(shipment_of(PartnerFactory(), reference="SHIP-1"), done=2)


@pytest.fixture
def colleague() -> User:
    return internal("operations")


def grid(
    *cells: str, codes: tuple[Column, ...] = (Column("DEPARTED"),), reference: str = "SHIP-1", order: str = ""
) -> Grid:
    return Grid(codes, (Row(reference, cells),), order)


def test_good_cells_are_events_of_one_message_in_the_time_of_the_place(shipment: Shipment, colleague: User) -> None:
    other = with_journey(shipment_of(PartnerFactory(), reference="SHIP-2"), done=2)
    said = Grid(
        (Column("DEPARTED"), Column("ARRIVED", "EST")),
        (Row("SHIP-1", ("07.11.2026 18:30", "2026-12-07 08:00")), Row("ship 2", ("2026-11-07", ""))),
    )
    result = record_grid(said, by=colleague, entry_id=ENTRY)
    assert {spot: cell.status for spot, cell in result.cells.items()} == {
        (0, 0): "recorded", (0, 1): "recorded", (1, 0): "recorded",
    }  # fmt: skip
    message = Message.objects.get()
    assert (message.source.code, message.received_by, message.events_found) == ("MANUAL", colleague, 3)
    facts = {
        (e.matches.get().shipment, e.code_id, e.classifier): (e.occurred_at, e.precision, e.location.unlocode)
        for e in Event.objects.select_related("location")
    }
    assert facts == {
        (shipment, "DEPARTED", "ACT"): (datetime(2026, 11, 7, 10, 30, tzinfo=UTC), "minute", "CNSGH"),
        (shipment, "ARRIVED", "EST"): (datetime(2026, 12, 7, 7, 0, tzinfo=UTC), "minute", "NLRTM"),
        (other, "DEPARTED", "ACT"): (datetime(2026, 11, 6, 16, 0, tzinfo=UTC), "day", "CNSGH"),
    }


def test_with_one_bad_cell_nothing_is_written(shipment: Shipment, colleague: User) -> None:
    codes = (Column("DEPARTED"), Column("ARRIVED", "EST"))
    result = record_grid(grid("2026-11-07 18:30", "31.02.2026", codes=codes), by=colleague, entry_id=ENTRY)
    assert {spot: (cell.status, cell.code) for spot, cell in result.cells.items()} == {
        (0, 0): ("new", ""), (0, 1): ("error", "bad_date"),
    }  # fmt: skip
    assert (result.errors, Message.objects.count(), Event.objects.count()) == (1, 0, 0)


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ("soon", Column("DEPARTED"), "bad_date"),
        ("03/04/2026", Column("DEPARTED"), "ambiguous_date"),
        ("2199-01-01", Column("DEPARTED", "EST"), "date_not_possible"),
        ("0026-11-07", Column("DEPARTED"), "date_not_possible"),
        ("2026-03-29 02:30", Column("ARRIVED"), "no_such_hour"),
        ("2026-11-07", Column("EMPTY_RETURNED"), "no_place"),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(
    shipment: Shipment, colleague: User, text: str, column: Column, code: str
) -> None:
    assert check_grid(grid(text, codes=(column,)), by=colleague).cells[0, 0].code == code


def test_what_happened_does_not_lie_ahead(shipment: Shipment, colleague: User) -> None:
    ahead = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    assert check_grid(grid(ahead), by=colleague).cells[0, 0].code == "lies_ahead"
    assert check_grid(grid(ahead, codes=(Column("DEPARTED", "EST"),)), by=colleague).errors == 0


def test_now_is_the_clock_of_the_place(shipment: Shipment, colleague: User) -> None:
    cell = check_grid(grid("now"), by=colleague).cells[0, 0]
    assert cell.at is not None
    assert (cell.time_zone, abs(timezone.now() - cell.at) < timedelta(minutes=2)) == ("Asia/Shanghai", True)


def test_what_stands_already_is_nothing_to_do_and_another_time_is_a_change(shipment: Shipment, colleague: User) -> None:
    loaded = Column("LOADED")
    standing = [check_grid(grid(text, codes=(loaded,)), by=colleague).cells[0, 0] for text in (
        "2026-11-06 16:00", "2026-11-06", "2026-11-06 17:00",
    )]  # fmt: skip
    assert [cell.status for cell in standing] == ["same", "same", "change"]
    assert standing[2].old == datetime(2026, 11, 6, 8, 0, tzinfo=UTC)
    with pytest.raises(DomainError) as refused:
        record_grid(grid("2026-11-06", codes=(loaded,)), by=colleague, entry_id=ENTRY)
    assert refused.value.code == "nothing_to_record"


def test_an_estimate_of_what_has_happened_is_nothing_to_do(shipment: Shipment, colleague: User) -> None:
    cell = check_grid(grid("2026-11-09", codes=(Column("LOADED", "EST"),)), by=colleague).cells[0, 0]
    assert (cell.status, cell.message) == ("same", "It has happened already.")


def test_two_places_of_one_milestone_are_a_question(shipment: Shipment, colleague: User) -> None:
    LocationFactory(unlocode="SGSIN", name="Singapore", time_zone="Asia/Singapore")
    milestone(shipment, 20, ("DISCHARGED", "Discharged for transshipment", "SGSIN", 20))
    said = check_grid(grid("2026-11-20 10:00", codes=(Column("DISCHARGED"),)), by=colleague).cells[0, 0]
    assert (said.code, "CNSGH" in said.message, "NLRTM, SGSIN" in said.message) == ("several_places", False, True)
    named = check_grid(grid("2026-11-20 10:00", codes=(Column("DISCHARGED", place="SGSIN"),)), by=colleague)
    assert named.cells[0, 0].at == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def test_a_container_as_reference_makes_events_of_that_unit(shipment: Shipment, colleague: User) -> None:
    number = Unit.objects.get(shipment=shipment).number
    result = record_grid(grid("2026-11-07 18:30", reference=number), by=colleague, entry_id=ENTRY)
    assert (result.errors, result.rows, result.cells[0, 0].message) == (0, {}, "")
    event = Event.objects.get()
    assert (event.equipment, event.matches.get().unit.number) == (number, number)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("NOBODY-1", "No shipment of yours has this reference."),
        ("", "Name the shipment."),
        ("MSKU1234567", "MSKU1234567 has a wrong check digit: with 5 at the end it would be right."),
        ("PO-SHARED", "Several shipments have this reference: SHIP-1, SHIP-2. Use the shipment's own."),
    ],
)
def test_a_reference_that_means_no_one_shipment_is_refused(
    shipment: Shipment, colleague: User, reference: str, said: str
) -> None:
    other = shipment_of(PartnerFactory(), reference="SHIP-2")
    for each in (shipment, other):
        each.references.create(type="po", value="PO-SHARED", key="POSHARED")
    result = check_grid(grid("2026-11-07", reference=reference), by=colleague)
    assert (result.rows, result.cells, result.errors) == ({0: said}, {}, 1)


def test_a_shipment_twice_and_a_column_twice_are_refused(shipment: Shipment, colleague: User) -> None:
    twice = Grid((Column("DEPARTED"), Column("DEPARTED")), (Row("SHIP-1", ("2026-11-07", "")), Row("ship-1", ("", ""))))
    result = check_grid(twice, by=colleague)
    assert result.columns == {1: "This milestone stands in an earlier column already."}
    assert result.rows == {1: "The same shipment stands in row 1 already."}


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Column(""), "Choose the milestone of this column."),
        (Column("NOTHING"), "There is no such milestone."),
        (Column("DEPARTED", "REQ"), "There is no such milestone."),
        (Column("DEPARTED", place="XXXXX"), "No place has the code XXXXX. Write a UN/LOCODE such as NLRTM."),
    ],
)
def test_a_heading_that_means_nothing_is_refused(
    shipment: Shipment, colleague: User, column: Column, said: str
) -> None:
    assert check_grid(grid("2026-11-07", codes=(column,)), by=colleague).columns == {0: said}


def test_a_partner_reports_for_himself_on_what_he_sees(shipment: Shipment) -> None:
    carrier = PartnerFactory(kinds=["carrier"])
    editor = member(carrier, Role.EDITOR)
    assert check_grid(grid("2026-11-07"), by=editor).rows == {0: "No shipment of yours has this reference."}
    with_party(shipment, carrier)
    result = record_grid(grid("2026-11-07"), by=editor, entry_id=ENTRY, audiences=audiences_of_each)
    assert result.cells[0, 0].status == "recorded"
    assert Event.objects.get().source.partner == carrier


def test_a_viewer_of_a_partner_records_nothing(shipment: Shipment) -> None:
    viewer = member(shipment.customer, Role.VIEWER)
    result = record_grid(grid("2026-11-07"), by=viewer, entry_id=ENTRY)
    assert result.rows == {0: "You may see this shipment, but not report events on it."}
    assert (Event.objects.count(), Source.objects.count()) == (0, 0)


def test_a_partner_reports_nothing_that_is_internal(shipment: Shipment) -> None:
    editor = member(shipment.customer, Role.EDITOR)
    codes = (Column("CARGO_READY"), Column("INFO"), Column("DEPARTED"))
    result = check_grid(grid("2026-11-07", "2026-11-07", "", codes=codes), by=editor, audiences=audiences_of_each)
    assert result.cells[0, 0].code == "not_reportable"
    assert result.columns == {1: "This is nothing that partners report."}


def test_the_same_form_sent_twice_is_one_entry(shipment: Shipment, colleague: User) -> None:
    for _ in range(2):
        result = record_grid(grid("2026-11-07 18:30"), by=colleague, entry_id=ENTRY)
    assert (result.cells[0, 0].status, Event.objects.count()) == ("recorded", 1)


def test_more_than_a_grid_holds_is_refused_as_a_whole(colleague: User) -> None:
    large = Grid((Column("DEPARTED"),), tuple(Row(f"S{n}", ("now",)) for n in range(201)))
    assert check_grid(large, by=colleague).problem == "A grid has 200 rows and 20 columns at most."


def test_headings_are_codes_names_and_the_names_on_templates() -> None:
    names = names_of_milestones()
    assert (names["departed"], names["pickedup"], names["gatein"]) == ("DEPARTED", "PICKED_UP", "GATE_IN")


def test_two_hundred_shipments_take_a_constant_number_of_queries(
    colleague: User, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        with_journey(shipment_of(PartnerFactory(), reference=f"MANY-{number}"), done=2)
    rows = tuple(Row(f"MANY-{number}", ("2026-11-07",)) for number in range(5))
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        assert check_grid(Grid((Column("DEPARTED"),), rows), by=colleague).errors == 0


def test_hundreds_of_cells_are_one_message(colleague: User) -> None:
    codes = tuple(
        Column(code, kind) for code in ("DEPARTED", "ARRIVED", "DISCHARGED", "DELIVERED") for kind in ("EST", "PLN")
    )
    for number in range(40):
        with_journey(shipment_of(PartnerFactory(), reference=f"MANY-{number}"), done=1)
    rows = tuple(Row(f"MANY-{number}", tuple(f"2026-12-{day:02}" for day in range(10, 18))) for number in range(40))
    result = record_grid(Grid(codes, rows), by=colleague, entry_id=ENTRY)
    assert (result.to_write, Message.objects.get().events_found, Event.objects.count()) == (320, 320, 320)
