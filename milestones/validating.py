"""What is wrong with a template that somebody writes. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from milestones.compiling import compile_draft
from milestones.conditions import LINE_FIELDS, ConditionError, check
from milestones.draft_words import DraftFault, fault
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
from milestones.planning import CircularPlan
from shipments.enums import DocumentType, Mode, Service, ShipmentType

MAX_LINES = 100
_MINUTES_OF_A_YEAR = 366 * 24 * 60
_COUNTRY, _PLACE = re.compile(r"[A-Z]{2}\Z"), re.compile(r"[A-Z]{2}[A-Z2-9]{3}\Z")
_CODE = re.compile(r"[A-Z0-9_]{1,24}\Z")
# Recognised, but nothing that happens to the freight (`selecting`).
_NEVER = frozenset({"INFO"})
_CHOICES: Mapping[str, Collection[str]] = {
    "place_role": PlaceRole.values,
    "scope": LineScope.values,
    "unit_rule": UnitRule.values,
    "requirement": Requirement.values,
    "anchor": AnchorKind.values,
    "day_basis": DayBasis.values,
    "roll": Roll.values,
    "responsible": WorkRole.values,
    "audience": Audience.values,
}
# Milestones that no line plans stand from position 1000 on.
_RANGES: Mapping[str, tuple[int, int]] = {
    "position": (1, 999),
    "offset_minutes": (-2 * _MINUTES_OF_A_YEAR, 2 * _MINUTES_OF_A_YEAR),
    "early_tolerance_minutes": (0, _MINUTES_OF_A_YEAR),
    "late_tolerance_minutes": (0, _MINUTES_OF_A_YEAR),
    "weight": (0, 100),
}
_NEEDED = frozenset({"code", "name"})
_LENGTHS: Mapping[str, int] = {"name": 100, "task": 200}


@dataclass(frozen=True, slots=True)
class Problem:
    """`position`: of the line, None for the template itself. `field`: as in the drafts. `code`: a DraftFault."""

    position: int | None
    field: str
    code: str
    text: str


def problems(draft: TemplateDraft, codes: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong, in the order of the lines, the template itself first; empty: it may be used.

    `codes`: the milestones of the vocabulary; None: they are not looked at.
    """
    found = list(_of_head(draft))
    by_position = {line.position: line for line in draft.lines}
    for line in sorted(draft.lines, key=lambda each: each.position):
        for look in _LOOKS:
            found += look(line, by_position)
        if codes is not None and line.type not in codes:
            found.append(_problem(line, "type", DraftFault.UNKNOWN, value=line.type))
    found += _twins(draft)
    # A circle can only be looked for where all lines are there and readable.
    return found or _circle(draft)


def _of_head(draft: TemplateDraft) -> Iterator[Problem]:
    for name, most in (("code", 40), ("name", 100), ("note", 300)):
        yield from _of_text(None, name, getattr(draft, name), most)
    for name, values in (("mode", Mode), ("shipment_type", ShipmentType), ("service", Service)):
        value = getattr(draft, name)
        if value and value not in values.values:
            yield _problem(None, name, DraftFault.UNKNOWN, value=value)
    for end in ("origin", "destination"):
        yield from _of_end(end, getattr(draft, f"{end}_country"), getattr(draft, f"{end}_place"))
    if len(draft.lines) > MAX_LINES:
        yield _problem(None, "lines", DraftFault.TOO_MANY_LINES, most=MAX_LINES)
    if not any(line.requirement == Requirement.MANDATORY and line.weight > 0 for line in draft.lines):
        yield _problem(None, "lines", DraftFault.NO_LINES)


def _of_text(line: LineDraft | None, field: str, value: str, most: int) -> Iterator[Problem]:
    if field in _NEEDED and not value.strip():
        yield _problem(line, field, DraftFault.EMPTY)
    if len(value) > most:
        yield _problem(line, field, DraftFault.TOO_LONG, most=most)


def _of_end(end: str, country: str, place: str) -> Iterator[Problem]:
    if country and not _COUNTRY.match(country):
        yield _problem(None, f"{end}_country", DraftFault.NO_COUNTRY, value=country)
    if place and not _PLACE.match(place):
        yield _problem(None, f"{end}_place", DraftFault.NO_PLACE, value=place)
    elif place and country and place[:2] != country:
        yield _problem(None, f"{end}_place", DraftFault.OTHER_COUNTRY, place=place, country=country)


Lines = Mapping[int, LineDraft]


def _of_values(line: LineDraft, _: Lines) -> Iterator[Problem]:
    for name, values in _CHOICES.items():
        if getattr(line, name) not in values:
            yield _problem(line, name, DraftFault.UNKNOWN, value=getattr(line, name))
    for name, (least, most) in _RANGES.items():
        if not least <= getattr(line, name) <= most:
            yield _problem(line, name, DraftFault.OUT_OF_RANGE, least=least, most=most)
    for name, most in _LENGTHS.items():
        yield from _of_text(line, name, getattr(line, name), most)


def _of_lists(line: LineDraft, _: Lines) -> Iterator[Problem]:
    for document in line.documents:
        if document not in DocumentType.values:
            yield _problem(line, "documents", DraftFault.UNKNOWN, value=document)
    for charge in line.charges:
        if not _CODE.match(charge):
            yield _problem(line, "charges", DraftFault.UNKNOWN, value=charge)


def _of_scope(line: LineDraft, _: Lines) -> Iterator[Problem]:
    if line.type in _NEVER:
        yield _problem(line, "type", DraftFault.NEVER_REPORTED, value=line.type)
    if line.scope == LineScope.LEG and line.place_role == PlaceRole.TRANSIT:
        yield _problem(line, "place_role", DraftFault.LEG_IN_TRANSIT)
    if line.scope == LineScope.STOP and line.place_role not in (PlaceRole.ANY, PlaceRole.TRANSIT):
        yield _problem(line, "place_role", DraftFault.STOP_AT_END)


def _of_condition(line: LineDraft, _: Lines) -> Iterator[Problem]:
    is_conditional = line.requirement == Requirement.CONDITIONAL
    if is_conditional and line.condition is None:
        yield _problem(line, "condition", DraftFault.NO_CONDITION)
    if line.condition is None:
        return
    if not is_conditional:
        yield _problem(line, "condition", DraftFault.NEEDLESS_CONDITION)
    try:
        check(line.condition, LINE_FIELDS)
    except ConditionError as error:
        facts = {"message": error.message, "path": error.path or "/"}
        yield _problem(line, "condition", DraftFault.WRONG_CONDITION, **facts)


def _of_links(line: LineDraft, lines: Lines) -> Iterator[Problem]:
    counts_from_line = line.anchor == AnchorKind.LINE
    if counts_from_line and line.anchor_line is None:
        yield _problem(line, "anchor_line", DraftFault.NO_ANCHOR_LINE)
    if not counts_from_line and line.anchor_line is not None:
        yield _problem(line, "anchor_line", DraftFault.NEEDLESS_ANCHOR_LINE)
    for name in ("anchor_line", "after_line"):
        position = getattr(line, name)
        if position is not None and position not in lines:
            yield _problem(line, name, DraftFault.LINE_NOT_THERE, position=position)
    before = lines.get(line.after_line) if line.after_line is not None else None
    if before is not None and before.position > line.position:
        yield _problem(line, "after_line", DraftFault.FOLLOWS_LATER, name=before.name)


_LOOKS: tuple[Callable[[LineDraft, Lines], Iterator[Problem]], ...] = (
    _of_values,
    _of_lists,
    _of_scope,
    _of_condition,
    _of_links,
)


def _twins(draft: TemplateDraft) -> Iterator[Problem]:
    counts = Counter(line.position for line in draft.lines)
    for position in sorted(position for position, count in counts.items() if count > 1):
        yield Problem(
            position, "position", DraftFault.TWIN_POSITION.value, fault(DraftFault.TWIN_POSITION, position=position)
        )
    seen: dict[tuple[str, str, str], LineDraft] = {}
    for line in draft.lines:
        first = seen.setdefault((line.type, line.place_role, line.scope), line)
        if first is not line:
            yield _problem(line, "type", DraftFault.TWIN_LINE, name=first.name)


def _circle(draft: TemplateDraft) -> list[Problem]:
    try:
        compile_draft(draft)
    except CircularPlan as circle:
        names = {line.position: line.name for line in draft.lines}
        words = ", ".join(f"{names[position]} ({position})" for position in circle.positions)
        first = next(line for line in draft.lines if line.position == circle.positions[0])
        return [_problem(first, "anchor_line", DraftFault.CIRCLE, names=words)]
    return []


def _problem(line: LineDraft | None, field: str, code: DraftFault, **facts: object) -> Problem:
    return Problem(line.position if line else None, field, code.value, fault(code, **facts))
