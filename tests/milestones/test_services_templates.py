"""Versions of a template: what may change when, what is refused and where, and the file that carries one."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import TemplateState
from milestones.services.template_rows import draft_of
from milestones.services.templates import (
    create_template,
    save_draft,
)
from tests.factories.partners import UserFactory

pytestmark = pytest.mark.django_db


def drafted(*lines: LineDraft, **head: Any) -> TemplateDraft:
    """For air, from the Netherlands to China, so that it is no rival of the templates that come with the product."""
    fields = {"code": "NL-CN", "name": "To China", "mode": "air", "origin_country": "NL", "destination_country": "CN"}
    return TemplateDraft(**{**fields, **head}, lines=lines or (DEPARTED, ARRIVED))


DEPARTED = LineDraft(position=10, type="DEPARTED", name="Departed", place_role="pol", anchor="etd")
ARRIVED = LineDraft(
    position=20, type="ARRIVED", name="Arrived", place_role="pod", anchor="line", anchor_line=10, after_line=10,
    offset_minutes=2880, day_basis="working", roll="next", time_of_day=time(8, 30), documents=("mawb", "pod"),
    charges=("THC", "LATE_FEE"), scope="leg", weight=3, task="Tell them",
)  # fmt: skip


def test_a_template_is_created_as_a_draft_that_says_what_was_said():
    by = UserFactory()
    made = create_template(drafted(), by=by)
    assert (made.state, made.version, made.created_by) == (TemplateState.DRAFT, 1, by)
    assert draft_of(made) == drafted()


def test_lines_that_change_places_keep_their_rows():
    made = create_template(drafted(), by=None)
    rows = dict(made.lines.values_list("type_id", "pk"))
    swapped = (
        replace(ARRIVED, position=10, anchor="eta", anchor_line=None, after_line=None),
        replace(DEPARTED, position=20, after_line=10),
    )
    save_draft(made, drafted(*swapped), by=None)
    assert dict(made.lines.values_list("type_id", "pk")) == rows
    assert draft_of(made).lines == swapped
    save_draft(made, drafted(DEPARTED), by=None)
    assert draft_of(made).lines == (DEPARTED,)
    save_draft(made, drafted(), by=None)
    assert draft_of(made).lines == (DEPARTED, ARRIVED)
