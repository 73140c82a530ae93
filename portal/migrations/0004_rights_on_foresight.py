"""What the groups of the house may do with the policies for conflicting reports, and with what history teaches."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

# All of the house may look at them, as at everything else of the milestones.
EVERYBODY = ("sales", "operations", "customs", "finance", "auditor", "administrator")
SEEN = ("conflictpolicy", "etaversion", "transittime", "etascore")
# A policy decides about dates that customers and invoices hang on.
EDITORS = ("operations", "administrator")


def rights():
    """(group, codename) of everything that is granted here."""
    for group in EVERYBODY:
        for model in SEEN:
            yield group, f"view_{model}"
    for group in EDITORS:
        for verb in ("add", "change", "delete"):
            yield group, f"{verb}_conflictpolicy"


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed.get_app_config("milestones"), verbosity=0, using=alias, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    groups = {group.name: group for group in Group.objects.using(alias).all()}
    for name, codename in rights():
        found = Permission.objects.using(alias).get(content_type__app_label="milestones", codename=codename)
        groups[name].permissions.add(found)


def withdraw(apps, schema_editor):
    alias = schema_editor.connection.alias
    Permission = apps.get_model("auth", "Permission")
    Permission.objects.using(alias).filter(
        content_type__app_label="milestones", content_type__model__in=SEEN
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0003_rights_on_sources"),
        ("milestones", "0011_default_policies"),
    ]

    operations = [migrations.RunPython(grant, withdraw)]
