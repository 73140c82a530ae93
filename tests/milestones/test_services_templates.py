"""Versions of a template: what may change when, what is refused and where, and the file that carries one."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import TemplateState
from milestones.models import MilestoneTemplate
from milestones.services import templates
from milestones.services.template_files import from_data, to_data
from milestones.services.template_problems import TemplateRefused
from milestones.services.template_rows import draft_of, stamp_of
from milestones.services.templates import (
    activate_template,
    create_template,
    export_template,
    import_template,
    new_version,
    read_template,
    retire_template,
    save_draft,
)
from tests.factories.partners import PartnerFactory, UserFactory
from tests.factories.shipments import LocationFactory

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


# --- Versions --------------------------------------------------------------------------------------------------------


def refused(wrong: Any, *args: Any, **more: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        wrong(*args, **more)
    return caught.value


def said(error: DomainError) -> list[tuple[int | None, str]]:
    assert isinstance(error, TemplateRefused)
    return [(problem.position, problem.field) for problem in error.problems]


@pytest.mark.parametrize("code", ["", "lower", "WITH SPACE", "-FIRST", "A" * 41, "Ü"])
def test_a_code_is_made_of_few_signs(code):
    assert said(refused(create_template, drafted(code=code), by=None)) == [(None, "code")]


def test_a_code_is_given_once():
    create_template(drafted(), by=None)
    again = refused(create_template, drafted(), by=None)
    assert (again.code, again.conflict, again.field) == ("code_taken", True, "code")


def test_only_a_draft_changes():
    made = create_template(drafted(), by=None)
    for state in (TemplateState.ACTIVE, TemplateState.RETIRED):
        MilestoneTemplate.objects.filter(pk=made.pk).update(state=state)
        error = refused(save_draft, made, drafted(DEPARTED), by=None)
        assert (error.code, error.conflict) == ("not_a_draft", True)
        assert draft_of(made) == drafted()


def test_what_was_changed_meanwhile_is_not_written_over():
    made = create_template(drafted(), by=None)
    seen = stamp_of(draft_of(made))
    save_draft(made, drafted(name="Theirs"), by=None, seen=seen)
    error = refused(save_draft, made, drafted(name="Ours"), by=None, seen=seen)
    assert (error.code, error.conflict) == ("changed_meanwhile", True)
    assert MilestoneTemplate.objects.get(pk=made.pk).name == "Theirs"
    save_draft(made, drafted(name="Ours"), by=None)
    assert MilestoneTemplate.objects.get(pk=made.pk).name == "Ours"


def test_a_draft_may_be_empty_but_nothing_empty_is_put_into_force():
    made = create_template(TemplateDraft(code="EMPTY", name="Empty", mode="air", origin_country="NL"), by=None)
    assert said(refused(activate_template, made, by=None)) == [(None, "lines")]


def test_a_version_takes_the_place_of_the_one_before():
    first = activate_template(create_template(drafted(), by=None), by=None)
    second = new_version(first, by=None)
    assert draft_of(second) == replace(draft_of(first), version=2)
    assert (second.state, first.state) == (TemplateState.DRAFT, TemplateState.ACTIVE)
    activate_template(second, by=None)
    states = MilestoneTemplate.objects.filter(code="NL-CN").order_by("version").values_list("version", "state")
    assert list(states) == [(1, TemplateState.RETIRED), (2, TemplateState.ACTIVE)]
    third = new_version(first, by=None)
    assert third.version == 3
    error = refused(new_version, second, by=None)
    assert (error.code, error.conflict) == ("draft_exists", True)
    assert "To China v3" in error.message
    retire_template(third, by=None)
    assert new_version(second, by=None).version == 4


def test_what_is_in_force_or_retired_is_not_put_into_force_again():
    made = activate_template(create_template(drafted(), by=None), by=None)
    assert refused(activate_template, made, by=None).code == "state_not_allowed"
    retire_template(made, by=None)
    for again in (activate_template, retire_template):
        assert refused(again, made, by=None).code == "state_not_allowed"
    assert MilestoneTemplate.objects.get(pk=made.pk).state == TemplateState.RETIRED


@pytest.mark.parametrize("head", [{}, {"service": "fcl", "mode": "ocean"}, {"origin_place": "NLRTM"}])
def test_two_templates_are_not_chosen_by_the_same(head):
    LocationFactory()
    activate_template(create_template(drafted(**head), by=None), by=None)
    other = create_template(drafted(code="OTHER", name="Other", **head), by=None)
    error = refused(activate_template, other, by=None)
    assert (error.code, error.conflict) == ("template_ties", True)
    assert "To China v1 (NL-CN)" in error.message
    assert MilestoneTemplate.objects.get(pk=other.pk).state == TemplateState.DRAFT
    save_draft(other, drafted(code="OTHER", destination_country="", **head), by=None)
    assert activate_template(other, by=None).state == TemplateState.ACTIVE


def test_a_tie_that_nobody_saw_is_refused_by_the_database(monkeypatch):
    activate_template(create_template(drafted(), by=None), by=None)
    other = create_template(drafted(code="OTHER"), by=None)
    monkeypatch.setattr(templates, "_refuse_tie", lambda draft: None)
    error = refused(activate_template, other, by=None)
    assert (error.code, error.conflict) == ("template_ties", True)


def test_a_code_that_two_make_at_once_is_made_once(monkeypatch):
    create_template(drafted(), by=None)
    monkeypatch.setattr(templates, "_versions", lambda code: {})
    assert refused(create_template, drafted(), by=None).code == "code_taken"


# --- What is wrong, and where ----------------------------------------------------------------------------------------


def test_a_circle_is_refused_with_its_lines_named():
    made = create_template(drafted(), by=None)
    circle = (
        replace(DEPARTED, anchor="line", anchor_line=20),
        replace(ARRIVED, after_line=None),
    )
    error = refused(save_draft, made, drafted(*circle), by=None)
    assert said(error) == [(10, "anchor_line")]
    assert "Departed (10)" in error.message
    assert "Arrived (20)" in error.message
    assert draft_of(made) == drafted()


def test_everything_that_is_wrong_is_said_at_its_line_and_field():
    made = create_template(drafted(), by=None)
    wrong = (
        replace(DEPARTED, type="NO_SUCH", weight=0, requirement="conditional"),
        replace(ARRIVED, anchor_line=70, offset_minutes=10**8, charges=("no such",)),
    )
    head = {"origin_place": "XXXXX", "origin_country": "", "customer_id": 999_999_999, "mode": "boat"}
    error = refused(save_draft, made, drafted(*wrong, **head), by=None)
    assert set(said(error)) == {
        (None, "origin_place"), (None, "customer"), (None, "mode"), (10, "type"), (10, "condition"),
        (20, "anchor_line"), (20, "offset_minutes"), (20, "charges"),
    }  # fmt: skip
    assert error.message.endswith("(and 7 more)")


# --- Files -----------------------------------------------------------------------------------------------------------


def test_a_template_goes_out_with_codes_and_stable_keys():
    customer = PartnerFactory(code="LUMEN")
    made = create_template(drafted(customer_id=customer.pk, note="As agreed"), by=None)
    data = export_template(made)
    assert list(data) == [
        "format", "format_version", "code", "name", "version", "mode", "shipment_type", "service", "origin_country",
        "destination_country", "origin_place", "destination_place", "note", "customer", "lines",
    ]  # fmt: skip
    assert (data["format"], data["format_version"], data["customer"], data["note"]) == (
        "waymark.milestone-template", 1, "LUMEN", "As agreed",
    )  # fmt: skip
    assert data["lines"][1] == {
        "position": 20, "type": "ARRIVED", "name": "Arrived", "anchor": "line", "place_role": "pod", "scope": "leg",
        "unit_rule": "all", "requirement": "mandatory", "condition": None, "after_line": 10, "anchor_line": 10,
        "offset_minutes": 2880, "day_basis": "working", "roll": "next", "time_of_day": "08:30:00",
        "early_tolerance_minutes": 1440, "late_tolerance_minutes": 720, "responsible": "operations",
        "audience": "customer", "weight": 3, "task": "Tell them", "documents": ["mawb", "pod"],
        "charges": ["THC", "LATE_FEE"],
    }  # fmt: skip


def test_what_comes_in_is_a_draft_and_never_in_force():
    by = UserFactory()
    first = activate_template(create_template(drafted(), by=None), by=None)
    data = {**export_template(first), "version": 17, "name": "From elsewhere"}
    made = import_template(data, by=by)
    assert (made.version, made.state, made.name, made.created_by) == (2, TemplateState.DRAFT, "From elsewhere", by)
    assert MilestoneTemplate.objects.active().get(code="NL-CN") == first
    assert refused(import_template, data, by=by).code == "draft_exists"
    elsewhere = import_template({**data, "code": "ELSEWHERE"}, by=by)
    assert (elsewhere.version, elsewhere.state) == (1, TemplateState.DRAFT)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40).filter(str.strip)
conditions = st.sampled_from(
    [
        {"field": "shipment.mode", "op": "is", "value": "air"},
        {"all": [{"not": {"field": "shipment.mode", "op": "in", "value": ["road", "rail"]}}]},
    ]
)


@st.composite
def lines(draw: st.DrawFn) -> tuple[LineDraft, ...]:
    """Any lines that make sense: each counts from a date or an earlier line."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["BOOKED", "LOADED", "DEPARTED", "ARRIVED"]), st.sampled_from(["any", "pod"])),
            min_size=1, max_size=6, unique=True,
        )
    )  # fmt: skip
    positions = sorted(draw(st.sets(st.integers(1, 999), min_size=len(keys), max_size=len(keys))))
    made: list[LineDraft] = []
    for index, ((code, role), position) in enumerate(zip(keys, positions, strict=True)):
        earlier = draw(st.sampled_from([None, *positions[:index]]))
        is_conditional = index > 0 and draw(st.booleans())
        made.append(
            LineDraft(
                position=position,
                type=code,
                place_role=role,
                name=draw(texts),
                anchor="etd" if earlier is None else "line",
                anchor_line=earlier,
                after_line=draw(st.sampled_from([None, *positions[:index]])),
                scope=draw(st.sampled_from(["shipment", "unit", "leg"])),
                unit_rule=draw(st.sampled_from(["all", "any"])),
                requirement="conditional" if is_conditional else "mandatory",
                condition=draw(conditions) if is_conditional else None,
                offset_minutes=draw(st.integers(-100_000, 100_000)),
                day_basis=draw(st.sampled_from(["calendar", "working"])),
                roll=draw(st.sampled_from(["", "next", "previous"])),
                time_of_day=draw(st.none() | st.times().map(lambda at: at.replace(microsecond=0))),
                early_tolerance_minutes=draw(st.integers(0, 100_000)),
                late_tolerance_minutes=draw(st.integers(0, 100_000)),
                responsible=draw(st.sampled_from(["sales", "operations", "customs", "finance"])),
                audience=draw(st.sampled_from(["internal", "partner", "customer", "public"])),
                weight=draw(st.integers(1, 100)),
                task=draw(st.just("") | texts),
                documents=tuple(draw(st.lists(st.sampled_from(["mbl", "hbl", "pod"]), unique=True))),
                charges=tuple(
                    draw(st.lists(st.from_regex(r"[A-Z0-9_]{1,24}", fullmatch=True), unique=True, max_size=4))
                ),
            )
        )
    return tuple(made)


@given(lines(), texts, texts)
def test_a_file_says_all_that_a_draft_says(drafted_lines, name, note):
    draft = TemplateDraft(code="ANY", name=name, note=note, version=3, lines=drafted_lines)
    data = orjson.loads(orjson.dumps(to_data(draft, "LUMEN")))
    assert from_data(data) == (draft, "LUMEN")


@settings(max_examples=30, phases=[Phase.explicit, Phase.generate])
@given(lines(), lines())
def test_what_is_saved_is_what_was_drafted(before, after):
    head = {"code": "ANY", "name": "Any", "mode": "air", "origin_country": "NL"}
    made = create_template(TemplateDraft(**head, lines=before), by=None)
    try:
        assert draft_of(made).lines == before
        save_draft(made, TemplateDraft(**head, lines=after), by=None)
        assert draft_of(made).lines == after
        assert from_data(export_template(made))[0] == draft_of(made)
    finally:
        made.lines.update(anchor="etd", anchor_line=None, after_line=None)
        made.delete()


LINE = {"position": 10, "type": "DEPARTED", "name": "Departed", "anchor": "etd"}
FILE = {"format": "waymark.milestone-template", "format_version": 1, "code": "X", "name": "X", "lines": [LINE]}


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"format": "csv"}, ["format"]),
        ({"format_version": 2}, ["format"]),
        ({"code": ""}, ["code"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "\x00"}, ["name"]),
        ({"name": "\ud800"}, ["name"]),
        ({"name": 5}, ["name"]),
        ({"mode": "boat"}, ["mode"]),
        ({"mode": None}, ["mode"]),
        ({"colour": "red"}, ["colour"]),
        ({"version": True}, ["version"]),
        ({"customer": "NOBODY"}, ["customer"]),
        ({"lines": {}}, ["lines"]),
        ({"lines": [LINE] * 101}, ["lines"]),
        ({"lines": ["x"]}, ["lines[0]"]),
        ({"lines": [{}]}, ["lines[0].anchor", "lines[0].name", "lines[0].position", "lines[0].type"]),
        ({"lines": [{**LINE, "id": 5}]}, ["lines[0].id"]),
        ({"lines": [{**LINE, "anchor": "moon"}]}, ["lines[0].anchor"]),
        ({"lines": [{**LINE, "offset_minutes": 1.5}]}, ["lines[0].offset_minutes"]),
        ({"lines": [{**LINE, "offset_minutes": 10**9}]}, ["lines[0].offset_minutes"]),
        ({"lines": [{**LINE, "time_of_day": "25:00"}]}, ["lines[0].time_of_day"]),
        ({"lines": [{**LINE, "time_of_day": "08:00+02:00"}]}, ["lines[0].time_of_day"]),
        ({"lines": [{**LINE, "time_of_day": 8}]}, ["lines[0].time_of_day"]),
        ({"lines": [{**LINE, "condition": []}]}, ["lines[0].condition"]),
        ({"lines": [{**LINE, "condition": {"a": "\x00"}}]}, ["lines[0].condition"]),
        ({"lines": [{**LINE, "condition": {"a": 2**70}}]}, ["lines[0].condition"]),
        ({"lines": [{**LINE, "condition": {"a": "x" * 9000}}]}, ["lines[0].condition"]),
        ({"lines": [{**LINE, "documents": "pod"}]}, ["lines[0].documents"]),
        ({"lines": [{**LINE, "documents": ["pod", "pod"]}]}, ["lines[0].documents"]),
        ({"lines": [{**LINE, "documents": ["menu"]}]}, ["lines[0].documents"]),
        ({"lines": [{**LINE, "charges": [""]}]}, ["lines[0].charges"]),
    ],
)
def test_what_a_file_should_not_say_is_refused_with_its_path(changes, paths):
    error = refused(read_template, {**FILE, **changes})
    assert isinstance(error, TemplateRefused)
    assert sorted(problem.path for problem in error.problems) == paths
    assert str(error.problems[0]).startswith(paths[0] if len(paths) == 1 else "lines[0].")


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_what_is_no_object_is_no_template(data):
    assert refused(read_template, data).message == "A template is a JSON object."


def test_problems_of_the_rules_have_their_path_as_well():
    error = refused(read_template, {**FILE, "lines": [{**LINE, "type": "NO_SUCH"}]})
    assert [str(problem) for problem in error.problems] == ["lines[0].type: “NO_SUCH” is not known here."]
    drafted_so = TemplateDraft(code="X", name="X", lines=(replace(DEPARTED, type="NO_SUCH"),))
    error = refused(create_template, drafted_so, by=None)
    assert [str(problem) for problem in error.problems] == ["line 10, type: “NO_SUCH” is not known here."]
