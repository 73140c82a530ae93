"""UPS: answers of the Track API, and calls of the Track Alert webhook. Pure.

Field names after UPS's published API schemas (Tracking, Track Alert).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shipments.enums import TimePrecision
from shipments.formats.base import Parsed, ParsedEvent, ParsedPlace
from shipments.formats.json_text import Unreadable, items, mapping, text
from shipments.formats.parcel import Answer, first_of, number, place, read_answers, references
from shipments.formats.times import WallTime, checked, read_offset

CODE_LIST = "ups"
_EXPECTED = "a UPS tracking answer"
_MOST_OFFSET = timedelta(hours=14)
_Said = dict[str, Any]
# Estimates of the delivery: scheduled, rescheduled. "DEL" is the day it was delivered, which a scan says too.
_ESTIMATES = frozenset({"SDD", "RDD"})


def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
    """Every activity of every package, and the day it is expected; or one call of the webhook, or a list of them."""
    return read_answers(raw, _EXPECTED, _read)


def _read(said: object, answer: Answer) -> bool:
    if isinstance(said, dict) and isinstance(said.get("trackResponse"), dict):
        _read_answer(said["trackResponse"], answer)
        return True
    if isinstance(said, dict) and ("activityStatus" in said or "localActivityDate" in said):
        _read_alert(said, answer)
        return True
    return False


def _read_answer(response: _Said, answer: Answer) -> None:
    for index, shipment in enumerate(_listed(response.get("shipment")), 1):
        if not isinstance(shipment, dict):
            answer.refused(Unreadable("bad_value", "A shipment is not an object.", "shipment"), shipment, "")
            continue
        for warning in _listed(shipment.get("warnings")):
            told = number(warning.get("message")) if isinstance(warning, dict) else ""
            answer.warn("carrier_warning", f"UPS says: {told or 'something without words'}.", f"shipment {index}")
        for number_, package in enumerate(_listed(shipment.get("package")), 1):
            _read_package(package, shipment, answer, f"package {number_}")


def _listed(value: object) -> list[Any]:
    """A list, or the one that stands alone: UPS writes both."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _read_package(package: object, shipment: _Said, answer: Answer, where: str) -> None:
    try:
        said = mapping(package, "package")
        tracking = first_of(said, "trackingNumber") or first_of(shipment, "inquiryNumber")
        named = [first_of(entry, "number") for entry in _listed(said.get("referenceNumber")) if isinstance(entry, dict)]
        numbers = references(tracking, *named)
        activities = items(said.get("activity"), "activity")
        estimates = _listed(said.get("deliveryDate"))
    except Unreadable as error:
        answer.refused(error, package, where)
        return
    for index, activity in enumerate(activities, 1):
        answer.add(partial(_activity, activity, numbers), activity, f"{where}, activity {index}")
    destination = _destination(said)
    for estimate in estimates:
        answer.add(partial(_expected, estimate, numbers, destination), estimate, f"{where}, delivery")


def _activity(activity: object, numbers: tuple[tuple[str, str], ...], position: int) -> ParsedEvent:
    said = mapping(activity, "activity")
    status = mapping(said.get("status"), "status")
    address = mapping(mapping(said.get("location"), "location").get("address"), "location.address")
    return _event(
        position,
        _codes(first_of(status, "statusCode"), status),
        _when(_digits(said, "date"), _digits(said, "time"), said),
        numbers,
        place=_place(address),
        remarks=text(status.get("description"), "status.description", 500),
    )


def _read_alert(said: _Said, answer: Answer) -> None:
    answer.add(partial(_alert, said), said, "activity")
    if number(said.get("scheduledDeliveryDate")):
        answer.add(partial(_scheduled, said), said, "scheduledDeliveryDate")


def _alert(said: _Said, position: int) -> ParsedEvent:
    status = mapping(said.get("activityStatus"), "activityStatus")
    return _event(
        position,
        _codes(first_of(status, "descriptionCode"), status),
        _when(_digits(said, "localActivityDate"), _digits(said, "localActivityTime"), said),
        references(first_of(said, "trackingNumber")),
        place=_place(mapping(said.get("activityLocation"), "activityLocation")),
        remarks=text(status.get("description"), "activityStatus.description", 500),
    )


def _scheduled(said: _Said, position: int) -> ParsedEvent:
    when = _wall(_digits(said, "scheduledDeliveryDate"), "", "scheduledDeliveryDate")
    numbers = references(first_of(said, "trackingNumber"))
    return _event(position, ("scheduledDeliveryDate",), when, numbers, classifier="EST")


def _expected(
    estimate: object, numbers: tuple[tuple[str, str], ...], destination: ParsedPlace, position: int
) -> ParsedEvent | None:
    said = mapping(estimate, "deliveryDate")
    kind = first_of(said, "type")
    if kind not in _ESTIMATES or not number(said.get("date")):
        return None
    when = _wall(_digits(said, "date"), "", "deliveryDate.date")
    return _event(position, (f"deliveryDate.{kind}",), when, numbers, place=destination, classifier="EST")


def _event(
    position: int, codes: tuple[str, ...], when: WallTime, numbers: tuple[tuple[str, str], ...], **said: Any
) -> ParsedEvent:
    return ParsedEvent(
        position=position,
        raw_code=codes[0],
        fallback_codes=codes[1:],
        code_list=CODE_LIST,
        wall_time=when.wall,
        zone=when.zone,
        precision=when.precision,
        references=numbers,
        **said,
    )


def _codes(exact: str, status: _Said) -> tuple[str, ...]:
    """The status code decides, then the activity's code, then its type.

    But type D, which out-for-delivery scans have as well, says nothing where a code stands beside it.
    """
    code, kind = first_of(status, "code").upper(), first_of(status, "type").upper()
    exact = exact.zfill(3) if exact.isdigit() else exact
    codes = [f"statusCode:{exact[:16]}"] if exact else []
    codes += [f"code:{code[:16]}"] if code else []
    if kind and not (kind == "D" and codes):
        codes.append(f"type:{kind[:16]}")
    if not codes:
        raise Unreadable("no_code", "The activity has no status.", "status")
    return tuple(codes)


def _digits(said: _Said, name: str) -> str:
    """A date or time as digits: some answers write it with dashes and colons."""
    return number(said.get(name)).replace("-", "").replace(":", "")


def _when(day: str, clock: str, said: _Said) -> WallTime:
    """The local time; its offset is given, or follows from the GMT time beside it."""
    gmt_day = _digits(said, "gmtDate") or _digits(said, "gmtActivityDate")
    gmt_clock = _digits(said, "gmtTime") or _digits(said, "gmtActivityTime")
    if not day and gmt_day:
        found = _wall(gmt_day, gmt_clock, "gmtDate")
        return WallTime(found.wall, "+00:00", found.precision)
    found = _wall(day, clock, "date")
    if not clock:
        return found
    zone = read_offset(number(said.get("gmtOffset"))) or ""
    if not zone and gmt_day and gmt_clock:
        zone = _offset(found.wall, _wall(gmt_day, gmt_clock, "gmtTime").wall)
    return WallTime(found.wall, zone, found.precision)


def _wall(day: str, clock: str, element: str) -> WallTime:
    """CCYYMMDD and HHMMSS or HHMM; no clock is a day."""
    digits = day + clock
    clock = clock.ljust(6, "0")
    wall = ""
    if len(day) == 8 and len(clock) == 6 and digits.isascii() and digits.isdigit():
        wall = checked(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}")
    if not wall:
        said = f"There is no such date and time: {digits[:32]}." if day else f"{element} is missing."
        raise Unreadable("bad_time" if day else "no_time", said, element)
    if digits == day:
        return WallTime(wall, precision=TimePrecision.DAY.value)
    return WallTime(wall, precision=(TimePrecision.MINUTE if clock.endswith("00") else TimePrecision.SECOND).value)


def _offset(local: str, gmt: str) -> str:
    """The difference as "+05:30"; '' for one that is nowhere on earth."""
    ahead = datetime.fromisoformat(local) - datetime.fromisoformat(gmt)
    minutes, left = divmod(int(abs(ahead).total_seconds()), 60)
    if abs(ahead) > _MOST_OFFSET or left or minutes % 15:
        return ""
    return f"{'-' if ahead < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _place(address: _Said) -> ParsedPlace:
    country = first_of(address, "countryCode", "country")
    return place(text(address.get("city"), "city", 200), first_of(address, "stateProvince"), country)


def _destination(package: _Said) -> ParsedPlace:
    for entry in _listed(package.get("packageAddress")):
        if isinstance(entry, dict) and entry.get("type") == "DESTINATION" and isinstance(entry.get("address"), dict):
            address = entry["address"]
            return place(number(address.get("city")), first_of(address, "stateProvince"), _country(address))
    return ParsedPlace()


def _country(address: _Said) -> str:
    return first_of(address, "countryCode", "country")
