"""Who may do what with plans, rules, money of shipments and papers: the groups as a new installation has them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from partners.enums import InternalGroup

pytestmark = pytest.mark.django_db

EVERYBODY = set(InternalGroup.values)
PLANNING = {"operations", "administrator"}


def who(codename: str) -> set[str]:
    found = Permission.objects.get(codename=codename, content_type__app_label__in=("milestones", "shipments"))
    return set(found.group_set.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("codename", "groups"),
    [
        ("view_milestonetemplate", EVERYBODY),
        ("add_milestonetemplate", PLANNING),
        ("change_milestonetemplate", PLANNING),
        ("delete_milestonetemplate", set()),
        ("view_planupgrade", EVERYBODY),
        ("add_planupgrade", PLANNING),
        ("change_planupgrade", PLANNING),
        ("change_exceptionrule", PLANNING),
        ("view_ruleversion", EVERYBODY),
        ("change_ruleversion", set()),
        ("change_casegroup", {"operations", "customs", "finance", "administrator"}),
        ("view_shipmentmoney", {"finance", "auditor", "administrator"}),
        ("add_document", {"operations", "customs", "sales", "administrator"}),
        ("change_document", {"operations", "customs", "administrator"}),
        ("view_document", EVERYBODY),
        ("view_shipmentpast", EVERYBODY),
    ],
)
def test_a_right_is_of_these_groups(codename, groups):
    assert who(codename) == groups
