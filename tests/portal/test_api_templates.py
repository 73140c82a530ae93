"""Templates by the API: the file that goes out comes in as a draft, and what is wrong with one is said by its path."""

from __future__ import annotations

from typing import Any

import pytest

from milestones.enums import TemplateState
from milestones.models import MilestoneTemplate
from milestones.services.templates import export_template
from partners.models import User
from tests.factories.partners import internal
from tests.portal.api_world import ask, template

pytestmark = pytest.mark.django_db


@pytest.fixture
def planner() -> User:
    return internal("operations")


def sent(body: Any, planner: User) -> Any:
    return ask("milestone-templates/import/", "POST", user=planner, body=body)


def test_a_version_comes_as_its_file(planner):
    active = MilestoneTemplate.objects.active().get(code="AIR")
    answer = ask("milestone-templates/AIR/1/", user=planner)
    assert (answer.status_code, answer.json()) == (200, export_template(active))


@pytest.mark.parametrize("path", ["AIR/2/", "AIR/0/", "AIR/x/", "AIR/99999999999999999999/", "air/1/", "NO-SUCH/1/"])
def test_a_version_that_is_not_there_is_not_found(planner, path):
    assert ask(f"milestone-templates/{path}", user=planner).status_code == 404


def test_what_is_sent_is_a_draft_of_the_sender(planner):
    data = ask("milestone-templates/AIR/1/", user=planner).json()
    answer = sent({**data, "name": "Air, anew"}, planner)
    made = MilestoneTemplate.objects.get(code="AIR", version=2)
    assert (answer.status_code, answer.json()["version"], answer.json()["state"]) == (201, 2, "draft")
    assert (made.name, made.state, made.created_by) == ("Air, anew", TemplateState.DRAFT, planner)
    again = sent(data, planner)
    assert (again.status_code, again.json()["code"]) == (409, "draft_exists")


def test_what_is_wrong_is_said_by_its_path(planner):
    line = {**template()["lines"][0], "anchor": "moon", "colour": "red"}
    answer = sent(template(lines=[line]), planner)
    assert answer.status_code == 400
    assert sorted(error["field"] for error in answer.json()["errors"]) == ["lines[0].anchor", "lines[0].colour"]
    answer = sent(template(lines=[{**template()["lines"][0], "type": "NO_SUCH"}]), planner)
    assert [error["field"] for error in answer.json()["errors"]] == ["lines[0].type"]
    assert MilestoneTemplate.objects.filter(code="TO-CHINA").count() == 0


@pytest.mark.parametrize("body", [[], 5, None, "text", {}, {"format": []}, {"lines": None}])
def test_what_is_no_template_is_refused(planner, body):
    assert sent(body if body is not None else "null", planner).status_code == 400


def test_a_file_has_its_limits(planner):
    assert sent(template(note="x" * 300_000), planner).status_code == 413
    many = [{**template()["lines"][0], "position": n} for n in range(1, 102)]
    assert [error["field"] for error in sent(template(lines=many), planner).json()["errors"]] == ["lines"]
