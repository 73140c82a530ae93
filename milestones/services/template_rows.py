"""Between the rows of a template and its draft: what stands is read as plain values, and written back by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from typing import Any

import orjson
from django.db.models import F

from core.bulk import array_of, fetch_rows, insert_rows, update_rows
from milestones.drafts import LineDraft, TemplateDraft
from milestones.models import MilestoneTemplate, TemplateLine

# What a person may change of a draft; its code and version are who it is.
HEAD = (
    "name", "mode", "shipment_type", "service", "customer_id", "origin_country", "destination_country",
    "origin_place", "destination_place", "note",
)  # fmt: skip
# What tells one line from another within a template, whatever its place in the order.
Key = tuple[str, str, str]
_PLAIN = tuple(f.name for f in fields(LineDraft) if f.name not in ("type", "anchor_line", "after_line"))
_COLUMNS = ("template", "type", "anchor_line", "after_line", *_PLAIN)
# Far from every position that is in use, for the moment in which two lines change places.
_PARKED = 16_000
_NEW_IDS = "SELECT nextval(pg_get_serial_sequence('milestones_templateline', 'id')) FROM generate_series(1, %s)"
# Not by the ORM: it would look through all milestones for one that stands on a line of a draft. None does.
_DELETE = "DELETE FROM milestones_templateline WHERE id = ANY(%s::bigint[]) RETURNING id"


def draft_of(template: MilestoneTemplate) -> TemplateDraft:
    """The template as it stands, in one query."""
    lines = list(template.lines.order_by("position"))
    positions = {line.pk: line.position for line in lines}
    head = {name: getattr(template, name) for name in HEAD}
    return TemplateDraft(
        code=template.code, version=template.version, lines=tuple(_line(line, positions) for line in lines), **head
    )


def _line(line: TemplateLine, positions: Mapping[int, int]) -> LineDraft:
    values = {name: getattr(line, name) for name in _PLAIN}
    values |= {"documents": tuple(line.documents), "charges": tuple(line.charges)}
    return LineDraft(
        type=line.type_id,
        anchor_line=positions.get(line.anchor_line_id or 0),
        after_line=positions.get(line.after_line_id or 0),
        **values,
    )


def stamp_of(draft: TemplateDraft) -> str:
    """What two drafts that say the same have in common, to find out whether one was changed meanwhile."""
    return sha256(repr(draft).encode("utf-8", "replace")).hexdigest()[:32]


def key_of(line: LineDraft) -> Key:
    return line.type, line.place_role, line.scope


def write_lines(template: MilestoneTemplate, lines: Sequence[LineDraft]) -> None:
    """Make these the lines of the template, which the caller holds locked: at most five statements.

    A line that stays (by milestone, place and how often) keeps its row.
    """
    rows = template.lines.values_list("type_id", "place_role", "scope", "pk")
    before: dict[Key, int] = {(code, role, scope): pk for code, role, scope, pk in rows}
    wanted = {key_of(line) for line in lines}
    if before:
        # Lines that change places would meet for a moment, and those that go may still be counted from.
        template.lines.update(
            position=F("position") + _PARKED, anchor="etd", anchor_line=None, after_line=None
        )  # fmt: skip
    if gone := [pk for key, pk in before.items() if key not in wanted]:
        fetch_rows(_DELETE, [array_of(gone)])
    fresh = [key_of(line) for line in lines if key_of(line) not in before]
    ids = {**before, **dict(zip(fresh, (pk for (pk,) in fetch_rows(_NEW_IDS, [len(fresh)])), strict=True))}
    at = {line.position: ids[key_of(line)] for line in lines}
    new = [_values(template, line, at) for line in lines if key_of(line) not in before]
    insert_rows(TemplateLine, ("id", *_COLUMNS), new)
    kept = [_values(template, line, at) for line in lines if key_of(line) in before]
    update_rows(TemplateLine, ("id", *_COLUMNS), kept)


def _values(template: MilestoneTemplate, line: LineDraft, at: Mapping[int, int]) -> tuple[Any, ...]:
    """A row in the order of the columns, its id first; lists as array literals, the condition as JSON text."""
    plain = {name: getattr(line, name) for name in _PLAIN}
    plain |= {name: array_of(getattr(line, name), _quoted) for name in ("documents", "charges")}
    plain["condition"] = None if line.condition is None else orjson.dumps(line.condition).decode()
    return (
        at[line.position], template.pk, line.type, at.get(line.anchor_line or 0), at.get(line.after_line or 0),
        *(plain[name] for name in _PLAIN),
    )  # fmt: skip


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
