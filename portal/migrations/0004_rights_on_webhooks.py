"""Who of the house may see and set up the webhooks of others: the administrator sets up, the auditor sees.

On an empty database 0002 gave everybody what it found of partners, so it is taken from the others here.
"""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

RIGHTS = {
    "administrator": ("view_webhookendpoint", "add_webhookendpoint", "change_webhookendpoint"),
    "auditor": ("view_webhookendpoint",),
}


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    create_permissions(installed.get_app_config("partners"), verbosity=0, using=alias, apps=apps)
    Permission = apps.get_model("auth", "Permission")
    known = {
        one.codename: one
        for one in Permission.objects.using(alias).filter(
            content_type__app_label="partners", content_type__model="webhookendpoint"
        )
    }
    for group in apps.get_model("auth", "Group").objects.using(alias).all():
        group.permissions.remove(*known.values())
        group.permissions.add(*(known[name] for name in RIGHTS.get(group.name, ())))


def withdraw(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("auth", "Permission").objects.using(alias).filter(
        content_type__app_label="partners", content_type__model="webhookendpoint"
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_rights_on_foresight"), ("partners", "0004_hearing_of_more_checked")]

    operations = [migrations.RunPython(grant, withdraw)]
