from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import transaction

from milestones.models import ExceptionRule, MilestoneTemplate, TemplateLine
from milestones.services import loading, remembering
from milestones.services.remembering import current_policy, current_templates
from shipments.models import MilestoneType, Source
from tests.factories.milestones import PolicyFactory
from tests.factories.shipments import SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(remembering._Memory, "policy", None)
    monkeypatch.setattr(remembering._Memory, "templates", {})


def plain(policy):
    """Without what is compiled, which is another function each time."""
    return replace(policy, rules=tuple(replace(rule, condition=None) for rule in policy.rules))


def test_rules_are_compiled_once_and_asked_for_in_one_query(django_assert_num_queries):
    SourceFactory()
    known = current_policy()
    with django_assert_num_queries(1):
        assert current_policy() is known
    assert plain(known) == plain(loading.load_policy())


def switch_off_a_rule():
    ExceptionRule.objects.filter(pk=ExceptionRule.objects.filter(is_active=True).first().pk).update(is_active=False)


@pytest.mark.parametrize(
    "change",
    [
        switch_off_a_rule,
        lambda: ExceptionRule.objects.filter(is_active=True).update(task="Another"),
        lambda: ExceptionRule.objects.all().delete(),
        lambda: Source.objects.update(latency_minutes=7),
        SourceFactory,
        lambda: MilestoneType.objects.filter(code="DEPARTED").update(name="Gone"),
        PolicyFactory,
    ],
)
def test_what_changes_is_read_anew_and_what_is_taken_back_too(change):
    SourceFactory()
    before = current_policy()
    with transaction.atomic():
        change()
        after = current_policy()
        assert plain(after) != plain(before)
        assert plain(after) == plain(loading.load_policy())
        transaction.set_rollback(True)
    assert plain(current_policy()) == plain(before)


def told(templates):
    """What is compiled, without its conditions, which are other functions each time."""
    return {
        pk: replace(template, lines=tuple(replace(line, condition=None) for line in template.lines))
        for pk, template in templates.by_id.items()
    }


def active():
    return current_templates([])


def test_templates_are_compiled_once_for_what_is_asked(django_assert_num_queries):
    known = active()
    assert known.active
    pinned = next(iter(known.by_id))
    one = current_templates([pinned], with_active=False)
    with django_assert_num_queries(2):
        assert active() is known
        assert current_templates([pinned], with_active=False) is one
    assert list(one.by_id) == [pinned]


@pytest.mark.parametrize(
    "change",
    [
        lambda: MilestoneTemplate.objects.filter(state="active").update(name="Renamed"),
        lambda: TemplateLine.objects.filter(template__state="active").update(late_tolerance_minutes=1),
        lambda: MilestoneTemplate.objects.filter(state="active").update(state="retired"),
    ],
)
def test_a_template_that_changes_is_compiled_anew(change):
    known = active()
    change()
    assert told(active()) != told(known)
    assert told(active()) == told(loading.load_templates([]))


def test_a_process_does_not_remember_without_end(monkeypatch):
    monkeypatch.setattr(remembering, "_MOST_SETS", 1)
    pinned = list(active().by_id)[:2]
    for pk in pinned:
        current_templates([pk], with_active=False)
    assert list(remembering._Memory.templates) == [(frozenset(pinned[1:]), False)]
