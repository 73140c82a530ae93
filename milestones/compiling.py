"""From a template as it is written down to one that is ready for many plans. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from milestones.conditions import compile_condition
from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import AnchorKind, DayBasis, Requirement
from milestones.facts import Criteria, LineFact, TemplateFact
from milestones.planning import compile_template

# The index of a line that is not there: `planning.order_lines` refuses it.
_NOWHERE = -1


def compile_draft(
    draft: TemplateDraft, template_id: int = 0, line_ids: Mapping[int, int] | None = None
) -> TemplateFact:
    """`line_ids`: position → key of its row, its position when there is none yet.

    Raises planning.CircularPlan and conditions.ConditionError; `validating.problems` finds them beforehand.
    """
    lines = sorted(draft.lines, key=lambda line: line.position)
    index = {line.position: i for i, line in enumerate(lines)}
    ids = line_ids or {}
    facts = [_line(line, index, ids.get(line.position, line.position)) for line in lines]
    return compile_template((template_id, draft.code, draft.version, draft.name), criteria_of(draft), facts)


def criteria_of(draft: TemplateDraft) -> Criteria:
    return Criteria(
        mode=draft.mode,
        shipment_type=draft.shipment_type,
        customer_id=draft.customer_id,
        origin_country=draft.origin_country,
        destination_country=draft.destination_country,
        service=draft.service,
        origin_place=draft.origin_place,
        destination_place=draft.destination_place,
    )


def _line(line: LineDraft, index: Mapping[int, int], line_id: int) -> LineFact:
    """A conditional line is mandatory: where its condition does not hold, `expanding` takes it out."""
    counts_from_line = line.anchor == AnchorKind.LINE
    return LineFact(
        id=line_id,
        slot=f"L{line.position}",
        position=line.position,
        code=line.type,
        name=line.name,
        place_role=line.place_role,
        is_mandatory=line.requirement != Requirement.OPTIONAL,
        anchor=line.anchor,
        anchor_index=_index(line.anchor_line, index) if counts_from_line else None,
        offset_minutes=line.offset_minutes,
        is_working=line.day_basis == DayBasis.WORKING,
        time_of_day=line.time_of_day,
        early=timedelta(minutes=line.early_tolerance_minutes),
        late=timedelta(minutes=line.late_tolerance_minutes),
        responsible=line.responsible,
        audience=line.audience,
        weight=line.weight,
        task=line.task,
        scope=line.scope,
        unit_rule=line.unit_rule,
        condition=compile_condition(line.condition) if line.condition is not None else None,
        after_indexes=() if line.after_line is None else (_index(line.after_line, index),),
        roll=line.roll,
        documents=tuple(line.documents),
    )


def _index(position: int | None, index: Mapping[int, int]) -> int:
    return _NOWHERE if position is None else index.get(position, _NOWHERE)
