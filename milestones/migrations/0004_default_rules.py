"""The exception rules that a new installation begins with (milestones/defaults.py)."""

from django.db import migrations

from milestones.defaults import RULES


def load(apps, schema_editor):
    Rule = apps.get_model("milestones", "ExceptionRule")
    for rule in RULES:
        Rule.objects.create(
            code=rule.code,
            kind=rule.kind,
            severity=rule.severity,
            owner=rule.owner,
            type_id=rule.milestone or None,
            minimum_minutes=rule.minimum_hours * 60,
            due_minutes=rule.due_hours * 60,
            task=rule.task,
        )


class Migration(migrations.Migration):
    dependencies = [("milestones", "0003_default_templates")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
