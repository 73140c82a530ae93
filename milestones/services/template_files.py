"""A template as JSON, to be kept, compared and carried to another installation (docs/templates.md).

Codes, never ids: lines name each other by position, the customer is named by its code. What is not known is refused
with its path, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import time
from typing import Any

import orjson
from django.db.models import TextChoices
from django.utils.translation import gettext as _

from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import (
    AnchorKind,
    Audience,
    DayBasis,
    LineScope,
    PlaceRole,
    Requirement,
    Roll,
    UnitRule,
    WorkRole,
)
from milestones.services.template_problems import Problem, TemplateRefused
from milestones.validating import MAX_LINES
from shipments.enums import DocumentType, Mode, Service, ShipmentType

FORMAT, FORMAT_VERSION = "waymark.milestone-template", 1
MOST_BYTES = 256 * 1024
# A few years of minutes, well inside the column.
_FAR = 5 * 366 * 24 * 60
_SHOWN = 40
_LONGEST_CONDITION = 8 * 1024
# Of a value as JSON gives it, that value as the draft has it. Raises ValueError with what is wrong, for a person.
Reader = Callable[[Any], Any]


def to_data(draft: TemplateDraft, customer: str = "") -> dict[str, Any]:
    """The draft as plain JSON values; `customer` is the code of its customer. The keys are always the same."""
    head = {f.name: getattr(draft, f.name) for f in fields(draft) if f.name not in ("lines", "customer_id")}
    lines = sorted(draft.lines, key=lambda line: line.position)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **head,
        "customer": customer,
        "lines": [_line_data(line) for line in lines],
    }


def _line_data(line: LineDraft) -> dict[str, Any]:
    values = {f.name: getattr(line, f.name) for f in fields(line)}
    at = line.time_of_day
    return {
        **{name: str(value) if isinstance(value, TextChoices) else value for name, value in values.items()},
        "time_of_day": None if at is None else at.isoformat(),
        "documents": list(line.documents),
        "charges": list(line.charges),
    }


def from_data(data: Any) -> tuple[TemplateDraft, str]:
    """The draft of such JSON, and the code of its customer ("" for any). Its `customer_id` is left to the caller.

    Raises TemplateRefused that names every wrong value with its path, such as `lines[3].anchor`.
    """
    problems: list[Problem] = []
    if not isinstance(data, dict):
        raise TemplateRefused([Problem(_("A template is a JSON object."))])
    if (data.get("format"), data.get("format_version")) != (FORMAT, FORMAT_VERSION):
        said = _("This is no template: format has to be “%(name)s” and format_version %(version)d.")
        raise TemplateRefused([Problem(said % {"name": FORMAT, "version": FORMAT_VERSION}, field="format")])
    head = read_head({k: v for k, v in data.items() if k not in ("format", "format_version", "lines")}, problems)
    lines = _lines(data.get("lines"), problems)
    if problems:
        raise TemplateRefused(problems)
    customer = head.pop("customer", "")
    return TemplateDraft(**head, lines=lines), customer


def read_head(given: Mapping[Any, Any], problems: list[Problem]) -> dict[str, Any]:
    """The fields of the template itself; what is wrong with them is added to `problems`."""
    return _values(given, _HEAD, ("code", "name"), Problem(""), problems)


def _lines(given: Any, problems: list[Problem]) -> tuple[LineDraft, ...]:
    if not isinstance(given, list):
        problems.append(Problem(_("A list of lines is needed."), field="lines"))
        return ()
    if len(given) > MAX_LINES:
        problems.append(Problem(_("At most %d lines.") % MAX_LINES, field="lines"))
        return ()
    found = [read_line(line, problems, index=index) for index, line in enumerate(given)]
    return tuple(line for line in found if line is not None)


def read_line(given: Any, problems: list[Problem], *, index: int) -> LineDraft | None:
    """One line of such JSON; what is wrong with it is added to `problems`, and None is given back."""
    at = Problem("", index=index)
    if not isinstance(given, dict):
        problems.append(replace(at, message=_("A line is a JSON object.")))
        return None
    position = given.get("position")
    if type(position) is int:
        at = replace(at, position=position)
    count = len(problems)
    values = _values(given, _LINE, ("position", "type", "name", "anchor"), at, problems)
    return LineDraft(**values) if len(problems) == count else None


def _values(
    given: Mapping[Any, Any],
    readers: Mapping[str, Reader],
    needed: tuple[str, ...],
    at: Problem,
    problems: list[Problem],
) -> dict[str, Any]:
    """The values by the readers' names; each that is wrong, missing or not known is a problem `at` the place."""
    values: dict[str, Any] = {}
    for name in given.keys() - readers.keys():
        problems.append(replace(at, field=str(name)[:_SHOWN], message=_("There is no such field.")))
    for name in needed:
        if name not in given:
            problems.append(replace(at, field=name, message=_("This is needed.")))
    for name in readers.keys() & given.keys():
        try:
            values[name] = readers[name](given[name])
        except ValueError as error:
            problems.append(replace(at, field=name, message=str(error)))
    return values


# --- Values ----------------------------------------------------------------------------------------------------------


def _text(most: int, *, least: int = 0) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(_("A text is needed."))
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise ValueError(_("The text has a sign that cannot be stored."))
        if len(value) > most:
            raise ValueError(_("At most %d signs.") % most)
        if len(value.strip()) < least:
            raise ValueError(_("This is needed."))
        return value

    return read


def _choice(known: type[TextChoices], *, empty: bool = False) -> Reader:
    def read(value: Any) -> str:
        if (isinstance(value, str) and value in known.values) or (empty and value == ""):
            return str(value)
        raise ValueError(_("One of: %s.") % ", ".join(filter(None, known.values)))

    return read


def _whole(least: int, most: int) -> Reader:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(_("A whole number from %(least)d to %(most)d.") % {"least": least, "most": most})
        return value

    return read


def _optional(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _clock(value: Any) -> time:
    try:
        at = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None:
        raise ValueError(_("A time of day such as 08:00."))
    return at


def _many(reader: Reader, most: int) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(_("A list of at most %d.") % most)
        found = tuple(reader(each) for each in value)
        if len(set(found)) != len(found):
            raise ValueError(_("One stands there twice."))
        return found

    return read


def _tree(value: Any) -> dict[str, Any]:
    """What it means is checked by milestones.conditions."""
    if not isinstance(value, dict):
        raise ValueError(_("A condition is a JSON object."))
    try:
        written = orjson.dumps(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(_("The condition cannot be stored.")) from error
    if len(written) > _LONGEST_CONDITION or b"\\u0000" in written:
        raise ValueError(_("The condition cannot be stored."))
    return value


_HEAD: dict[str, Reader] = {
    "code": _text(40, least=1),
    "version": _whole(1, 1_000_000),
    "name": _text(100, least=1),
    "mode": _choice(Mode, empty=True),
    "shipment_type": _choice(ShipmentType, empty=True),
    "service": _choice(Service, empty=True),
    "customer": _text(64),
    "origin_country": _text(2),
    "destination_country": _text(2),
    "origin_place": _text(5),
    "destination_place": _text(5),
    "note": _text(300),
}
_LINE: dict[str, Reader] = {
    "position": _whole(1, 9_999),
    "type": _text(40, least=1),
    "name": _text(100, least=1),
    "place_role": _choice(PlaceRole),
    "scope": _choice(LineScope),
    "unit_rule": _choice(UnitRule),
    "requirement": _choice(Requirement),
    "condition": _optional(_tree),
    "after_line": _optional(_whole(1, 9_999)),
    "anchor": _choice(AnchorKind),
    "anchor_line": _optional(_whole(1, 9_999)),
    "offset_minutes": _whole(-_FAR, _FAR),
    "day_basis": _choice(DayBasis),
    "roll": _choice(Roll, empty=True),
    "time_of_day": _optional(_clock),
    "early_tolerance_minutes": _whole(0, _FAR),
    "late_tolerance_minutes": _whole(0, _FAR),
    "responsible": _choice(WorkRole),
    "audience": _choice(Audience),
    "weight": _whole(0, 1_000),
    "task": _text(200),
    "documents": _many(_choice(DocumentType), 20),
    "charges": _many(_text(24, least=1), 20),
}
