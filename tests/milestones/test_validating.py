"""What is wrong with a template that somebody writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from milestones.drafts import LineDraft, TemplateDraft
from milestones.validating import MAX_LINES, Problem, problems

CODES = {"DEPARTED", "ARRIVED", "DELIVERED", "INFO"}
LINES = (
    LineDraft(position=10, type="DEPARTED", name="Departed", anchor="etd", place_role="pol"),
    LineDraft(position=20, type="ARRIVED", name="Arrived", anchor="line", anchor_line=10, after_line=10),
    LineDraft(position=30, type="DELIVERED", name="Delivered", anchor="line", anchor_line=20),
)
DRAFT = TemplateDraft(code="T", name="Template", lines=LINES)
CONDITION = {"field": "shipment.mode", "op": "is", "value": "air"}


def found(draft):
    return [(p.position, p.field, p.code) for p in problems(draft, CODES)]


def with_line(number=1, **changes):
    lines = list(LINES)
    lines[number] = replace(lines[number], **changes)
    return replace(DRAFT, lines=tuple(lines))


def test_nothing_is_wrong():
    assert problems(DRAFT, CODES) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code": " "}, (None, "code", "empty")),
        ({"name": ""}, (None, "name", "empty")),
        ({"code": "T" * 41}, (None, "code", "too_long")),
        ({"note": "n" * 301}, (None, "note", "too_long")),
        ({"mode": "boat"}, (None, "mode", "unknown")),
        ({"shipment_type": "?"}, (None, "shipment_type", "unknown")),
        ({"service": "?"}, (None, "service", "unknown")),
        ({"origin_country": "nl"}, (None, "origin_country", "no_country")),
        ({"destination_country": "NLD"}, (None, "destination_country", "no_country")),
        ({"origin_place": "ROTTERDAM"}, (None, "origin_place", "no_place")),
        ({"destination_place": "NLRT1"}, (None, "destination_place", "no_place")),
        ({"origin_place": "NLRTM", "origin_country": "DE"}, (None, "origin_place", "other_country")),
        ({"lines": tuple(replace(line, requirement="optional") for line in LINES)}, (None, "lines", "no_lines")),
        ({"lines": tuple(replace(line, weight=0) for line in LINES)}, (None, "lines", "no_lines")),
        ({"lines": ()}, (None, "lines", "no_lines")),
    ],
)
def test_of_the_template(changes, expected):
    assert found(replace(DRAFT, **changes)) == [expected]


def test_a_place_says_its_country_too():
    assert found(replace(DRAFT, origin_place="NLRTM", origin_country="NL", destination_place="CNSGH")) == []


def test_of_too_many_lines():
    lines = tuple(replace(LINES[0], position=n, type=f"T{n}") for n in range(1, MAX_LINES + 2))
    assert [p.code for p in problems(replace(DRAFT, lines=lines))] == ["too_many_lines"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"type": "NOTHING"}, "type", "unknown"),
        ({"type": "INFO"}, "type", "never_reported"),
        ({"name": "  "}, "name", "empty"),
        ({"name": "n" * 101}, "name", "too_long"),
        ({"task": "t" * 201}, "task", "too_long"),
        ({"place_role": "?"}, "place_role", "unknown"),
        ({"scope": "?"}, "scope", "unknown"),
        ({"unit_rule": "some"}, "unit_rule", "unknown"),
        ({"requirement": "?"}, "requirement", "unknown"),
        ({"day_basis": "?"}, "day_basis", "unknown"),
        ({"roll": "sideways"}, "roll", "unknown"),
        ({"responsible": "?"}, "responsible", "unknown"),
        ({"audience": "?"}, "audience", "unknown"),
        ({"offset_minutes": 2 * 366 * 1440 + 1}, "offset_minutes", "out_of_range"),
        ({"offset_minutes": -2 * 366 * 1440 - 1}, "offset_minutes", "out_of_range"),
        ({"early_tolerance_minutes": -1}, "early_tolerance_minutes", "out_of_range"),
        ({"late_tolerance_minutes": 366 * 1440 + 1}, "late_tolerance_minutes", "out_of_range"),
        ({"weight": 101}, "weight", "out_of_range"),
        ({"documents": ("pod", "napkin")}, "documents", "unknown"),
        ({"charges": ("thc 1",)}, "charges", "unknown"),
        ({"scope": "leg", "place_role": "transit"}, "place_role", "leg_in_transit"),
        ({"scope": "stop", "place_role": "pod"}, "place_role", "stop_at_end"),
        ({"requirement": "conditional"}, "condition", "no_condition"),
        ({"condition": CONDITION}, "condition", "needless_condition"),
        ({"requirement": "conditional", "condition": {"all": "?"}}, "condition", "wrong_condition"),
        ({"requirement": "conditional", "condition": {**CONDITION, "field": "event.trust"}}, "condition",
         "wrong_condition"),
        ({"anchor_line": None}, "anchor_line", "no_anchor_line"),
        ({"anchor": "etd"}, "anchor_line", "needless_anchor_line"),
        ({"anchor_line": 99}, "anchor_line", "line_not_there"),
        ({"after_line": 99}, "after_line", "line_not_there"),
        ({"after_line": 30}, "after_line", "follows_later"),
        ({"anchor_line": 20}, "anchor_line", "circle"),
        ({"after_line": 20}, "anchor_line", "circle"),
        ({"anchor_line": 30}, "anchor_line", "circle"),
    ],
)  # fmt: skip
def test_of_a_line(changes, field, code):
    assert found(with_line(**changes)) == [(20, field, code)]


@pytest.mark.parametrize("position", [0, 1000])
def test_of_a_position_that_is_for_others(position):
    lines = (replace(LINES[0], position=position),)
    assert found(replace(DRAFT, lines=lines)) == [(position, "position", "out_of_range")]


def test_of_an_anchor_that_is_not_known():
    assert found(with_line(anchor="?", anchor_line=None)) == [(20, "anchor", "unknown")]


def test_good_values_are_no_problem():
    more = {"documents": ("pod",), "charges": ("THC_1",), "requirement": "conditional", "condition": CONDITION}
    assert found(with_line(**more, scope="stop", roll="next")) == []


def test_of_two_at_one_position():
    assert (20, "position", "twin_position") in found(with_line(2, position=20))


def test_of_two_that_are_the_same():
    twin = replace(LINES[0], position=40, name="Departed again")
    (problem,) = problems(replace(DRAFT, lines=(*LINES, twin)), CODES)
    assert (problem.position, problem.code) == (40, "twin_line")
    assert "“Departed”" in problem.text
    assert found(replace(DRAFT, lines=(*LINES, replace(twin, scope="unit")))) == []


def test_a_circle_names_its_lines():
    (problem,) = problems(with_line(anchor_line=30), CODES)
    assert problem == Problem(
        20, "anchor_line", "circle",
        "These lines count from or follow each other in a circle: Arrived (20), Delivered (30).",
    )  # fmt: skip


def test_a_wrong_condition_says_where():
    wrong = {"all": [CONDITION, {**CONDITION, "op": "?"}]}
    (problem,) = problems(with_line(requirement="conditional", condition=wrong), CODES)
    assert "all.1" in problem.text


def test_without_a_vocabulary_codes_are_not_looked_at():
    assert problems(with_line(type="ANYTHING")) == []
