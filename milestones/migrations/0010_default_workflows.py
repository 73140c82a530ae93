"""More workflows to begin with (milestones/workflows): ocean FCL and LCL, air, truck, intermodal, parcel, warehouse, customs.

What people have made is left alone: a code that is there already is passed over, and where an active template is chosen
by the same criteria ours comes as a draft.
"""

from dataclasses import fields

from django.db import migrations

from milestones.drafts import LineDraft, TemplateDraft
from milestones.workflows import WORKFLOWS

_HEAD = [f.name for f in fields(TemplateDraft) if f.name != "lines"]
_CRITERIA = [name for name in _HEAD if name not in ("code", "name", "version", "note")]
_PLAIN = [f.name for f in fields(LineDraft) if f.name not in ("type", "anchor_line", "after_line")]


def load(apps, schema_editor):
    Template = apps.get_model("milestones", "MilestoneTemplate")
    Line = apps.get_model("milestones", "TemplateLine")
    for draft in WORKFLOWS:
        if Template.objects.filter(code=draft.code).exists():
            continue
        criteria = {name: getattr(draft, name) for name in _CRITERIA}
        is_taken = Template.objects.filter(state="active", **criteria).exists()
        head = {name: getattr(draft, name) for name in _HEAD}
        row = Template.objects.create(**head, state="draft" if is_taken else "active")
        rows = {}
        waiting = list(draft.lines)
        while waiting:
            line = waiting.pop(0)
            if not {line.anchor_line, line.after_line} <= rows.keys() | {None}:
                waiting.append(line)
                continue
            values = {name: getattr(line, name) for name in _PLAIN}
            values |= {"documents": list(line.documents), "charges": list(line.charges)}
            rows[line.position] = Line.objects.create(
                template=row, type_id=line.type, anchor_line=rows.get(line.anchor_line),
                after_line=rows.get(line.after_line), **values,
            )  # fmt: skip


def unload(apps, schema_editor):
    """Those that no shipment has. The others stay, and are passed over when this is run again."""
    Template = apps.get_model("milestones", "MilestoneTemplate")
    Line = apps.get_model("milestones", "TemplateLine")
    ours = Template.objects.filter(code__in=[draft.code for draft in WORKFLOWS], journeys=None)
    lines = Line.objects.filter(template__in=ours)
    lines.update(after_line=None, anchor="etd", anchor_line=None)
    lines.delete()
    ours.delete()


class Migration(migrations.Migration):
    dependencies = [("milestones", "0009_checks_validated"), ("shipments", "0014_services_validated")]
    operations = [migrations.RunPython(load, unload)]
