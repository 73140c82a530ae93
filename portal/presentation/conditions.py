"""A condition as people read it: one line a group or a comparison, inner ones further in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from milestones.condition_fields import FIELDS, Field
from milestones.condition_words import About, Operator, operator_words

_STEP = "    "


def outline(tree: Mapping[str, Any] | None) -> str:
    """The whole tree, several lines; what cannot be read (a field that is gone) is shown as it stands."""
    return "\n".join(_lines(tree, 0)) if tree else _("always")


def _lines(tree: Any, depth: int) -> Iterator[str]:
    indent = _STEP * depth
    if not isinstance(tree, Mapping) or "field" in tree or len(tree) != 1:
        yield indent + sentence(tree if isinstance(tree, Mapping) else {"field": str(tree)})
        return
    ((kind, inner),) = tree.items()
    yield indent + {"all": _("all of these hold:"), "any": _("any of these holds:")}.get(kind, _("this does not hold:"))
    for branch in inner if isinstance(inner, list) else [inner]:
        yield from _lines(branch, depth + 1)


def sentence(row: Mapping[str, Any]) -> str:
    """One comparison: "Shipment · Mode is one of Ocean, Air"."""
    name, op, value = str(row.get("field", "")), row.get("op"), row.get("value")
    field = FIELDS.get(name)
    what = f"{About(field.is_about).label} · {field.label}" if field else name
    words = [what, operator_words(str(op), field.type) if field and op in Operator.values else str(op or "")]
    if value is not None:
        words.append(_said(field, value))
    return " ".join(word for word in words if word)


def _said(field: Field | None, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(field, each) for each in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices = {key: str(label) for key, label in field.choices} if field else {}
    return choices.get(str(value), str(value))
