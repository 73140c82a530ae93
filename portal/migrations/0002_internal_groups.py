"""The groups of the house and what each may do (design/ux.md 4.8). The administrator may change them afterwards.

Permissions are rows which Django makes only after all migrations, so the ones used here are made first. The table is
frozen: a later change of the rights is a migration of its own.
"""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

OURS = ("partners", "shipments", "milestones", "billing", "portal")
SEEING = ("partners.see_all_partners", "partners.view_partner", "partners.view_shipments")
REPORTING = ("partners.report_events", "partners.change_shipments")
MONEY = "billing"
SHIPMENTS = (
    "shipment", "shipmentparty", "leg", "unit", "reference", "message", "event", "eventmatch", "waitingevent",
    "location",
)
WORK = ("shipmentexception", "worktask")
PLANS = ("milestonetemplate", "templateline", "exceptionrule")
VOCABULARY = ("milestonetype", "codemapping", "source", "location")


def names(apps, label):
    return [model._meta.model_name for model in apps.get_app_config(label).get_models()]


def views(apps, *labels):
    return {f"{label}.view_{name}" for label in labels for name in names(apps, label)}


def edits(label, models):
    return {f"{label}.{action}_{name}" for name in models for action in ("add", "change")}


def everything(apps, label):
    return edits(label, names(apps, label))


def rights(apps):
    """Group -> permissions as app.codename."""
    # Who a key or a grant belongs to, and what mail went out, is the administrator's.
    private = {f"partners.view_{name}" for name in (
        "user", "apikey", "partnerusergrant", "partnergroupgrant", "subscription", "notification",
        "notificationaudience", "delivery",
    )}
    common = {*SEEING, *views(apps, "shipments", "milestones", "partners")} - private | {
        "portal.view_savedview", "portal.add_savedview", "portal.change_savedview",
    }
    money = {"partners.view_invoices", *views(apps, MONEY)}
    working = {*REPORTING, *edits("shipments", SHIPMENTS), *edits("milestones", WORK)}
    return {
        "sales": common,
        "operations": common | working | edits("shipments", ("codemapping", "source")),
        "customs": common | working,
        "finance": common | money | everything(apps, MONEY) | edits("milestones", WORK),
        "auditor": common | money | private | views(apps, "portal"),
        "administrator": (
            common | money | private | working | views(apps, "portal") | {"partners.manage_members"}
            | everything(apps, "partners") | everything(apps, MONEY)
            | edits("milestones", PLANS) | edits("shipments", VOCABULARY)
        ),
    }  # fmt: skip


def make_groups(apps, schema_editor):
    alias = schema_editor.connection.alias
    for label in OURS:
        create_permissions(installed.get_app_config(label), verbosity=0, using=alias, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.using(alias).select_related("content_type")
    }
    for name, permissions in rights(apps).items():
        group, _made = Group.objects.using(alias).get_or_create(name=name)
        group.permissions.add(*(known[permission] for permission in sorted(permissions)))


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0001_initial"),
        ("billing", "0001_initial"),
        ("milestones", "0001_initial"),
        ("shipments", "0001_initial"),
        ("partners", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
