"""Dates as people write them, and what they paste from a spreadsheet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.grid import Column, Row, read_cell, read_heading, read_pasted

NAMES = {"departed": "DEPARTED", "vesseldeparted": "DEPARTED", "arrived": "ARRIVED", "gatein": "GATE_IN"}


@pytest.mark.parametrize(
    ("text", "order", "wall", "precision"),
    [
        ("2026-12-31", "", "2026-12-31T00:00:00", "day"),
        ("2026-12-31 14:05", "", "2026-12-31T14:05:00", "minute"),
        ("2026-12-31T14:05", "", "2026-12-31T14:05:00", "minute"),
        ("2026-12-31 7:05", "", "2026-12-31T07:05:00", "minute"),
        ("31.12.2026 14:05", "", "2026-12-31T14:05:00", "minute"),
        ("31.12.2026, 14:05", "", "2026-12-31T14:05:00", "minute"),
        ("03.04.2026", "MDY", "2026-04-03T00:00:00", "day"),
        ("3.4.26", "", "2026-04-03T00:00:00", "day"),
        ("12/31/2026", "", "2026-12-31T00:00:00", "day"),
        ("31/12/2026", "", "2026-12-31T00:00:00", "day"),
        ("03/04/2026 1405", "DMY", "2026-04-03T14:05:00", "minute"),
        ("03/04/2026", "MDY", "2026-03-04T00:00:00", "day"),
        ("04/04/2026", "", "2026-04-04T00:00:00", "day"),
        ("12/31/2026 2:05 PM", "MDY", "2026-12-31T14:05:00", "minute"),
        ("12/31/2026 12:05 a.m.", "MDY", "2026-12-31T00:05:00", "minute"),
    ],
)
def test_a_date_is_read_as_people_write_it(text: str, order: str, wall: str, precision: str) -> None:
    said = read_cell(text, order)
    assert said.time is not None
    assert (said.time.wall, said.time.precision, said.problem) == (wall, precision, "")


@pytest.mark.parametrize("text", ["03/04/2026", "3-4-2026 10:00"])
def test_a_day_that_could_be_two_days_is_asked_about(text: str) -> None:
    assert read_cell(text).problem == "ambiguous_date"


@pytest.mark.parametrize(
    "text",
    ["soon", "31.02.2026", "2026-13-01", "12/31/2026 25:00", "31.12.2026 14", "31/12-2026", "13/31/2026"],
)  # fmt: skip
def test_what_is_no_day_is_a_problem(text: str) -> None:
    assert read_cell(text).problem == "bad_date"


def test_an_order_that_was_chosen_is_not_overruled_by_the_number() -> None:
    assert read_cell("31/12/2026", "MDY").problem == "bad_date"


def test_now_is_now_and_nothing_is_nothing() -> None:
    assert (read_cell(" NOW ").is_now, read_cell("  ").time, read_cell(" ").problem) == (True, None, "")


def test_an_offset_is_kept() -> None:
    said = read_cell("2026-12-31T14:05+08:00")
    assert said.time is not None
    assert (said.time.wall, said.time.zone) == ("2026-12-31T14:05:00", "+08:00")


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("DEPARTED", Column("DEPARTED", "ACT", "", "DEPARTED")),
        ("Vessel departed", Column("DEPARTED", "ACT", "", "Vessel departed")),
        ("Vessel departed (estimated)", Column("DEPARTED", "EST", "", "Vessel departed (estimated)")),
        ("Gate-in PLN", Column("GATE_IN", "PLN", "", "Gate-in PLN")),
        ("Arrived EST @sgsin", Column("ARRIVED", "EST", "SGSIN", "Arrived EST @sgsin")),
        ("Arrived@NLRTM/APM2", Column("ARRIVED", "ACT", "NLRTM/APM2", "Arrived@NLRTM/APM2")),
        ("Vesel departd", Column("", "ACT", "", "Vesel departd")),
    ],
)
def test_a_heading_names_milestone_kind_of_time_and_place(heading: str, column: Column) -> None:
    assert read_heading(heading, NAMES) == column


def test_a_piece_of_a_spreadsheet_becomes_a_grid() -> None:
    pasted = read_pasted(
        "Shipment\tDeparted\tArrived (expected)\t\r\nS-1\t2026-11-02 14:05\t\r\n\t\t\r\nS-2\t\t5.12.2026\r\n",
        NAMES,
        "DMY",
    )
    assert (pasted.problem, pasted.grid.date_order) == ("", "DMY")
    assert [(column.code, column.classifier) for column in pasted.grid.columns] == [
        ("DEPARTED", "ACT"),
        ("ARRIVED", "EST"),
    ]
    assert pasted.grid.rows == (Row("S-1", ("2026-11-02 14:05", "")), Row("S-2", ("", "5.12.2026")))


def test_a_cell_with_line_breaks_is_one_cell() -> None:
    pasted = read_pasted('Shipment\tDeparted\n"S-1\nurgent"\t"2026-11-02\n14:05"', NAMES)
    assert pasted.grid.rows == (Row("S-1 urgent", ("2026-11-02 14:05",)),)


@pytest.mark.parametrize(
    ("text", "problem", "rows", "columns"),
    [
        ("Shipment\tDeparted\n" + "S\tx\n" * 201, "too_many_rows", 200, 1),
        ("Shipment" + "\tDeparted" * 21 + "\nS\tx", "too_many_columns", 1, 20),
        ("Shipment\tDeparted", "no_rows", 0, 0),
        ("", "no_rows", 0, 0),
        ("x" * 500_001, "too_long", 0, 0),
    ],
)
def test_a_paste_has_limits(text: str, problem: str, rows: int, columns: int) -> None:
    pasted = read_pasted(text, NAMES)
    assert (pasted.problem, len(pasted.grid.rows), len(pasted.grid.columns)) == (problem, rows, columns)


@given(st.text(max_size=300), st.sampled_from(["", "DMY", "MDY"]))
def test_no_text_breaks_the_reading(text: str, order: str) -> None:
    said = read_cell(text, order)
    assert said.problem in ("", "bad_date", "ambiguous_date")
    pasted = read_pasted("Shipment\tDeparted\n" + text, NAMES, order)
    assert len(pasted.grid.rows) <= 200
