"""What differs between two versions of a template, in the words of the editor."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.utils.translation import gettext as _

from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import AnchorKind
from milestones.models import MilestoneTemplate, TemplateLine
from milestones.services.template_rows import HEAD, key_of
from partners.models import Partner
from portal.console import cells
from portal.console.record import Section, plain
from portal.entry.spans import write_span
from portal.presentation import times

_SPANS = frozenset({"offset_minutes", "early_tolerance_minutes", "late_tolerance_minutes"})
# What a value of a field is called, by the fields of both models.
_WORDS: dict[str, dict[Any, Any]] = {
    field.name: dict(field.flatchoices)
    for model in (MilestoneTemplate, TemplateLine)
    for field in model._meta.fields
    if field.choices
}
_LINKS = ("anchor_line", "after_line")


def difference(before: TemplateDraft | None, after: TemplateDraft) -> Section:
    """A table of what is new, gone and changed; of a template that is not in force yet all of it is new."""
    title = _("What is different from the version in force")
    head = [_("What"), _("Field"), _("Before"), _("After")]
    if before is None:
        return Section(_("What is in it"), head, [[*_named(line), "–", _due(line, after)] for line in after.lines])
    lines = [*_heads(before, after), *_lines(before, after)]
    return Section(title, head, lines, empty=_("Nothing: it says the same as the version in force."))


def _heads(before: TemplateDraft, after: TemplateDraft) -> list[list[Any]]:
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in HEAD]
    return [
        [_("Template"), _label(MilestoneTemplate, name.removesuffix("_id")), _value(name, old), _value(name, new)]
        for name, old, new in pairs
        if old != new
    ]


def _lines(before: TemplateDraft, after: TemplateDraft) -> list[list[Any]]:
    old, new = ({key_of(line): line for line in draft.lines} for draft in (before, after))
    found = [[*_named(line), _due(line, before), _("gone")] for key, line in old.items() if key not in new]
    for key, line in new.items():
        if key not in old:
            found.append([*_named(line), _("not there"), _due(line, after)])
            continue
        found += _changes(old[key], line, before, after)
    return found


def _changes(old: LineDraft, new: LineDraft, before: TemplateDraft, after: TemplateDraft) -> list[list[Any]]:
    rows = []
    for field in fields(LineDraft):
        pair = getattr(old, field.name), getattr(new, field.name)
        if field.name in _LINKS:
            pair = _pointed(before, pair[0]), _pointed(after, pair[1])
        if pair[0] != pair[1]:
            rows.append(
                [new.name, _label(TemplateLine, field.name), *(_value(field.name, each) for each in pair)]
            )  # fmt: skip
    return rows


def _pointed(draft: TemplateDraft, position: int | None) -> str:
    """The name of the line at the position: the same line may stand elsewhere in the other version."""
    return next((line.name for line in draft.lines if line.position == position), "")


def _named(line: LineDraft) -> list[Any]:
    return [cells.strong(line.name, line.type), _("Milestone")]


def _due(line: LineDraft, draft: TemplateDraft) -> str:
    """ "2d after ETD"."""
    other = _pointed(draft, line.anchor_line)
    anchor = f"“{other}”" if other else str(AnchorKind(line.anchor).label)
    if not line.offset_minutes:
        return _("at %(anchor)s") % {"anchor": anchor}
    text = _("%(span)s before %(anchor)s") if line.offset_minutes < 0 else _("%(span)s after %(anchor)s")
    return text % {"span": times.span(line.offset_minutes), "anchor": anchor}


def _label(model: type[Any], name: str) -> str:
    text = str(model._meta.get_field(name).verbose_name)
    return text[:1].upper() + text[1:]


def _value(name: str, value: Any) -> Any:
    if name == "customer_id":
        return plain(str(Partner.objects.filter(pk=value).first() or "") if value else "")
    if name in _SPANS:
        return ("−" if value < 0 else "") + write_span(value)
    if isinstance(value, tuple):
        return plain(list(value))
    words = _WORDS.get(name, {})
    return plain(str(words.get(value, "" if value is None else value)))
