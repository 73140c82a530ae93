"""The form of a template: spans, positions, lines that move, and that it says what was typed."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from milestones.drafts import LineDraft, TemplateDraft
from portal.entry.spans import read_span, write_span
from portal.entry.template_form import TemplateForm, positions

DRAFT = TemplateDraft(
    code="X",
    name="Ocean",
    lines=(
        LineDraft(position=10, type="DEPARTED", name="Departed", anchor="etd"),
        LineDraft(
            position=20, type="ARRIVED", name="Arrived", anchor="line", anchor_line=10, after_line=10,
            offset_minutes=-3030, documents=("pod",), charges=("THC", "DOC"), requirement="conditional",
            condition={"field": "shipment.mode", "op": "is", "value": "air"},
        ),
        LineDraft(position=30, type="DELIVERED", name="Delivered", anchor="eta"),
    ),
)  # fmt: skip


def sent(form: TemplateForm, **changes: object) -> QueryDict:
    """What a browser would send of the form; `changes` by the name of the field, None leaves it out."""
    post = QueryDict(mutable=True)
    post.update(form.head)
    for line in form.lines:
        post.appendlist("line", line.key)
        post[f"{line.key}-position"] = "" if line.position is None else str(line.position)
        for name, value in line.values.items():
            post[f"{line.key}-{name}"] = value
        post.setlist(f"{line.key}-documents", line.documents)
    for name, value in changes.items():
        post[name.replace("__", "-").lstrip("_")] = value
    return post


def typed(**changes: object) -> TemplateForm:
    return TemplateForm.posted(sent(TemplateForm.of(DRAFT, ""), **changes))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("", 0), ("0", 0), ("2d", 2880), ("2D 4H", 3120), ("90m", 90), ("1d 30min", 1470), (" 5h30m ", 330)],
)
def test_spans_are_read(text, minutes):
    assert read_span(text) == minutes


@pytest.mark.parametrize("text", ["soon", "5", "-2d", "2d 4h 30m 5", "4h 2d", "99999d", "٣d"])
def test_what_is_no_span_is_said(text):
    with pytest.raises(ValueError, match="Write days, hours and minutes"):
        read_span(text)


@given(st.integers(-5_000_000, 5_000_000))
def test_a_span_is_read_as_it_is_written(minutes):
    assert read_span(write_span(minutes)) == abs(minutes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([], []),
        ([10, 20, 30], [10, 20, 30]),
        ([None, None], [10, 20]),
        ([10, None, 20], [10, 15, 20]),
        ([10, 20, None], [10, 20, 30]),
        ([20, 10, 30], [5, 10, 30]),
        ([30, 10, 20], [5, 10, 20]),
        ([10, 11, None, 12], [10, 20, 30, 40]),
        ([None, 1], [10, 20]),
        ([999, None], [10, 20]),
        ([10, 10], [5, 10]),
    ],
)
def test_lines_keep_their_positions_as_far_as_the_order_allows(old, new):
    assert positions(old) == new


@given(st.lists(st.none() | st.integers(1, 999), max_size=100))
def test_positions_grow_and_stay_within_what_there_is(old):
    new = positions(old)
    assert len(new) == len(old)
    assert new == sorted(set(new))
    assert all(0 < position <= 999 for position in new)


def test_the_form_says_what_the_draft_says():
    form = typed()
    draft, customer = form.draft()
    assert (draft.lines, draft.name, customer, form.error_count) == (DRAFT.lines, "Ocean", "", 0)
    assert [line.label for line in form.lines] == ["Departed", "Arrived", "Delivered"]


def test_lines_move_and_what_counts_from_them_follows():
    form = typed()
    assert form.step("up:20") == "20"
    assert [line.key for line in form.lines] == ["20", "10", "30"]
    draft, _ = form.draft()
    assert [(line.type, line.position, line.anchor_line) for line in draft.lines] == [
        ("ARRIVED", 5, 10), ("DEPARTED", 10, None), ("DELIVERED", 30, None),
    ]  # fmt: skip
    assert form.step("up:20") == "20"
    assert form.step("down:30") == "30"
    assert [line.key for line in form.lines] == ["20", "10", "30"]


def test_lines_come_and_go():
    form = typed()
    assert form.step("add") == "n1"
    assert form.lines[-1].label == "new line"
    assert form.step("add") == "n2"
    assert form.step("remove:n1") == "n2"
    assert form.step("remove:n2") == "30"
    assert form.step("remove:10") == "20"
    assert form.draft() is None
    assert form.lines[0].errors == {
        "anchor": "This line is not there any more.", "after": "This line is not there any more.",
    }  # fmt: skip
    for step in ("remove:20", "remove:30"):
        form.step(step)
    assert (form.lines, form.step("remove:30"), form.step("fly:1"), form.step("")) == ([], "", "", "")


@pytest.mark.parametrize(
    ("changes", "line", "field"),
    [
        ({"_10__offset": "soon"}, 0, "offset"),
        ({"_10__early": "-"}, 0, "early"),
        ({"_10__weight": "x"}, 0, "weight"),
        ({"_10__name": ""}, 0, "name"),
        ({"_10__type": ""}, 0, "type"),
        ({"_10__place_role": "moon"}, 0, "place_role"),
        ({"_20__condition": "{"}, 1, "condition"),
        ({"_20__condition": "[]"}, 1, "condition"),
        ({"_20__anchor": "line:77"}, 1, "anchor"),
        ({"_20__anchor": "moon"}, 1, "anchor"),
        ({"_20__after": "77"}, 1, "after"),
        ({"_20__time_of_day": "25:61"}, 1, "time_of_day"),
        ({"_20__charges": "A, A"}, 1, "charges"),
        ({"_20__documents": "menu"}, 1, "documents"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(changes, line, field):
    form = typed(**changes)
    assert form.draft() is None
    assert [list(each.errors) for each in form.lines] == [[field] if index == line else [] for index in range(3)]
    assert form.lines[line].has_hidden_errors is (field not in {"offset", "early", "name", "type", "anchor"})


def test_what_is_wrong_with_the_head_is_said_there():
    form = typed(name="", mode="boat", origin_country="nlx")
    assert form.draft() is None
    assert sorted(form.errors) == ["mode", "name", "origin_country"]


def test_codes_are_written_in_capitals():
    form = typed(origin_country="nl", origin_place=" nlrtm ", customer="lumen", _10__type="departed")
    draft, customer = form.draft()
    assert (draft.origin_country, draft.origin_place, customer, draft.lines[0].type) == (
        "NL", "NLRTM", "LUMEN", "DEPARTED",
    )  # fmt: skip


def test_hostile_posts_are_cut_to_size():
    post = sent(TemplateForm.of(DRAFT, ""))
    post["name"] = "\x00" + "x" * 10_000
    post.setlist("line", ["10", "10", "<script>", "x" * 50, *[f"k{n}" for n in range(300)]])
    form = TemplateForm.posted(post)
    assert (len(form.lines), len(form.head["name"])) == (101, 4000)
    assert form.draft() is None
    assert form.errors[""] == "At most 100 lines."
    assert form.step("add") == ""
