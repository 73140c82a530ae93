"""Changing the rules that open cases. Each change makes a version; the shipments it can concern are looked at again.

Cases that stand keep their rule, and are judged by its new version when their shipment is next looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from milestones.models import ExceptionRule, RuleVersion
from milestones.services.rule_drafts import (
    DEFINED,
    RuleDraft,
    RuleRefused,
    draft_from,
    draft_of,
    problems,
    refuse_hidden_money,
)
from milestones.services.rule_waking import wake_for
from partners.models import User


@transaction.atomic
def save_rule(draft: RuleDraft, *, by: User | None, note: str = "") -> ExceptionRule:
    """Store a new rule (it is switched off until somebody enables it), or the next version of one.

    Raises RuleRefused, and DomainError `rule_exists`, `rule_changed` (somebody else was faster), `same_rule`,
    `money_not_seen`.
    """
    if wrong := problems(draft):
        raise RuleRefused(wrong)
    if not draft.version:
        refuse_hidden_money(draft.condition, by)
        return _create(draft, by, note)
    rule = _held(draft.code)
    if rule.version != draft.version:
        raise DomainError("rule_changed", _("Somebody else changed this rule in the meantime."), conflict=True)
    before = draft_of(rule)
    if before.definition == draft.definition:
        raise DomainError("same_rule", _("Nothing is changed."))
    if before.condition != draft.condition:
        refuse_hidden_money(draft.condition, by)
    # A rule of a new installation has no version yet: what it was is kept before it goes.
    RuleVersion.objects.get_or_create(rule=rule, version=rule.version, defaults={"definition": before.definition})
    _write(rule, draft)
    rule.version += 1
    rule.save()
    _keep(rule, draft, by, note)
    if rule.is_active:
        wake_for(rule, also=before, by=by)
    return rule


def _create(draft: RuleDraft, by: User | None, note: str) -> ExceptionRule:
    rule = ExceptionRule(code=draft.code, is_active=False)
    _write(rule, draft)
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
    except IntegrityError as error:
        text = _("There is already a rule with this code.")
        raise DomainError("rule_exists", text, field="code", conflict=True) from error
    _keep(rule, draft, by, note)
    return rule


def _write(rule: ExceptionRule, draft: RuleDraft) -> None:
    for name, value in draft.definition.items():
        setattr(rule, "type_id" if name == "type" else name, (value or None) if name == "type" else value)
    rule.name, rule.task = draft.name.strip(), draft.task.strip()


def _keep(rule: ExceptionRule, draft: RuleDraft, by: User | None, note: str) -> None:
    RuleVersion.objects.create(
        rule=rule, version=rule.version, definition=draft.definition, note=note.strip()[:300], created_by=by
    )


def _held(code: str) -> ExceptionRule:
    rule = ExceptionRule.objects.select_for_update().filter(code=code).first()
    if rule is None:
        raise DomainError("rule_missing", _("There is no such rule."), field="code")
    return rule


def enable_rule(rule: ExceptionRule, *, by: User | None) -> None:
    """Let it open cases from now on. Raises DomainError `state_changed` when it is on already."""
    _switch(rule, on=True, by=by)


def disable_rule(rule: ExceptionRule, *, by: User | None) -> None:
    """Let it open no more cases; those that stand close when their shipment is looked at again."""
    _switch(rule, on=False, by=by)


@transaction.atomic
def _switch(rule: ExceptionRule, *, on: bool, by: User | None) -> None:
    if not ExceptionRule.objects.filter(pk=rule.pk, is_active=not on).update(is_active=on):
        raise DomainError("state_changed", _("Somebody else changed this rule in the meantime."), conflict=True)
    rule.is_active = on
    wake_for(rule, also=None, by=by)


def restore_version(rule: ExceptionRule, version: int, *, by: User | None, note: str = "") -> ExceptionRule:
    """Make the next version from an old one. Raises DomainError `no_such_version`, and as `save_rule` does."""
    old = rule.versions.filter(version=version).first()
    if old is None:
        raise DomainError("no_such_version", _("This rule has no version %d.") % version, field="version")
    said = note or _("As in version %d") % version
    return save_rule(draft_from(old.definition, version=rule.version), by=by, note=said)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of the definition that two versions say differently."""

    name: str
    before: Any
    after: Any


def differences(before: RuleDraft, after: RuleDraft) -> Iterator[Difference]:
    """What is different in `after`, in the order of the form."""
    for name in DEFINED:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Difference(name, old, new)
