"""What decides between reports that differ, where the usual order (trust, confirmation, the latest) is not the best.

When freight becomes available, the clock of the free time starts: of equally trusted sources the earliest date is the
one to reckon with, whichever was told last.
"""

from django.db import migrations

POLICIES = (("AVAILABLE", "estimated", ["trust", "earliest"]),)


def load(apps, schema_editor):
    Policy = apps.get_model("milestones", "ConflictPolicy")
    for code, field, order in POLICIES:
        Policy.objects.get_or_create(type_id=code, field=field, defaults={"order": order})


class Migration(migrations.Migration):
    dependencies = [("milestones", "0009_checks_validated")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
