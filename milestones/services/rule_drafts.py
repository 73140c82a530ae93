"""A rule as it is written down, before it is stored or while it is edited: plain values, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from django.utils.translation import gettext as _

from core.errors import DomainError
from milestones.condition_fields import FIELDS
from milestones.condition_words import About
from milestones.conditions import ConditionError, check, rows_of
from milestones.enums import ExceptionKind, GroupBy, Severity, WorkRole
from milestones.models import ExceptionRule
from partners.models import User
from shipments.enums import Mode
from shipments.models import MilestoneType

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# Five years; and a condition of a thousand per cent is none.
_MOST_MINUTES, _MOST_PERCENT = 5 * 366 * 24 * 60, 1000
# The right of the billing app, which this app does not know.
SEES_MONEY = "billing.view_charge"
_ONE_MILESTONE = frozenset({About.MILESTONE.value, About.EVENT.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """The fields of the model `ExceptionRule` as plain values; `type` is a milestone code.

    `version`: that of the rule this is a change of, 0: it is a new one.
    """

    code: str
    name: str
    kind: str
    severity: str = Severity.MEDIUM.value
    owner: str = WorkRole.OPERATIONS.value
    mode: str = ""
    type: str = ""
    minimum_minutes: int = 0
    minimum_percent: int = 0
    warn_minutes: int | None = None
    escalate_minutes: int | None = None
    escalate_to: str = ""
    condition: dict[str, Any] | None = None
    group_by: str = ""
    closes_itself: bool = True
    due_minutes: int = 4 * 60
    task: str = ""
    version: int = 0

    @property
    def definition(self) -> dict[str, Any]:
        """What a version keeps: everything but the number of the version."""
        return {name: value for name, value in asdict(self).items() if name != "version"}


DEFINED: tuple[str, ...] = tuple(field.name for field in fields(RuleDraft) if field.name != "version")


def draft_of(rule: ExceptionRule) -> RuleDraft:
    """A stored rule as it is written down."""
    values = {name: getattr(rule, name) for name in DEFINED if name not in ("type", "name")}
    return RuleDraft(**values, name=rule.name or rule.code, type=rule.type_id or "", version=rule.version)


def draft_from(definition: Mapping[str, Any], *, version: int = 0) -> RuleDraft:
    """A definition that a version or a job has kept. What it does not know has its default."""
    return RuleDraft(**{name: definition[name] for name in DEFINED if name in definition}, version=version)


def unsaved(draft: RuleDraft) -> ExceptionRule:
    """A rule that is not stored, to be tried out."""
    values = {name: value for name, value in draft.definition.items() if name != "type"}
    return ExceptionRule(pk=0, version=draft.version or 1, type_id=draft.type or None, **values)


@dataclass(frozen=True, slots=True)
class Problem:
    """`field` of the draft; of a condition with the place in the tree ("condition.all.0.value")."""

    field: str
    code: str
    message: str


class RuleRefused(DomainError):
    """A draft that cannot be stored: the first problem as every refusal, and `problems` with all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        super().__init__(first.code, first.message, field=first.field)
        self.problems = problems


def problems(draft: RuleDraft) -> list[Problem]:
    """Everything that is wrong with a draft, in the order of the form."""
    return [problem for find in _CHECKS for problem in find(draft)]


def _naming(draft: RuleDraft) -> Iterator[Problem]:
    if not _CODE.fullmatch(draft.code):
        yield Problem("code", "wrong_code", _("A code has 1 to 40 small letters, digits, dashes and underscores."))
    if not draft.name.strip() or len(draft.name) > 100 or not draft.name.isprintable():
        yield Problem("name", "wrong_name", _("A name has 1 to 100 characters."))
    if len(draft.task) > 200 or not (draft.task.isprintable() or not draft.task):
        yield Problem("task", "wrong_task", _("The task has 200 characters at most."))


def _choosing(draft: RuleDraft) -> Iterator[Problem]:
    for name, values in _CHOICES.items():
        if getattr(draft, name) not in values:
            yield Problem(name, "unknown_choice", _("Choose one of the list."))
    # What is no text of the database is no code of ours either.
    is_text = draft.type.isprintable() and len(draft.type) <= 24
    if draft.type and not (is_text and MilestoneType.objects.filter(pk=draft.type).exists()):
        yield Problem("type", "unknown_milestone", _("There is no such milestone."))


_CHOICES: Mapping[str, list[str]] = {
    "kind": ExceptionKind.values,
    "severity": Severity.values,
    "owner": WorkRole.values,
    "mode": ["", *Mode.values],
    "escalate_to": ["", *WorkRole.values],
    "group_by": GroupBy.values,
}


def _timing(draft: RuleDraft) -> Iterator[Problem]:
    for name in ("minimum_minutes", "due_minutes", "escalate_minutes"):
        if not 0 <= (getattr(draft, name) or 0) <= _MOST_MINUTES:
            yield Problem(name, "out_of_range", _("Give 0 to %d minutes.") % _MOST_MINUTES)
    if not 0 <= draft.minimum_percent <= _MOST_PERCENT:
        yield Problem("minimum_percent", "out_of_range", _("Give 0 to %d percent.") % _MOST_PERCENT)
    elif draft.minimum_percent and draft.kind != ExceptionKind.COST_OVERRUN:
        yield Problem("minimum_percent", "no_percent", _("Only a cost overrun has a percentage."))
    if draft.warn_minutes is not None and not -_MOST_MINUTES <= draft.warn_minutes <= draft.minimum_minutes:
        yield Problem("warn_minutes", "warns_too_late", _("The warning comes before the breach."))
    if draft.escalate_minutes is not None and draft.escalate_minutes < draft.minimum_minutes:
        yield Problem("escalate_minutes", "escalates_too_early", _("The escalation comes after the breach."))
    if (draft.escalate_minutes is None) != (not draft.escalate_to):
        said = _("Say both when and to whom it is escalated, or neither.")
        yield Problem("escalate_to" if draft.escalate_minutes is not None else "escalate_minutes", "half_said", said)


def _staging(draft: RuleDraft) -> Iterator[Problem]:
    """A condition of one's own is true or not, without a length that could grow."""
    stages = (draft.minimum_minutes, draft.warn_minutes is not None, draft.escalate_minutes is not None)
    if draft.kind == ExceptionKind.CONDITION and any(stages):
        said = _("A condition holds or it does not: say the time in the condition, and leave the stages empty.")
        yield Problem("minimum_minutes", "no_stages", said)


def _holding(draft: RuleDraft) -> Iterator[Problem]:
    is_own = draft.kind == ExceptionKind.CONDITION
    if draft.condition is None:
        if is_own:
            yield Problem("condition", "condition_missing", _("Say when the rule holds."))
        return
    try:
        check(draft.condition)
    except ConditionError as error:
        yield Problem(".".join(filter(None, ("condition", error.path))), error.code, error.message)
        return
    about = {FIELDS[row["field"]].is_about for row in rows_of(draft.condition)}
    if is_own and not draft.type and about & _ONE_MILESTONE:
        # Such a rule is asked once of the whole shipment, where these are always empty.
        yield Problem("type", "milestone_missing", _("Choose the milestone that the condition asks about."))


def refuse_hidden_money(condition: object, by: User | None) -> None:
    """Refuse a condition about money of somebody who may not see money: its answers would tell the sums.

    `condition`: a checked tree or None. Raises DomainError `money_not_seen`.
    """
    if by is None or not condition or by.has_perm(SEES_MONEY):
        return
    if any(FIELDS[row["field"]].is_about == About.MONEY for row in rows_of(cast("dict[str, Any]", condition))):
        said = _("You may not see what shipments cost and earn, so you cannot ask for it in a condition.")
        raise DomainError("money_not_seen", said, field="condition")


_CHECKS: tuple[Callable[[RuleDraft], Iterator[Problem]], ...] = (_naming, _choosing, _timing, _staging, _holding)
