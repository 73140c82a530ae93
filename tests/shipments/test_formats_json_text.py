import json

import pytest

from shipments.formats.json_text import MAX_DEPTH, MAX_EVENTS, Unreadable, load_events, text


def codes(raw):
    return [issue.code for issue in load_events(raw, "events").issues]


@pytest.mark.parametrize("raw", [b'[{"a": 1}]', b'{"events": [{"a": 1}]}', b'{"a": 1}', '[{"a": 1}]'.encode("utf-16")])
def test_a_list_an_envelope_and_a_single_event_are_read_alike(raw):
    assert load_events(raw, "events") == [{"a": 1}]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"[", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": "\x01"}', "not_json"),
        (b'{"a": 1' + b"1" * 5000 + b"}", "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        (b"hello", "wrong_format"),
        (b"<a/>", "wrong_format"),
        (b"[" * 100_000, "too_deep"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "too_deep"),
        (b"7", "not_events"),
        (b'{"events": 7}', "not_events"),
        (b"[]", "no_events"),
        (b"[" + b"0," * MAX_EVENTS + b"0]", "too_many"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(raw, code):
    assert codes(raw) == [code]


def test_the_deepest_json_allowed_is_read():
    raw = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert load_events(raw, "events") == json.loads(raw)


def test_the_place_of_the_fault_is_named():
    (issue,) = load_events(b'[{"a": 1},\n {"a" 2}]', "events").issues
    assert issue.message == "The JSON cannot be read: Expecting ':' delimiter at line 2, column 7."


@pytest.mark.parametrize(
    ("value", "code"), [(7, "bad_value"), ("x" * 11, "too_long"), ("a\x00b", "bad_text"), ("a\ud800b", "bad_text")]
)
def test_a_text_that_no_database_holds_is_refused(value, code):
    with pytest.raises(Unreadable) as caught:
        text(value, "name", 10)
    assert (caught.value.code, caught.value.element) == (code, "name")


def test_a_text_is_trimmed_and_nothing_is_empty():
    assert (text(" Zürich ", "name"), text(None, "name")) == ("Zürich", "")
