"""A rule for each kind of exception (milestones/default_rules.py); rules that people have changed are left alone."""

from django.db import migrations

from milestones.default_rules import EVERY_KIND, NAMES, OF_ONE_JOURNEY
from milestones.defaults import RULES


def _minutes(hours):
    return None if hours is None else hours * 60


def load(apps, schema_editor):
    Rule = apps.get_model("milestones", "ExceptionRule")
    for rule in EVERY_KIND:
        Rule.objects.get_or_create(
            code=rule.code,
            defaults={
                "name": rule.name,
                "kind": rule.kind,
                "severity": rule.severity,
                "owner": rule.owner,
                "mode": rule.mode,
                "type_id": rule.milestone or None,
                "minimum_minutes": rule.minimum * 60,
                "minimum_percent": rule.percent,
                "warn_minutes": _minutes(rule.warn),
                "escalate_minutes": _minutes(rule.escalate),
                "escalate_to": rule.escalate_to,
                "group_by": rule.group_by,
                "due_minutes": rule.due * 60,
                "task": rule.task,
                "is_active": rule.is_active,
                "condition": rule.condition,
            },
        )
    for code, name in NAMES.items():
        Rule.objects.filter(code=code, name="").update(name=name)
    for shipped in RULES:
        if shipped.code in OF_ONE_JOURNEY:
            # Only as it was shipped: what somebody has changed is theirs.
            Rule.objects.filter(
                code=shipped.code,
                version=1,
                kind=shipped.kind,
                severity=shipped.severity,
                owner=shipped.owner,
                type_id=shipped.milestone or None,
                minimum_minutes=shipped.minimum_hours * 60,
                due_minutes=shipped.due_hours * 60,
                task=shipped.task,
                group_by="",
            ).update(group_by="journey")


class Migration(migrations.Migration):
    dependencies = [("milestones", "0011_default_policies")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
