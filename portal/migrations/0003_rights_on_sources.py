"""What the groups of the house may do with what came with the further sources of events: connections, aliases, jobs."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYBODY = ("sales", "operations", "customs", "finance", "auditor", "administrator")
SEEN = (
    "shipments.acknowledgement", "shipments.connection", "shipments.connectionrun", "shipments.controlnumber",
    "shipments.locationalias", "shipments.sourceday", "shipments.sourcesilence", "shipments.upload",
    "shipments.webhookreceipt", "partners.job",
)  # fmt: skip
EDITED = {
    "operations": ("shipments.connection", "shipments.locationalias", "shipments.upload", "partners.job"),
    "customs": ("shipments.locationalias", "shipments.upload", "partners.job"),
    "finance": ("partners.job",),
    "administrator": ("shipments.connection", "shipments.locationalias", "shipments.upload", "partners.job"),
}


def rights():
    """(group, app label, codename) of everything that is granted here."""
    for group in EVERYBODY:
        for model in SEEN:
            label, name = model.split(".")
            yield group, label, f"view_{name}"
        for model in EDITED.get(group, ()):
            label, name = model.split(".")
            yield group, label, f"add_{name}"
            yield group, label, f"change_{name}"


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    for label in ("partners", "shipments"):
        create_permissions(installed.get_app_config(label), verbosity=0, using=alias, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    groups = {group.name: group for group in Group.objects.using(alias).all()}
    for name, label, codename in rights():
        found = Permission.objects.using(alias).get(content_type__app_label=label, codename=codename)
        groups[name].permissions.add(found)


def withdraw(apps, schema_editor):
    alias = schema_editor.connection.alias
    Permission = apps.get_model("auth", "Permission")
    names = [model.split(".") for model in SEEN]
    for label, name in names:
        Permission.objects.using(alias).filter(
            content_type__app_label=label, content_type__model=name
        ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0002_internal_groups"),
        ("shipments", "0007_checks_validated"),
        ("partners", "0002_jobs"),
    ]

    operations = [migrations.RunPython(grant, withdraw)]
