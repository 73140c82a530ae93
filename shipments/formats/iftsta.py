"""EDIFACT IFTSTA, international multimodal status report: every STS is an event, and so is every date of a leg. Pure.

Positions after the message directories D.93A to D.10B (docs/formats.md has the table): CNI is a consignment, STS a
status of it, TDT a leg with its LOC and DTM, EQD a unit. What is said nearest to the status counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipments.enums import Classifier, ReferenceType
from shipments.formats import edifact_values as values
from shipments.formats.base import NOWHERE, ParsedPlace
from shipments.formats.edifact import EdifactMessage, Segment, part
from shipments.formats.edifact_values import Carriage, Moment
from shipments.formats.iftsta_levels import MAIN, Leg, Level, Stop, read_levels
from shipments.formats.message_content import Content
from shipments.tables import read_table

REC24, TDT, OWN = "rec24", "tdt", "iftsta"
# Agencies (3055) that say no more than that somebody agreed on a list, and the one of Recommendation 24 itself.
_VAGUE = frozenset({"ZZZ", "86", "87", "88", "89", "90", "91", "92"})
_WHEN = ("334", "7", "78", "40E")
_WHEN_ELSE = ("178", "186", "136", "132", "133")
_ESTIMATES = frozenset({"132", "133"})
_LEG_DATES = frozenset(row["raw_code"] for row in read_table("codes_tdt"))
_ARRIVING = frozenset({"132", "178", "232"})
# What happens where the journey of the status ends; all other statuses happen where it begins.
_AT_THE_END = frozenset(
    {
        "ARRIVED", "DISCHARGED", "AVAILABLE", "ARRIVAL_NOTIFIED", "STRIPPED", "OUT_FOR_DELIVERY", "DELIVERY_ARRIVED",
        "DELIVERED", "EMPTY_RETURNED", "DELIVERY_FAILED", "CARRIER_RELEASED",
    }
)  # fmt: skip
_ENDING = frozenset(row["raw_code"] for row in read_table("codes_rec24") if row["code"] in _AT_THE_END)
# 3227, best first: where it happened; then what the status names beside it.
_AT_BEGIN = ("175", "5", "9", "11", "7", "8", "13", "14", "18", "29")
_AT_END = ("175", "11", "7", "8", "13", "14", "18", "29", "5", "9")
_BEGIN_OF_LEG, _END_OF_LEG = ("5", "9", "88", "13"), ("11", "8", "7", "13")
# Loading and discharge of the main carriage, named inside an inland leg by some: the leg's means did not move it there.
_PORTS = frozenset({"9", "11"})
_MOST_REASONS = 5


@dataclass(frozen=True, slots=True)
class _About:
    """What every event of a status shares."""

    references: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    attributes: dict[str, Any]


def read_message(message: EdifactMessage, content: Content) -> None:
    """Add every status of the message to `content`, and every date of its legs."""
    levels, function = read_levels(message.segments, message.first)
    statuses = [level for level in levels if level.sts]
    content.begin(message, function, _reported(levels[0]))
    content.odd_dates([one for level in levels for one in level.moments.values()])
    if not statuses:
        content.issue("no_status", f"Message {message.number} reports no status (STS).", f"UNH #{message.first}")
    for level in levels:
        if content.is_full:
            return
        if level.sts:
            about = _about(level, content)
            _add_status(level, about, content)
            _add_legs(level, about, content)
        elif level.legs:
            _add_legs(level, _about(level, content), content)


def _reported(header: Level) -> Moment | None:
    return values.first_of(header.moments, ("137",))


def _about(level: Level, content: Content) -> _About:
    references, differing = _nearest(level)
    units = _units(level)
    if outer := _other_units(level, units):
        differing = f"unit {outer} and {units[0][0]}"
    if differing:
        said = f"The message names {differing}: what stands nearest to the status counts."
        content.warn("discrepancy", said, f"STS #{level.number}")
    attributes: dict[str, Any] = {}
    if code := next((one.scac for one in level.chain() if one.scac), ""):
        attributes["scac"] = code
    if carrier := next((one.carrier for one in level.chain() if one.carrier), ""):
        attributes["carrier"] = carrier
    return _About(references, units, attributes)


def _nearest(level: Level) -> tuple[tuple[tuple[str, str], ...], str]:
    """Of each type the references of the level nearest to the status that has any; and what an outer one contradicts.

    The references are what the event is matched by: numbers of the header may be those of another consignment.
    """
    found: dict[str, dict[str, None]] = {}
    differing = ""
    for one in level.chain():
        by_type: dict[str, dict[str, None]] = {}
        for type_, value in one.references:
            by_type.setdefault(type_, {})[value] = None
        for type_, its in by_type.items():
            if type_ not in found:
                found[type_] = its
            elif type_ not in _MANIFOLD and not found[type_].keys() & its.keys():
                differing = differing or f"{type_} {next(iter(its))} and {next(iter(found[type_]))}"
    pairs = tuple((type_, value) for type_, its in found.items() for value in its)
    return pairs[: values.MOST_REFERENCES], differing


# Numbers of which a shipment has several by their nature: that header and status name others is no contradiction.
_MANIFOLD = frozenset({ReferenceType.CUSTOMER.value, ReferenceType.PO.value, ReferenceType.PRO.value})


def _units(level: Level) -> tuple[tuple[str, str], ...]:
    """(number, EMPTY or LADEN or '') of each unit: of the nearest level that names any, EQD before RFF."""
    for one in level.chain():
        if found := one.equipment or dict.fromkeys(one.units, ""):
            return tuple(found.items())
    return ()


def _other_units(level: Level, units: tuple[tuple[str, str], ...]) -> str:
    """A unit that the message names elsewhere around the status, and not for it."""
    chosen = {number for number, _ in units}
    if not chosen:
        return ""
    named = (one.units for one in level.chain())
    return next((its[0] for its in named if its and not chosen & set(its)), "")


def _add_status(level: Level, about: _About, content: Content) -> None:
    """One event, or one for each unit the status is about."""
    code, code_list = _code(level, about)
    where = f"STS #{level.number}"
    if not code:
        content.lose("no_code", "STS names no status.", where, level.sts)
        return
    when = _when(level)
    if when is None or not when.wall:
        said = f"There is no such date and time: {when.said}." if when else "The status has no date (DTM)."
        content.lose("bad_time" if when else "no_time", said, where, level.sts)
        return
    carriage = next((one.carriage for one in level.chain() if one.carriage), Carriage(""))
    attributes = {**about.attributes, **_reasons(level.sts)}
    if len(level.legs) == 1 and carriage.mode:
        attributes["mode"] = carriage.mode
    place = _place_of(level, code, code_list)
    for number, laden in about.units or (("", ""),):
        content.add(
            when,
            raw_code=code[:64],
            code_list=code_list[:32],
            classifier=Classifier.ESTIMATED.value if when.qualifier in _ESTIMATES else "",
            place=place,
            equipment=number,
            vessel_imo=carriage.vessel_imo,
            voyage=carriage.voyage,
            references=about.references,
            remarks=_words(level),
            attributes={**attributes, "laden": laden} if laden else attributes,
            segment=where,
        )


def _code(level: Level, about: _About) -> tuple[str, str]:
    """(code, list): of C555; or, as some parcel carriers write it, of the components of C601.

    A number without a list, or of the UN, is one of Recommendation 24 (9011 up to D.97B, 4405 from D.98A on).
    """
    sts = level.sts
    code, list_, agency = (part(sts, 2, number) for number in (1, 2, 3))
    if not code:
        return part(sts, 1, 2), about.attributes.get("carrier") or about.attributes.get("scac") or "C601"
    if agency in ("", "6") and not list_ and code.isascii() and code.isdigit():
        return code.lstrip("0") or code, REC24
    named = list_ if agency in _VAGUE and list_ else agency or list_
    return code, named or OWN


def _when(level: Level) -> Moment | None:
    """Of the status itself, else of its consignment, else of the whole message; nothing is made up."""
    for one in level.chain():
        if found := values.first_of(one.moments, (*_WHEN, *_WHEN_ELSE)):
            return found
    return None


def _reasons(sts: Segment) -> dict[str, Any]:
    """C556: codes (9013) and words (9012) that explain; they never change what the status is (rule 16)."""
    codes = [code for number in range(3, 3 + _MOST_REASONS) if (code := part(sts, number))]
    if not codes and not part(sts, 2):
        codes = [code] if (code := part(sts, 1, 3)) else []
    return {"reason_code": ",".join(codes)[:40]} if codes else {}


def _words(level: Level) -> str:
    """What the sender says in words: of the status (4404), of its reasons (9012), and free text (FTX)."""
    said = (part(level.sts, number, 4) for number in range(2, 3 + _MOST_REASONS))
    return "; ".join(dict.fromkeys(filter(None, (*said, *level.texts))))[:500]


def _place_of(level: Level, code: str, code_list: str) -> ParsedPlace:
    """Where it happened: said in the own LOC of the status, else of the goods, else by its leg, else further out."""
    ends = code_list == REC24 and code in _ENDING
    order = _AT_END if ends else _AT_BEGIN
    for one in level.chain():
        for places in (one.places, one.goods_at):
            if found := values.first_of(places, order) or next(iter(places.values()), None):
                return found
        of_leg = one.legs[0].places if code_list == REC24 and one.legs else {}
        if found := values.first_of(of_leg, _END_OF_LEG if ends else _BEGIN_OF_LEG):
            return found
    return NOWHERE


def _add_legs(level: Level, about: _About, content: Content) -> None:
    """What the legs say of their own arrivals and departures: estimates, and actuals (DTM 132, 133, 136, 178, 186)."""
    unit = about.units[0] if len(about.units) == 1 else ("", "")
    for leg in level.legs:
        for stop in leg.stops:
            for moment in stop.moments:
                if moment.qualifier in _LEG_DATES:
                    _add_leg_date(leg, stop, moment, (about, unit[0], content))


def _add_leg_date(leg: Leg, stop: Stop, moment: Moment, of: tuple[_About, str, Content]) -> None:
    about, unit, content = of
    where = f"DTM #{moment.number}"
    if not moment.wall:
        said = f"There is no such date and time: {moment.said}."
        content.lose("bad_time", said, where, [["DTM"], [moment.qualifier, moment.said]])
        return
    # A date of the whole leg is about the end of it that it names.
    ends = _END_OF_LEG if moment.qualifier in _ARRIVING else _BEGIN_OF_LEG
    place = stop.place or values.first_of(leg.places, ends) or NOWHERE
    carriage, attributes = leg.carriage, dict(about.attributes)
    is_port_of_another = stop.qualifier in _PORTS and carriage.stage != MAIN
    if carriage.mode and not (is_port_of_another and carriage.mode in ("RAIL", "ROAD")):
        attributes["mode"] = carriage.mode
    content.odd_dates([moment])
    content.add(
        moment,
        raw_code=moment.qualifier,
        code_list=TDT,
        place=place,
        equipment=unit,
        vessel_imo=carriage.vessel_imo,
        voyage=carriage.voyage,
        references=about.references,
        attributes=attributes,
        segment=where,
    )
