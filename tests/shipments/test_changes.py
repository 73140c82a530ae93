from __future__ import annotations

from shipments.changes import Change, changes

ETD, ETA = "2026-11-03T12:00:00+00:00", "2026-12-01T12:00:00+00:00"
LEG = {"sequence": 1, "mode": "ocean", "voyage": "077W"}
UNIT = {"kind": "container", "number": "MSKU 123", "key": "MSKU123"}


def facts(**said):
    plain = {"type": "export", "mode": "ocean", "service": "", "origin": 1, "destination": 2, "cancelled": False}
    return {"dates": {"etd": ETD, "eta": None}, **plain, "legs": [], "units": [], **said}


def test_the_same_differs_in_nothing():
    assert changes(facts(legs=[LEG]), facts(legs=[LEG])) == []


def test_dates_come_first_then_what_it_is_then_legs_and_units():
    before = facts(legs=[LEG], units=[UNIT])
    later = {**LEG, "voyage": "078W"}
    after = facts(
        dates={"etd": ETD, "eta": ETA}, service="fcl", destination=3, cancelled=True, legs=[later],
        units=[{**UNIT, "key": "MSKU9"}],
    )  # fmt: skip
    assert changes(before, after) == [
        Change("eta", None, ETA),
        Change("service", "", "fcl"),
        Change("destination", 2, 3),
        Change("cancelled", False, True),
        Change("leg", LEG, later, "1"),
        Change("unit", UNIT, None, "MSKU123"),
        Change("unit", None, {**UNIT, "key": "MSKU9"}, "MSKU9"),
    ]
