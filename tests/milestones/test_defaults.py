from __future__ import annotations

import pytest

from milestones.default_rules import EVERY_KIND
from milestones.defaults import RULES, TEMPLATES
from milestones.models import ExceptionRule, MilestoneTemplate
from milestones.services.loading import load_templates
from milestones.valuing import IMPLIED
from shipments.enums import Mode
from shipments.models import MilestoneType


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.code)
def test_lines_stand_in_order_and_count_from_lines_that_are_there(template):
    positions = [line.position for line in template.lines]
    assert positions == sorted(set(positions))
    assert {line.anchor for line in template.lines if isinstance(line.anchor, int)} <= set(positions)
    assert any(not line.is_optional for line in template.lines)


def test_every_mode_has_a_template_for_any_type():
    assert {t.mode for t in TEMPLATES if not t.shipment_type} == set(Mode)


@pytest.mark.django_db
def test_the_defaults_are_loaded_and_no_line_counts_in_a_circle():
    assert set(MilestoneTemplate.objects.active().values_list("code", flat=True)) == {t.code for t in TEMPLATES}
    assert set(ExceptionRule.objects.values_list("code", flat=True)) == {r.code for r in (*RULES, *EVERY_KIND)}
    loaded = load_templates([]).by_id.values()
    assert {t.code: len(t.lines) for t in loaded} == {t.code: len(t.lines) for t in TEMPLATES}


@pytest.mark.django_db
def test_what_is_implied_are_codes_of_the_vocabulary():
    known = set(MilestoneType.objects.values_list("code", flat=True))
    assert IMPLIED.keys() | set().union(*IMPLIED.values()) <= known
