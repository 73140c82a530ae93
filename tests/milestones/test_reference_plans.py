"""Plans worked out by hand, to the minute. Each says how; none was copied from what the program gave.

Times are UTC. In 2026: 1 January is a Thursday, Easter is 5 April, 3 November is a Tuesday. The clock goes on in Europe
on 29 March and back on 25 October, in New York on 8 March and 1 November, in Sydney on 4 October and 5 April.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import pytest

from milestones.compiling import compile_draft
from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import AnchorKind
from milestones.expanding import expand
from milestones.facts import LegFact, PlaceFact, ShipmentFact
from milestones.planning import due_times, route
from milestones.services.loading import plan_of
from milestones.valuing import compare

HOUR, DAY = 60, 24 * 60
NAMES = {
    "NLRTM": ("NL", "Europe/Amsterdam"), "DEHAM": ("DE", "Europe/Berlin"), "CNSGH": ("CN", "Asia/Shanghai"),
    "USNYC": ("US", "America/New_York"), "USLAX": ("US", "America/Los_Angeles"), "USHNL": ("US", "Pacific/Honolulu"),
    "AUSYD": ("AU", "Australia/Sydney"), "JPTYO": ("JP", "Asia/Tokyo"), "SARUH": ("SA", "Asia/Riyadh"),
    "ILHFA": ("IL", "Asia/Jerusalem"), "BNMUA": ("BN", "Asia/Brunei"), "AEJEA": ("AE", "Asia/Dubai"),
    "SGSIN": ("SG", "Asia/Singapore"), "NPKTM": ("NP", "Asia/Kathmandu"), "KICXI": ("KI", "Pacific/Kiritimati"),
    "CASJF": ("CA", "America/St_Johns"),
}  # fmt: skip
PLACES = {code: PlaceFact(n, code, *rest) for n, (code, rest) in enumerate(NAMES.items(), 1)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ln(position: int, anchor: str | int, minutes: int = 0, role: str = "pol", **more: Any) -> LineDraft:
    """`anchor`: a date, or the position of a line; `wd`: working days; `tod`: time of day."""
    if more.pop("wd", False):
        more["day_basis"] = "working"
    more["time_of_day"] = more.pop("tod", None)
    kind, before = ("line", anchor) if isinstance(anchor, int) else (anchor, None)
    name = f"Line {position}"
    fields = {"type": "DEPARTED", "name": name, "anchor": kind, "anchor_line": before, "place_role": role, **more}
    return LineDraft(position=position, offset_minutes=minutes, **fields)


def leg(sequence: int, mode: str, start: str, end: str, etd: str | None = None, eta: str | None = None) -> LegFact:
    dates = (at(etd) if etd else None, at(eta) if eta else None)
    return LegFact(sequence, mode, PLACES[start], PLACES[end], frozenset(), None, *dates)


@dataclass
class Case:
    id: str
    lines: list[LineDraft]
    due: dict[str, str | None]
    origin: str = "NLRTM"
    destination: str = "CNSGH"
    legs: tuple[LegFact, ...] = ()
    units: tuple[str, ...] = ()
    # Slot → planned time that was reported for it.
    told: dict[str, str] = field(default_factory=dict)
    etd: str | None = None
    eta: str | None = None
    booked_at: str | None = None
    cut_off_at: str | None = None
    cargo_ready_at: str | None = None


CASES = [
    # --- Time zones and the change of the clock ---
    # 08:00 CEST less two days is 08:00 CEST.
    Case("two days before", [ln(10, "etd", -2 * DAY)], {"L10": "2026-06-08 06:00"}, etd="2026-06-10 06:00"),
    # Monday 30 March 08:00 CEST (06:00Z); Saturday 28 March 08:00 is still CET, an hour less ahead: 07:00Z.
    Case("back over the clock going on", [ln(10, "etd", -2 * DAY)], {"L10": "2026-03-28 07:00"},
         etd="2026-03-30 06:00"),
    # Friday 23 October 12:00 CEST (10:00Z); Monday 12:00 is CET: 11:00Z.
    Case("over the clock going back", [ln(10, "etd", 3 * DAY)], {"L10": "2026-10-26 11:00"}, etd="2026-10-23 10:00"),
    # Hours are elapsed: 23:00Z + 4 h, though the wall shows five more.
    Case("hours over the clock going on", [ln(10, "etd", 4 * HOUR)], {"L10": "2026-03-29 03:00"},
         etd="2026-03-28 23:00"),
    # 36 h = a day on the calendar (Saturday 12:00 CET -> Sunday 12:00 CEST = 10:00Z), then 12 elapsed hours.
    Case("a day and hours", [ln(10, "etd", 36 * HOUR)], {"L10": "2026-03-29 22:00"}, etd="2026-03-28 11:00"),
    # The same backwards: Monday 12:00 CEST -> Sunday 12:00 CEST (10:00Z), less 12 h.
    Case("a day and hours back", [ln(10, "etd", -36 * HOUR)], {"L10": "2026-03-28 22:00"}, etd="2026-03-30 10:00"),
    # Saturday 31 October 12:00 EDT (16:00Z); Sunday 12:00 is EST: 17:00Z.
    Case("New York, clock back", [ln(10, "eta", DAY, "pod")], {"L10": "2026-11-01 17:00"}, destination="USNYC",
         eta="2026-10-31 16:00"),
    # Saturday 7 March 12:00 EST (17:00Z); Sunday 12:00 is EDT: 16:00Z.
    Case("New York, clock on", [ln(10, "eta", DAY, "pod")], {"L10": "2026-03-08 16:00"}, destination="USNYC",
         eta="2026-03-07 17:00"),
    # Southern autumn: Saturday 4 April 12:00 AEDT (+11, 01:00Z); Sunday 12:00 is AEST (+10): 02:00Z.
    Case("Sydney, clock back", [ln(10, "eta", DAY, "pod")], {"L10": "2026-04-05 02:00"}, destination="AUSYD",
         eta="2026-04-04 01:00"),
    # Southern spring: Saturday 3 October 12:00 AEST (02:00Z); Sunday 12:00 is AEDT: 01:00Z.
    Case("Sydney, clock on", [ln(10, "eta", DAY, "pod")], {"L10": "2026-10-04 01:00"}, destination="AUSYD",
         eta="2026-10-03 02:00"),
    # 02:30 on 29 March does not come. Elapsed from midnight (23:00Z) it is 01:30Z, which the wall calls 03:30.
    Case("a time of day that is skipped", [ln(10, "etd", DAY, tod=time(2, 30))], {"L10": "2026-03-29 01:30"},
         etd="2026-03-28 11:00"),
    # 02:30 on 25 October comes twice; the first is CEST: 00:30Z.
    Case("a time of day that comes twice", [ln(10, "etd", DAY, tod=time(2, 30))], {"L10": "2026-10-25 00:30"},
         etd="2026-10-24 10:00"),
    # 01:30Z on 25 October is 02:30 CET, the second of two; a week on it is 02:30 CET again.
    Case("from the second of two, on", [ln(10, "etd", 7 * DAY)], {"L10": "2026-11-01 01:30"}, etd="2026-10-25 01:30"),
    # A week back it is 02:30 CEST: 00:30Z.
    Case("from the second of two, back", [ln(10, "etd", -7 * DAY)], {"L10": "2026-10-18 00:30"},
         etd="2026-10-25 01:30"),
    # Into the hour that comes twice: the first of the two.
    Case("a day into the hour that comes twice", [ln(10, "etd", DAY)], {"L10": "2026-10-25 00:30"},
         etd="2026-10-24 00:30"),
    # Into the hour that is skipped: 02:30 CET would be 01:30Z.
    Case("a day into the hour that is skipped", [ln(10, "etd", DAY)], {"L10": "2026-03-29 01:30"},
         etd="2026-03-28 01:30"),
    # Past it: 30 March 02:30 CEST.
    Case("two days past the hour that is skipped", [ln(10, "etd", 2 * DAY)], {"L10": "2026-03-30 00:30"},
         etd="2026-03-28 01:30"),
    # 20:00Z is 01:45 on the 5th in Kathmandu (+5:45); 09:00 of that day is 03:15Z.
    Case("a quarter of an hour", [ln(10, "eta", 0, "pod", tod=time(9))], {"L10": "2026-05-05 03:15"},
         destination="NPKTM", eta="2026-05-04 20:00"),
    # 11:00Z on the 4th is 01:00 on the 5th at +14; the day before is the 4th, 17:00 there is 03:00Z.
    Case("the day of the place", [ln(10, "eta", -DAY, "pod", tod=time(17))], {"L10": "2026-05-04 03:00"},
         destination="KICXI", eta="2026-05-04 11:00"),
    # St. John's is at -2:30 in summer: 17:00 on 2 July is 19:30Z.
    Case("half an hour", [ln(10, "eta", DAY, "pod", tod=time(17))], {"L10": "2026-07-02 19:30"}, destination="CASJF",
         eta="2026-07-01 12:00"),
    # The clock of Honolulu is never changed: 10:00 stays 20:00Z.
    Case("no change of the clock", [ln(10, "eta", 2 * DAY, "pod")], {"L10": "2026-03-09 20:00"}, destination="USHNL",
         eta="2026-03-07 20:00"),
    # 20:00 CET on the 3rd + 36 h is 08:00 on the 5th; 17:00 CET of that day is 16:00Z.
    Case("hours before the time of day", [ln(10, "etd", 36 * HOUR, tod=time(17))], {"L10": "2026-11-05 16:00"},
         etd="2026-11-03 19:00"),
    # --- Working days ---
    # Friday 13:00 CET + 1: over the weekend to Monday.
    Case("over a weekend", [ln(10, "etd", DAY, wd=True)], {"L10": "2026-11-09 12:00"}, etd="2026-11-06 12:00"),
    # Tuesday 7 April: back over Easter Monday, the weekend and Good Friday to Thursday 2 (one), Wednesday 1 (two).
    Case("back over Easter", [ln(10, "etd", -2 * DAY, wd=True)], {"L10": "2026-04-01 10:00"}, origin="DEHAM",
         etd="2026-04-07 10:00"),
    # Thursday 30 April: Friday is the 1 May, Monday 4 (one), Tuesday 5 (two).
    Case("Labour Day", [ln(10, "etd", 2 * DAY, wd=True)], {"L10": "2026-05-05 08:00"}, origin="DEHAM",
         etd="2026-04-30 08:00"),
    # Friday 24 April: Monday 27 is King's Day: Tuesday 28.
    Case("King's Day", [ln(10, "etd", DAY, wd=True)], {"L10": "2026-04-28 10:00"}, etd="2026-04-24 10:00"),
    # Wednesday 25 November: Thursday is Thanksgiving: Friday 27, 10:00 EST = 15:00Z.
    Case("Thanksgiving", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-11-27 15:00"}, destination="USNYC",
         eta="2026-11-25 15:00"),
    # 4 July is a Saturday and kept on Friday 3: from Thursday to Monday 6.
    Case("a holiday kept on Friday", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-07-06 14:00"},
         destination="USNYC", eta="2026-07-02 14:00"),
    # Saturday 2 May: Sunday 3 to Wednesday 6 (for the Sunday) are holidays: Thursday 7.
    Case("Golden Week", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-05-07 03:00"}, destination="JPTYO",
         eta="2026-05-02 03:00"),
    # Wednesday 30 September: 1 to 7 October are off: Thursday 8.
    Case("China's National Day", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-10-08 04:00"},
         eta="2026-09-30 04:00"),
    # 9 August is a Sunday, kept on Monday 10: from Friday 7 to Tuesday 11.
    Case("a holiday kept on Monday", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-08-11 04:00"},
         destination="SGSIN", eta="2026-08-07 04:00"),
    # Friday and Saturday are the weekend in Riyadh: from Thursday 11 June to Sunday 14.
    Case("a weekend of Friday and Saturday", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-06-14 09:00"},
         destination="SARUH", eta="2026-06-11 09:00"),
    # The same in Haifa: Sunday 14 (one), Monday 15 (two).
    Case("two days over Friday and Saturday", [ln(10, "eta", 2 * DAY, "pod", wd=True)], {"L10": "2026-06-15 06:00"},
         destination="ILHFA", eta="2026-06-11 06:00"),
    # Back from Sunday 14: Saturday and Friday are off: Thursday 11.
    Case("back over Friday and Saturday", [ln(10, "eta", -DAY, "pod", wd=True)], {"L10": "2026-06-11 09:00"},
         destination="SARUH", eta="2026-06-14 09:00"),
    # In Brunei Friday and Sunday are off, Saturday is not: from Thursday 18 June to Saturday 20.
    Case("a weekend of Friday and Sunday", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-06-20 04:00"},
         destination="BNMUA", eta="2026-06-18 04:00"),
    # In the Emirates it is Saturday and Sunday: from Friday 6 November to Monday 9.
    Case("the Emirates", [ln(10, "eta", DAY, "pod", wd=True)], {"L10": "2026-11-09 08:00"}, destination="AEJEA",
         eta="2026-11-06 08:00"),
    # Sunday 8 November with no offset: on to Monday, at the same time.
    Case("a day off and no offset", [ln(10, "etd", 0, wd=True)], {"L10": "2026-11-09 09:00"}, etd="2026-11-08 09:00"),
    # Saturday 13:00 CET less an hour: back to Friday 13:00, then 12:00 CET = 11:00Z.
    Case("a day off and hours back", [ln(10, "etd", -HOUR, wd=True)], {"L10": "2026-11-06 11:00"},
         etd="2026-11-07 12:00"),
    # Friday 27 March 12:00 CET + 1: Monday 12:00 CEST = 10:00Z.
    Case("a working day over the clock going on", [ln(10, "etd", DAY, wd=True)], {"L10": "2026-03-30 10:00"},
         etd="2026-03-27 11:00"),
    # Thursday 20:00 CET + 1 working day is Friday 20:00; 8 h more is Saturday 04:00: Monday 04:00 CET = 03:00Z.
    Case("hours that end on a day off", [ln(10, "etd", DAY + 8 * HOUR, wd=True)], {"L10": "2026-11-09 03:00"},
         etd="2026-11-05 19:00"),
    # --- Roll ---
    # Thursday 5 November + 2 days is a Saturday: Monday.
    Case("rolls on", [ln(10, "etd", 2 * DAY, roll="next")], {"L10": "2026-11-09 12:00"}, etd="2026-11-05 12:00"),
    # ... or Friday.
    Case("rolls back", [ln(10, "etd", 2 * DAY, roll="previous")], {"L10": "2026-11-06 12:00"}, etd="2026-11-05 12:00"),
    # ... or stays.
    Case("does not roll", [ln(10, "etd", 2 * DAY)], {"L10": "2026-11-07 12:00"}, etd="2026-11-05 12:00"),
    # Christmas is a Friday; 26 is a Saturday, 27 a Sunday: Monday 28.
    Case("rolls without an offset", [ln(10, "eta", 0, "pod", roll="next")], {"L10": "2026-12-28 10:00"},
         destination="DEHAM", eta="2026-12-25 10:00"),
    # Friday 21:00 CET + 6 h is Saturday 03:00: Monday 03:00 CET = 02:00Z.
    Case("rolls after hours", [ln(10, "etd", 6 * HOUR, roll="next")], {"L10": "2026-11-09 02:00"},
         etd="2026-11-06 20:00"),
    # Saturday 13 June in Riyadh: back over Friday to Thursday 11.
    Case("rolls back over Friday", [ln(10, "eta", 0, "pod", roll="previous")], {"L10": "2026-06-11 09:00"},
         destination="SARUH", eta="2026-06-13 09:00"),
    # 05:00Z on Saturday is Friday 21:00 in Los Angeles, a working day: it stays.
    Case("rolls by the day of the place", [ln(10, "eta", 0, "pod", roll="next")], {"L10": "2026-11-07 05:00"},
         destination="USLAX", eta="2026-11-07 05:00"),
    # Saturday rolls to Monday 9, then 17:00 CET = 16:00Z.
    Case("rolls to a time of day", [ln(10, "etd", 2 * DAY, roll="next", tod=time(17))], {"L10": "2026-11-09 16:00"},
         etd="2026-11-05 12:00"),
    # A Sunday with working days and no offset goes back where the line rolls back.
    Case("working days that roll back", [ln(10, "etd", 0, wd=True, roll="previous")], {"L10": "2026-11-06 09:00"},
         etd="2026-11-08 09:00"),
    # Saturday 24 October rolls to Monday 26, over the change of the clock: 12:00 CEST becomes 12:00 CET = 11:00Z.
    Case("rolls over the clock going back", [ln(10, "etd", 0, roll="next")], {"L10": "2026-10-26 11:00"},
         etd="2026-10-24 10:00"),
    # --- What it counts from ---
    # Departure 30 March 06:00Z; gate in two days before (07:00Z, above); empty out five days before that, anywhere and
    # so on the calendar of Shanghai, which has no summer time: 07:00Z stays.
    Case("a chain of anchors", [ln(10, 20, -5 * DAY, "any", type="EMPTY_OUT"), ln(20, 30, -2 * DAY), ln(30, "etd")],
         {"L10": "2026-03-23 07:00", "L20": "2026-03-28 07:00", "L30": "2026-03-30 06:00"}, etd="2026-03-30 06:00"),
    Case("cut-off", [ln(10, "cut_off_at", -4 * HOUR)], {"L10": "2026-11-01 11:00"}, cut_off_at="2026-11-01 15:00"),
    # Friday 6 November 15:00 CET + 1 working day.
    Case("cargo ready", [ln(10, "cargo_ready_at", DAY, wd=True)], {"L10": "2026-11-09 14:00"},
         cargo_ready_at="2026-11-06 14:00"),
    # 22:00Z is 06:00 on Saturday 7 in Shanghai; + 1 working day anywhere, that is there: Monday 9, 06:00, = 22:00Z
    # on the 8th.
    Case("booked, anywhere", [ln(10, "booked_at", DAY, "any", wd=True)], {"L10": "2026-11-08 22:00"},
         booked_at="2026-11-06 22:00"),
    Case("an unknown date", [ln(10, "etd"), ln(20, 10, DAY)], {"L10": None, "L20": None}),
    # Loading would be due eight hours before departure, but follows papers due three days after it.
    Case("not before what it follows",
         [ln(10, "etd"), ln(20, 10, 3 * DAY, type="DOCS_RECEIVED"),
          ln(30, 10, -8 * HOUR, type="LOADED", after_line=20)],
         {"L10": "2026-11-03 08:00", "L20": "2026-11-06 08:00", "L30": "2026-11-06 08:00"}, etd="2026-11-03 08:00"),
    # A reported plan replaces what is due, and what counts from it moves along.
    Case("from a reported plan", [ln(10, "etd"), ln(20, 10, DAY)],
         {"L10": "2026-11-05 09:30", "L20": "2026-11-06 09:30"},
         etd="2026-11-03 08:00", told={"L10": "2026-11-05 09:30"}),
    # By truck to Hamburg, then by sea: the place of loading has the ETD of the vessel, the origin that of the truck.
    Case("dates of legs", [ln(10, "leg_etd", 0, "origin"), ln(20, "leg_etd"), ln(30, "leg_eta", 0, "pod")],
         {"L10": "2026-11-01 06:00", "L20": "2026-11-03 08:00", "L30": "2026-12-05 10:00"}, etd="2026-10-31 00:00",
         legs=(leg(1, "road", "NLRTM", "DEHAM", "2026-11-01 06:00", "2026-11-01 16:00"),
               leg(2, "ocean", "DEHAM", "CNSGH", "2026-11-03 08:00", "2026-12-05 10:00"))),
    # The leg has no ETA: that of the shipment.
    Case("a leg without a date", [ln(10, "leg_eta", 0, "pod")], {"L10": "2026-12-04 10:00"}, eta="2026-12-04 10:00",
         legs=(leg(1, "ocean", "NLRTM", "CNSGH", "2026-11-03 08:00"),)),
    # --- Several ---
    # Each container comes back five days after its own gate out; that of A is told for Thursday 10 December, so Tuesday
    # 15; B is due Monday 7 (three days after Friday 4), so Saturday 12.
    Case("per container", [ln(10, "eta", 3 * DAY, "pod", scope="unit"), ln(20, 10, 5 * DAY, "any", scope="unit")],
         {"L10:UA": "2026-12-10 02:00", "L10:UB": "2026-12-07 02:00", "L20:UA": "2026-12-15 02:00",
          "L20:UB": "2026-12-12 02:00"},
         eta="2026-12-04 02:00", units=("A", "B"), told={"L10:UA": "2026-12-10 02:00"}),
    # Delivery counts from the later of the two: 10 December + a day.
    Case("from the latest container", [ln(10, "eta", 3 * DAY, "pod", scope="unit"), ln(20, 10, DAY, "any")],
         {"L10:UA": "2026-12-10 02:00", "L10:UB": "2026-12-07 02:00", "L20": "2026-12-11 02:00"},
         eta="2026-12-04 02:00", units=("A", "B"), told={"L10:UA": "2026-12-10 02:00"}),
    Case("no container is known", [ln(10, "eta", 3 * DAY, "pod", scope="unit")], {"L10": "2026-12-07 02:00"},
         eta="2026-12-04 02:00"),
    # 17:00 of the day before each departure where it departs: 1 November 17:00 CET = 16:00Z in Rotterdam; in Singapore
    # 20:00Z on the 20th is 04:00 on the 21st, so the 20th 17:00 (+8) = 09:00Z.
    Case("per leg", [ln(10, "leg_etd", -DAY, "pol", scope="leg", tod=time(17))],
         {"L10:G1": "2026-11-01 16:00", "L10:G2": "2026-11-20 09:00"},
         legs=(leg(1, "ocean", "NLRTM", "SGSIN", "2026-11-02 08:00", "2026-11-19 00:00"),
               leg(2, "ocean", "SGSIN", "CNSGH", "2026-11-20 20:00", "2026-12-01 00:00"))),
    # One working day after each arrival between two legs: in Jebel Ali from Friday 6 to Monday 9 November; in Riyadh
    # from Thursday 12 over Friday and Saturday to Sunday 15. The last place is no stop between.
    Case("per stop", [ln(10, "leg_eta", DAY, "transit", scope="stop", wd=True)],
         {"L10:S1": "2026-11-09 08:00", "L10:S2": "2026-11-15 09:00"},
         legs=(leg(1, "ocean", "NLRTM", "AEJEA", None, "2026-11-06 08:00"),
               leg(2, "road", "AEJEA", "SARUH", None, "2026-11-12 09:00"),
               leg(3, "road", "SARUH", "CNSGH", None, "2026-11-20 00:00"))),
    # Every place where a leg ends, in its own zone: 09:00 in Singapore (+8) is 01:00Z, in Tokyo (+9) 00:00Z.
    Case("per stop, the last one too", [ln(10, "leg_eta", DAY, "any", scope="stop", tod=time(9), type="DELIVERED")],
         {"L10:S1": "2026-11-07 01:00", "L10:S2": "2026-11-13 00:00"}, destination="JPTYO",
         legs=(leg(1, "road", "NLRTM", "SGSIN", None, "2026-11-06 08:00"),
               leg(2, "road", "SGSIN", "JPTYO", None, "2026-11-12 09:00"))),
    # A direct way has no stop, and what counts from the line counts through it: ETA of the leg + 1 h + 2 h.
    Case("a line that does not apply is a link",
         [ln(10, "leg_eta", HOUR, "transit", scope="stop"), ln(20, 10, 2 * HOUR, "pod", type="DELIVERED")],
         {"L20": "2026-11-06 11:00"}, legs=(leg(1, "ocean", "NLRTM", "CNSGH", None, "2026-11-06 08:00"),)),
    # From Shanghai it is not by air: the conditional line is not in the plan.
    Case("a condition that does not hold",
         [ln(10, "etd"), ln(20, 10, DAY, type="MANIFESTED", requirement="conditional",
                            condition={"field": "shipment.mode", "op": "is", "value": "air"})],
         {"L10": "2026-11-03 08:00"}, etd="2026-11-03 08:00"),
    # 3 November 09:00 CET + 1 day.
    Case("a condition that holds",
         [ln(10, "etd"), ln(20, 10, DAY, type="MANIFESTED", requirement="conditional",
                            condition={"field": "shipment.mode", "op": "is", "value": "ocean"})],
         {"L10": "2026-11-03 08:00", "L20": "2026-11-04 08:00"}, etd="2026-11-03 08:00"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_due_to_the_minute(case):
    dates = {
        kind.value: at(text) if (text := getattr(case, kind.value)) else None
        for kind in (AnchorKind.BOOKED, AnchorKind.CARGO_READY, AnchorKind.CUT_OFF, AnchorKind.ETD, AnchorKind.ETA)
    }
    way = route(PLACES[case.origin], PLACES[case.destination], case.legs)
    shipment = ShipmentFact("ocean", "export", 7, way, dates, frozenset(case.units))
    template = compile_draft(TemplateDraft(code="T", name="T", lines=tuple(case.lines)))
    plan = plan_of(shipment, expand(template, shipment), {}, at("2026-06-01 00:00"))
    lines = plan.template.lines
    told = {i: at(case.told[one.slot]) for i, one in enumerate(lines) if one.slot in case.told}
    due = due_times(plan, told)
    assert {one.slot: due[i] for i, one in enumerate(lines) if one.applies} == {
        slot: at(text) if text else None for slot, text in case.due.items()
    }


@pytest.mark.parametrize(
    ("happened", "planned", "early", "late", "deviation"),
    [
        # Exactly on the tolerance is on time; a minute beyond is not.
        ("2026-11-03 20:00", "2026-11-03 08:00", 24 * HOUR, 12 * HOUR, "on_time"),
        ("2026-11-03 20:01", "2026-11-03 08:00", 24 * HOUR, 12 * HOUR, "late"),
        ("2026-11-02 08:00", "2026-11-03 08:00", 24 * HOUR, 12 * HOUR, "on_time"),
        ("2026-11-02 07:59", "2026-11-03 08:00", 24 * HOUR, 12 * HOUR, "early"),
        ("2026-11-03 08:00", "2026-11-03 08:00", 0, 0, "on_time"),
        # Tolerances are elapsed time: 12:00 CET on the 28th + 24 h is 13:00 CEST on the 29th, 11:00Z.
        ("2026-03-29 11:00", "2026-03-28 11:00", 0, 24 * HOUR, "on_time"),
        ("2026-03-29 11:01", "2026-03-28 11:00", 0, 24 * HOUR, "late"),
    ],
)
def test_tolerances_to_the_minute(happened, planned, early, late, deviation):
    minute = at("2026-01-01 00:01") - at("2026-01-01 00:00")
    assert compare(at(happened), at(planned), early * minute, late * minute) == deviation
