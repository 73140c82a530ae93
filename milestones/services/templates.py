"""Versions of a template: drafted, changed, put into force, taken out of it. Only a draft changes.

Whoever writes a version first locks all versions of its code, in their order, so that two people wait for each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.states import move
from milestones.drafts import TemplateDraft
from milestones.enums import TEMPLATE_MOVES, TemplateState
from milestones.models import MilestoneTemplate
from milestones.services.template_checks import check
from milestones.services.template_files import from_data, to_data
from milestones.services.template_problems import Problem, TemplateRefused
from milestones.services.template_rows import HEAD, draft_of, stamp_of, write_lines
from partners.models import Partner, User

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,39}")
# What decides for whom a template is chosen.
CRITERIA = (
    "mode", "shipment_type", "service", "customer_id", "origin_country", "destination_country", "origin_place",
    "destination_place",
)  # fmt: skip


@transaction.atomic
def create_template(draft: TemplateDraft, *, by: User | None) -> MilestoneTemplate:
    """A new code with its first version, a draft. Raises DomainError `code_taken` (conflict) and TemplateRefused."""
    if not _CODE.fullmatch(draft.code):
        said = _("A code is made of capital letters, digits and dashes, such as OCEAN-EXPORT.")
        raise TemplateRefused([Problem(said, field="code")])
    if _versions(draft.code):
        raise _taken(draft.code)
    return _make(replace(draft, version=1), by=by)


@transaction.atomic
def new_version(template: MilestoneTemplate, *, by: User | None) -> MilestoneTemplate:
    """A draft that begins as a copy of `template`, whichever version that is.

    Raises DomainError `draft_exists` (conflict): one draft of a template at a time.
    """
    versions = _versions(template.code)
    _refuse_second_draft(versions)
    return _make(replace(draft_of(template), version=max(versions) + 1, note=""), by=by)


@transaction.atomic
def save_draft(
    template: MilestoneTemplate, draft: TemplateDraft, *, by: User | None, seen: str = ""
) -> MilestoneTemplate:
    """Make the draft on record say what `draft` says, its lines all at once; code and version stay as they are.

    `seen`: the `stamp_of` what the person began from. Raises TemplateRefused with every problem at its line and field,
    DomainError `not_a_draft`, `changed_meanwhile` (conflicts).
    """
    held = _hold(template)
    if held.state != TemplateState.DRAFT:
        said = _("%s is no draft. Make a new version and change that.")
        raise DomainError("not_a_draft", said % held, conflict=True)
    if seen and seen != stamp_of(draft_of(held)):
        said = _("Somebody else has changed this draft meanwhile. Open it again in another window and compare.")
        raise DomainError("changed_meanwhile", said, conflict=True)
    draft = replace(draft, code=held.code, version=held.version)
    check(draft)
    _write(held, draft)
    return held


@transaction.atomic
def activate_template(template: MilestoneTemplate, *, by: User | None) -> MilestoneTemplate:
    """Put a draft into force for shipments to come; the version before retires in the same transaction.

    Shipments that are under way keep the version they follow (milestones.services.upgrades moves them). Raises
    TemplateRefused, DomainError `template_ties` (conflict) where another template is chosen by exactly these criteria,
    `state_not_allowed` (conflict).
    """
    held = _hold(template)
    if held.state == TemplateState.DRAFT:
        draft = draft_of(held)
        check(draft, is_final=True)
        _refuse_tie(draft)
    for before in MilestoneTemplate.objects.active().filter(code=held.code).exclude(pk=held.pk):
        move(before, TEMPLATE_MOVES, to=TemplateState.RETIRED)
    try:
        with transaction.atomic():
            move(held, TEMPLATE_MOVES, to=TemplateState.ACTIVE)
    except IntegrityError as error:
        # Two were put into force at the same moment.
        said = _("Another template with exactly these criteria has just been put into force.")
        raise DomainError("template_ties", said, conflict=True) from error
    return held


@transaction.atomic
def retire_template(template: MilestoneTemplate, *, by: User | None) -> MilestoneTemplate:
    """Take it out of force, or drop a draft. Shipments that follow it go on with it. Raises `state_not_allowed`."""
    held = _hold(template)
    move(held, TEMPLATE_MOVES, to=TemplateState.RETIRED)
    return held


def export_template(template: MilestoneTemplate) -> dict[str, Any]:
    """The template as JSON values (docs/templates.md)."""
    return to_data(draft_of(template), template.customer.code if template.customer else "")


def read_template(data: Any) -> TemplateDraft:
    """The draft that such JSON says, checked; nothing is written. Raises TemplateRefused."""
    draft, customer = from_data(data)
    if customer:
        found = customer_with(customer)
        if found is None:
            said = _("There is no partner with the code %s.") % customer
            raise TemplateRefused([Problem(said, field="customer")])
        draft = replace(draft, customer_id=found.pk)
    try:
        check(draft)
    except TemplateRefused as refused:
        # In a file a line is found by its place in the list.
        places = {line.position: index for index, line in enumerate(draft.lines)}
        raise TemplateRefused(
            [replace(each, index=places.get(each.position or 0)) for each in refused.problems]
        ) from refused
    return draft


def customer_with(code: str) -> Partner | None:
    """The partner that a template of one customer names by its code."""
    return Partner.objects.filter(code=code).first()


@transaction.atomic
def import_template(data: Any, *, by: User | None) -> MilestoneTemplate:
    """Take such JSON in as a draft: the first version of a code that is new here, else the next one of it.

    It is never put into force by itself, and its version number is ours. Raises as `read_template` and `new_version`.
    """
    draft = read_template(data)
    versions = _versions(draft.code)
    if not versions:
        return create_template(draft, by=by)
    _refuse_second_draft(versions)
    return _make(replace(draft, version=max(versions) + 1), by=by)


def _versions(code: str) -> Mapping[int, MilestoneTemplate]:
    """All versions of a code by number, locked."""
    rows = MilestoneTemplate.objects.select_for_update().filter(code=code).order_by("version")
    return {row.version: row for row in rows}


def _hold(template: MilestoneTemplate) -> MilestoneTemplate:
    return _versions(template.code)[template.version]


def _refuse_second_draft(versions: Mapping[int, MilestoneTemplate]) -> None:
    drafts = [row for row in versions.values() if row.state == TemplateState.DRAFT]
    if drafts:
        said = _("There is a draft already: %s. Change that one, or drop it first.")
        raise DomainError("draft_exists", said % drafts[0], conflict=True)


def _refuse_tie(draft: TemplateDraft) -> None:
    same = {name: getattr(draft, name) for name in CRITERIA}
    other = MilestoneTemplate.objects.active().filter(**same).exclude(code=draft.code).first()
    if other is not None:
        said = _(
            "%(other)s (%(code)s) is chosen by exactly these criteria. Change one of the two, or retire the other."
        )
        raise DomainError("template_ties", said % {"other": other, "code": other.code}, conflict=True)


def _make(draft: TemplateDraft, *, by: User | None) -> MilestoneTemplate:
    check(draft)
    head = {name: getattr(draft, name) for name in HEAD}
    try:
        with transaction.atomic():
            made = MilestoneTemplate.objects.create(code=draft.code, version=draft.version, created_by=by, **head)
    except IntegrityError as error:
        # Nothing stood there yet that both could have locked.
        raise _taken(draft.code) from error
    write_lines(made, draft.lines)
    return made


def _taken(code: str) -> DomainError:
    return DomainError("code_taken", _("There is a template %s already.") % code, field="code", conflict=True)


def _write(held: MilestoneTemplate, draft: TemplateDraft) -> None:
    head = {name: getattr(draft, name) for name in HEAD}
    MilestoneTemplate.objects.filter(pk=held.pk).update(**head)
    held.refresh_from_db()
    write_lines(held, draft.lines)
