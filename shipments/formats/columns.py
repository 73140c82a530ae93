"""What the columns of a table are: by the template of the source, else by the headings people use. Pure.

A template (the source's column mapping): {our field or type of reference: their heading, ...} and, under names of its
own, "header_row", "date_order", "time_zone", "constants", "codes", "serial_dates", "sheet", "delimiter", "charset".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipments.enums import ReferenceType
from shipments.formats.base import Parsed, rejected
from shipments.references import reference_names, reference_type
from shipments.zones import load_zone

MAX_COLUMNS = 200
# Our field → headings that mean it, compared without case, blanks and signs.
_HEADINGS: dict[str, str] = {
    "code": "code, event, event code, status, status code, milestone",
    "classifier": "classifier, event classifier, kind of time",
    "occurred_at": "occurred at, occurred, date time, datetime, timestamp, event time, event date time, time stamp",
    "date": "date, event date, status date, day",
    "time": "time, clock, status time, local time",
    "time_zone": "time zone, timezone, zone, tz, utc offset, offset",
    "unlocode": "unlocode, un locode, locode, location code, port code, location, place code",
    "facility": "facility, terminal, facility code, terminal code",
    "iata": "iata, airport, airport code, station",
    "place": "place, location name, city, port, town",
    "subdivision": "state, province, subdivision, region",
    "country": "country, country code",
    "unit": "unit, unit number, container, container number, container no, equipment, trailer",
    "vessel_imo": "vessel imo, imo, imo number",
    "voyage": "voyage, voyage number, voyage no",
    "flight": "flight, flight number, flight no",
    "reference": "reference, ref, reference number, reference no, reference value",
    "reference_type": "reference type, reference kind, ref type, qualifier",
    "source_event_id": "source event id, event id, id",
    "retracts": "retracts, retracts event",
    "reason": "reason, reason text",
    "remarks": "remarks, remark, comment, comments, note, notes",
}
# Types of reference whose heading is not one of a field already.
_REFERENCES = tuple(type_ for type_ in ReferenceType if type_ != ReferenceType.CONTAINER)
_SIGNS = re.compile(r"[^a-z0-9]")


def _words(name: str, names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((name.replace("_", " "), *(word.strip() for word in names.split(",")))))


# What a column can be → how people call it, for proposals.
SPOKEN: dict[str, tuple[str, ...]] = {
    **{name: _words(name, names) for name, names in _HEADINGS.items()},
    **{type_.value: tuple(name.lower() for name in reference_names(type_) if len(name) > 2) for type_ in _REFERENCES},
}


@dataclass(frozen=True, slots=True)
class Columns:
    """`fields`: our field → index. `references`: (type, index) of columns that are a kind of reference each.

    `zone`: of every row that names none. `constants`: our field → what is said of every row where its cell is empty.
    `codes`: their code, bare → ours.
    """

    fields: Mapping[str, int]
    references: tuple[tuple[str, int], ...]
    headings: tuple[str, ...]
    date_order: str = ""
    zone: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    has_serial_dates: bool = False

    @property
    def width(self) -> int:
        return len(self.headings)


def bare(heading: str) -> str:
    """As headings are compared: small letters and digits; a heading of another script by its letters as they are."""
    return _SIGNS.sub("", heading.lower()) or " ".join(heading.lower().split())


_FIELDS = {bare(name): ours for ours, names in _HEADINGS.items() for name in (ours, *names.split(","))}


def find_columns(headings: Sequence[str], options: Mapping[str, Any], number: int = 1) -> Columns | Parsed:
    """Which column is what; or the rejection of a table that lacks what every event needs. `number`: of the row."""
    where = {"segment": f"row {number}", "snippet": ", ".join(headings)[:200].replace("\x00", "")}
    if len(headings) > MAX_COLUMNS:
        said = f"The table has more than {MAX_COLUMNS} columns, which is the limit."
        return rejected("too_many_columns", said, **where)
    constants = _constants(options, headings)
    fields, references = _assigned(headings, options)
    if lacking := _lacking({*fields, *constants}, bool(references)):
        said = f"The table has no column for {', '.join(lacking)}."
        found = rejected("columns_missing", said, **where)
        return Parsed(issues=found.issues, headings=tuple(headings))
    return Columns(
        fields,
        references,
        tuple(headings),
        date_order=str(options.get("date_order", "")),
        zone=_zone(options, fields) or constants.pop("time_zone", ""),
        constants=constants,
        codes={bare(theirs): ours for theirs, ours in _texts(options.get("codes")).items()},
        has_serial_dates=options.get("serial_dates") is True,
    )


def _assigned(
    headings: Sequence[str], options: Mapping[str, Any]
) -> tuple[dict[str, int], tuple[tuple[str, int], ...]]:
    there = set(map(bare, headings))
    named = {bare(str(theirs)): ours for ours, theirs in options.items() if ours in SPOKEN and theirs}
    mapped = {heading: ours for heading, ours in named.items() if heading in there}
    fields: dict[str, int] = {}
    references: list[tuple[str, int]] = []
    for index, heading in enumerate(headings):
        name = bare(heading)
        ours = mapped.get(name) or _FIELDS.get(name, "")
        # What the template gives to another column is not taken from the usual heading.
        if ours and name not in mapped and ours in mapped.values():
            continue
        if ours in _HEADINGS:
            fields.setdefault(ours, index)
        elif type_ := reference_type(ours or heading.strip()):
            references.append((type_.value, index))
    return fields, tuple(references)


def _lacking(there: set[str], has_references: bool) -> list[str]:
    return [
        words
        for words, is_there in (
            ("a code", bool(there & {"code", "retracts"})),
            ("a date", bool(there & {"occurred_at", "date"})),
            ("a reference or unit", has_references or bool(there & {"reference", "unit"})),
        )
        if not is_there
    ]


def _zone(options: Mapping[str, Any], fields: Mapping[str, int]) -> str:
    """The template's time_zone: a column when a heading is called so, else the zone of the whole table."""
    said = str(options.get("time_zone") or "")
    return said if "time_zone" not in fields and load_zone(said) else ""


def _constants(options: Mapping[str, Any], headings: Sequence[str]) -> dict[str, str]:
    """What the template says of every row; a type of reference that is no heading is one of them."""
    found = {name: value for name, value in _texts(options.get("constants")).items() if name in _HEADINGS}
    kind = str(options.get("reference_type") or "")
    if kind and bare(kind) not in map(bare, headings):
        found.setdefault("reference_type", kind)
    return found


def _texts(said: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, Mapping) else {}
