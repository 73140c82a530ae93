"""The workflows that a new installation begins with (milestones/defaults.py)."""

from django.db import migrations

from milestones.defaults import TEMPLATES


def load(apps, schema_editor):
    Template = apps.get_model("milestones", "MilestoneTemplate")
    Line = apps.get_model("milestones", "TemplateLine")
    for template in TEMPLATES:
        row = Template.objects.create(
            code=template.code, name=template.name, mode=template.mode, shipment_type=template.shipment_type,
            state="active",
        )  # fmt: skip
        rows = {}
        waiting = list(template.lines)
        while waiting:
            line = waiting.pop(0)
            counts_from_line = isinstance(line.anchor, int)
            if counts_from_line and line.anchor not in rows:
                waiting.append(line)
                continue
            rows[line.position] = Line.objects.create(
                template=row,
                position=line.position,
                type_id=line.code,
                place_role=line.role,
                name=line.name,
                requirement="optional" if line.is_optional else "mandatory",
                anchor="line" if counts_from_line else line.anchor,
                anchor_line=rows[line.anchor] if counts_from_line else None,
                offset_minutes=line.hours * 60,
                day_basis=line.day_basis,
                early_tolerance_minutes=line.early * 60,
                late_tolerance_minutes=line.late * 60,
                responsible=line.responsible,
                audience=line.audience,
                weight=line.weight,
                task=line.task,
            )


class Migration(migrations.Migration):
    dependencies = [("milestones", "0001_initial"), ("shipments", "0002_vocabulary")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
