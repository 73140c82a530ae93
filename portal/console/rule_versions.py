"""The versions of a rule, each with what it changed."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from milestones.enums import ExceptionKind, GroupBy, Severity, WorkRole
from milestones.models import ExceptionRule, RuleVersion
from milestones.services import RuleDraft, differences
from milestones.services.rule_drafts import draft_from
from portal.console import cells
from portal.console.spans import span_text
from portal.presentation.conditions import outline
from shipments.enums import Mode

_SHOWN = 50
_CHOICES: dict[str, Any] = {
    "kind": ExceptionKind, "severity": Severity, "owner": WorkRole, "escalate_to": WorkRole, "mode": Mode,
    "group_by": GroupBy,
}  # fmt: skip


def version_lines(rule: ExceptionRule) -> list[list[Any]]:
    """The newest first: number, when and by whom, what is different from the one before and why."""
    found = list(rule.versions.select_related("created_by").order_by("-version")[: _SHOWN + 1])
    before = [*found[1:], None]
    return [_line(rule, version, old) for version, old in zip(found[:_SHOWN], before, strict=False)]


def _line(rule: ExceptionRule, version: RuleVersion, before: RuleVersion | None) -> list[Any]:
    after = draft_from(version.definition)
    changes: Any = _("begun")
    if before is not None:
        changes = cells.lines(_changes(rule, draft_from(before.definition), after)) or cells.nothing()
    by = version.created_by or _("with the product")
    return [version.version, cells.two(cells.moment(version.created_at), by), cells.two(changes, version.note)]


def _changes(rule: ExceptionRule, before: RuleDraft, after: RuleDraft) -> list[str]:
    return [
        f"{_label(rule, change.name)}: {_said(change.name, change.before)} → {_said(change.name, change.after)}"
        for change in differences(before, after)
    ]


def _label(rule: ExceptionRule, name: str) -> str:
    text: str | Promise = getattr(rule._meta.get_field(name), "verbose_name", name)
    return str(text)[:1].upper() + str(text)[1:]


def _said(name: str, value: Any) -> str:
    if name == "condition":
        return " ".join(outline(value).split())
    if name.endswith("_minutes"):
        return span_text(value) or _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name in _CHOICES and value in _CHOICES[name].values:
        return str(_CHOICES[name](value).label)
    return str(value) if value not in ("", None) else _("none")
