"""The table of what becomes of every sample."""

from __future__ import annotations

from shipments.formats.base import Parsed, ParsedEvent, ParseIssue
from tests.expected_values import count, values
from tests.sample_table import (
    BEGINS,
    DOCUMENT,
    ENDS,
    collected_files,
    outcomes,
    reason_of,
    sent_as,
    state_of,
    tables,
    written,
)
from tests.shipments.test_formats_samples import needs_collected

EVENT = ParsedEvent(0, "X1", "1650", "2026-01-01T00:00:00")


def test_a_value_that_only_one_side_has_is_not_met() -> None:
    assert count({"a": 1, "b": []}, {"a": 1, "b": []}) == (2, 2)
    assert count({"a": [1, 2]}, {"a": [1, 3, 4]}) == (3, 1)
    assert count({"a": 1, "more": 2}, {"a": 1}) == (2, 1)
    assert count([], {"a": None}) == (2, 0)


def test_each_single_value_has_its_path() -> None:
    assert list(values({"a": [{"b": 1}, []], "c": {}})) == [("/a/0/b", 1), ("/a/1", []), ("/c", {})]


def test_a_file_is_read_read_in_part_or_refused_as_the_services_say() -> None:
    fault, warning = ParseIssue("bad_time", "No."), ParseIssue("wrong_count", "No.", is_warning=True)
    assert [
        state_of(Parsed((EVENT,), (warning,))), state_of(Parsed((EVENT,), (fault,))), state_of(Parsed((), (fault,))),
        state_of(Parsed()), state_of(Parsed(is_quiet=True)), state_of(Parsed((), (fault,), is_quiet=True)),
    ] == ["read", "in part", "refused", "refused", "read", "refused"]  # fmt: skip


def test_a_reason_is_told_once_with_how_often_and_without_the_number_of_its_set() -> None:
    sets = [ParseIssue("other_set", f"Transaction set 204 {number} is not a 214.") for number in ("01", "02")]
    others = [ParseIssue("a", "One."), ParseIssue("b", "Two."), ParseIssue("c", "Three.", is_warning=True)]
    assert reason_of(Parsed((), (*sets, *others))) == (
        "other_set: Transaction set 204 is not a 214. (2 times) a: One. And 1 more."
    )


def test_the_text_between_the_marks_is_replaced_and_nothing_else() -> None:
    assert written(f"before\n{BEGINS}old\n{ENDS}after\n", "new\n") == f"before\n{BEGINS}\nnew\n\n{ENDS}after\n"


@needs_collected
def test_for_each_collected_message_it_is_known_where_it_is_sent() -> None:
    assert [path for path in collected_files() if not sent_as(path)] == []


@needs_collected
def test_every_expected_value_is_met() -> None:
    compared = [row for row in outcomes() if row.compared is not None]
    assert {row.name: (row.compared, row.met) for row in compared if row.compared != row.met} == {}
    assert {row.folder for row in compared} == {
        "tests/samples", "cargo_imp_synthetic", "edifact_coarri_codeco", "x12_214",
    }  # fmt: skip


@needs_collected
def test_the_documentation_has_the_table_as_it_is() -> None:
    """Else: python -m tests.sample_table --write."""
    document = DOCUMENT.read_text("utf-8")
    assert document == written(document, tables(is_markdown=True))
