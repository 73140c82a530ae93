"""FedEx: answers of the Track API, version 1. Pure. Field names after FedEx's published API documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace
from shipments.formats.json_text import Unreadable, items, mapping, text
from shipments.formats.parcel import TRACKING, Answer, first_of, place, read_answers, references, wall_time

CODE_LIST = "fedex"
_EXPECTED = "a FedEx tracking answer"
_Said = dict[str, Any]
_Numbers = tuple[tuple[str, str], ...]
# A date of the summary that a scan says more exactly.
_SAID_BY_SCAN = {"ACTUAL_DELIVERY": "DL", "ACTUAL_PICKUP": "PU"}
_CLASSIFIERS = (("ESTIMATED_", "EST"), ("ANTICIPATED_", "EST"), ("APPOINTMENT_", "PLN"), ("COMMITMENT", "PLN"))


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """Every scan of every result, and the dates of the summary as far as no scan has them."""
    return read_answers(raw, _EXPECTED, _read_answer)


def _read_answer(said: object, answer: Answer) -> bool:
    output = said.get("output", said) if isinstance(said, dict) else None
    if not isinstance(output, dict) or not isinstance(output.get("completeTrackResults"), list):
        return False
    for complete in output["completeTrackResults"]:
        _read_number(complete, answer)
    return True


def _read_number(complete: object, answer: Answer) -> None:
    """All that FedEx knows under one number: several results are several shipments, of other years mostly."""
    try:
        said = mapping(complete, "completeTrackResults")
        results = items(said.get("trackResults"), "trackResults")
    except Unreadable as error:
        answer.refused(error, complete, "")
        return
    for index, result in enumerate(results, 1):
        where = f"result {index}" if len(results) > 1 else "result"
        try:
            _read_result(mapping(result, "trackResults"), said, answer, (where, len(results) > 1))
        except Unreadable as error:
            answer.refused(error, result, where)


def _read_result(result: _Said, complete: _Said, answer: Answer, at: tuple[str, bool]) -> None:
    where, is_shared = at
    error = result.get("error")
    if isinstance(error, dict) and not result.get("scanEvents"):
        answer.warn("carrier_warning", f"FedEx says: {first_of(error, 'message', 'code') or 'an error'}", where)
        return
    numbers, attributes = _named(result, complete, is_shared)
    scans = items(result.get("scanEvents"), "scanEvents")
    for index, scan in enumerate(scans, 1):
        answer.add(partial(_scan, scan, numbers, attributes), scan, f"{where}, scan {index}")
    scanned = {first_of(scan, "eventType") for scan in scans if isinstance(scan, dict)}
    for said in items(result.get("dateAndTimes"), "dateAndTimes"):
        kind = first_of(said, "type") if isinstance(said, dict) else ""
        if _SAID_BY_SCAN.get(kind) not in scanned:
            answer.add(partial(_dated, said, (numbers, attributes), result), said, f"{where}, {kind}")


def _named(result: _Said, complete: _Said, is_shared: bool) -> tuple[_Numbers, dict[str, Any]]:
    """A number that FedEx gave out twice finds nothing by itself: only FedEx's own unique id tells which is meant."""
    info = mapping(result.get("trackingNumberInfo"), "trackingNumberInfo")
    tracking = first_of(info, "trackingNumber") or first_of(complete, "trackingNumber")
    unique = first_of(info, "trackingNumberUniqueId")
    numbers = references(tracking)
    attributes: dict[str, Any] = {"tracking_unique_id": unique} if unique else {}
    if is_shared and unique:
        return ((TRACKING, unique),), {**attributes, "tracking_number": tracking}
    return (*numbers, (TRACKING, unique)) if unique else numbers, attributes


def _scan(scan: object, numbers: _Numbers, attributes: dict[str, Any], position: int) -> ParsedEvent:
    said = mapping(scan, "scanEvents")
    codes = tuple(dict.fromkeys(code for code in _codes(said) if code))
    if not codes:
        raise Unreadable("no_code", "The scan has neither eventType nor derivedStatusCode.", "eventType")
    when = wall_time(text(said.get("date"), "date"), "date")
    # It explains; what happened says the event's own type.
    reason_code = first_of(said, "exceptionCode")
    return ParsedEvent(
        position=position,
        raw_code=codes[0],
        fallback_codes=codes[1:],
        code_list=CODE_LIST,
        wall_time=when.wall,
        zone=when.zone,
        precision=when.precision,
        place=_place(mapping(said.get("scanLocation"), "scanLocation")),
        references=numbers,
        reason=text(said.get("exceptionDescription"), "exceptionDescription", 1000)[:300],
        remarks=text(said.get("eventDescription"), "eventDescription", 1000)[:500],
        attributes={**attributes, "reason_code": reason_code[:8]} if reason_code else attributes,
    )


def _codes(scan: _Said) -> Iterator[str]:
    yield first_of(scan, "eventType")[:64]
    yield first_of(scan, "derivedStatusCode")[:64]


def _dated(dated: object, named: tuple[_Numbers, dict[str, Any]], result: _Said, position: int) -> ParsedEvent | None:
    said = mapping(dated, "dateAndTimes")
    kind = text(said.get("type"), "type", 40)
    moment = text(said.get("dateTime"), "dateTime")
    if not kind or not moment:
        return None
    when = wall_time(moment, "dateTime")
    numbers, attributes = named
    return ParsedEvent(
        position=position,
        raw_code=f"dateAndTimes.{kind}",
        code_list=CODE_LIST,
        wall_time=when.wall,
        classifier=next((words for begins, words in _CLASSIFIERS if kind.startswith(begins)), "ACT"),
        zone=when.zone,
        precision=when.precision,
        place=_end(result, is_delivery="DELIVERY" in kind or kind == "COMMITMENT"),
        references=numbers,
        attributes=attributes,
    )


def _end(result: _Said, *, is_delivery: bool) -> ParsedPlace:
    """Where it is picked up or delivered, for times without an offset."""
    party = "recipientInformation" if is_delivery else "shipperInformation"
    found = result.get(party)
    address = found.get("address") if isinstance(found, dict) else None
    return _place(address) if isinstance(address, dict) else ParsedPlace()


def _place(address: _Said) -> ParsedPlace:
    city = first_of(address, "city")
    return place(city, first_of(address, "stateOrProvinceCode"), first_of(address, "countryCode"))
