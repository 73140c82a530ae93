"""What the groups of the house may do with templates, their upgrades, rules, money of shipments and papers.

For the models named here this is the whole of it: on a new installation the groups were made when the models stood
already, and had been given the view of all of them.
"""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYBODY = frozenset({"sales", "operations", "customs", "finance", "auditor", "administrator"})
PLANNING = frozenset({"operations", "administrator"})
CASEWORK = frozenset({"operations", "customs", "finance", "administrator"})
MONEY = frozenset({"finance", "auditor", "administrator"})
PAPERS = frozenset({"operations", "customs", "sales", "administrator"})
WORKING = frozenset({"operations", "customs", "administrator"})
NOBODY: frozenset[str] = frozenset()
# Model -> who may view, add, change.
RIGHTS = {
    "milestones.milestonetemplate": (EVERYBODY, PLANNING, PLANNING),
    "milestones.templateline": (EVERYBODY, PLANNING, PLANNING),
    "milestones.planupgrade": (EVERYBODY, PLANNING, PLANNING),
    "milestones.planupgradeitem": (EVERYBODY, PLANNING, PLANNING),
    "milestones.exceptionrule": (EVERYBODY, PLANNING, PLANNING),
    # Written with every change of a rule, by nobody's hand.
    "milestones.ruleversion": (EVERYBODY, NOBODY, NOBODY),
    "milestones.casegroup": (EVERYBODY, NOBODY, CASEWORK),
    "milestones.shipmentmoney": (MONEY, NOBODY, NOBODY),
    # To change one is to withdraw it, with a reason.
    "shipments.document": (EVERYBODY, PAPERS, WORKING),
    "shipments.shipmentpast": (EVERYBODY, NOBODY, NOBODY),
}


def grant(apps, schema_editor):
    alias = schema_editor.connection.alias
    for label in ("milestones", "shipments"):
        create_permissions(installed.get_app_config(label), verbosity=0, using=alias, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    groups = {group.name: group for group in Group.objects.using(alias).filter(name__in=EVERYBODY)}
    for model, allowed in RIGHTS.items():
        label, name = model.split(".")
        known = Permission.objects.using(alias).filter(content_type__app_label=label, content_type__model=name)
        by_codename = {permission.codename: permission for permission in known}
        for group in groups.values():
            group.permissions.remove(*by_codename.values())
        for action, names in zip(("view", "add", "change"), allowed, strict=True):
            for group in sorted(names & groups.keys()):
                groups[group].permissions.add(by_codename[f"{action}_{name}"])


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0004_rights_on_foresight"),
        ("milestones", "0009_checks_validated"),
        ("shipments", "0014_services_validated"),
    ]

    # What the groups had before is not known any more; leaving them what they have does no harm.
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
