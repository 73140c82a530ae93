"""docs/rules.md says of fields and operators what the code says. `WAYMARK_WRITE_MANUAL=1` writes the tables anew."""

from __future__ import annotations

import os
from pathlib import Path

from django.utils import translation

from milestones.condition_fields import FIELDS, OPERATORS
from milestones.condition_words import About, FieldType, Operator

MANUAL = Path(__file__).resolve().parent.parent.parent / "docs" / "rules.md"
BEGIN, END = "<!-- {} -->\n", "<!-- end of {} -->"


def fields_table() -> str:
    lines = ["| field | says | type | values | in lines |", "|---|---|---|---|---|"]
    for field in FIELDS.values():
        choices = ", ".join(f"`{value}`" for value, _ in field.choices)
        kind = field.type + (", moves with the clock" if field.clockwork else "")
        lines.append(f"| `{field.name}` | {field.label} | {kind} | {choices} | {'yes' if field.is_planned else ''} |")
    return "\n".join(lines) + "\n"


def operators_table() -> str:
    lines = ["| type | " + " | ".join(f"`{op}`" for op in Operator.values) + " |"]
    lines.append("|---|" + "---|" * len(Operator.values))
    for kind in FieldType.values:
        marks = ["✓" if op in OPERATORS[kind] else "" for op in Operator.values]
        lines.append(f"| {kind} | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def between(text: str, name: str) -> tuple[str, str, str]:
    before, _, rest = text.partition(BEGIN.format(name))
    inside, _, after = rest.partition(END.format(name))
    return before, inside, after


def test_the_manual_has_every_field_and_operator() -> None:
    with translation.override("en"):
        tables = {"fields": fields_table(), "operators": operators_table()}
    text = MANUAL.read_text()
    for name, table in tables.items():
        if os.environ.get("WAYMARK_WRITE_MANUAL"):
            before, _, after = between(text, name)
            text = before + BEGIN.format(name) + table + END.format(name) + after
            MANUAL.write_text(text)
        assert between(text, name)[1] == table


def test_the_manual_explains_what_fields_are_about() -> None:
    text = MANUAL.read_text()
    assert [about for about in About.values if f"`{about}.`" not in text] == []
