"""Whatever bytes come in, a parser answers: with events, with issues, never with an exception."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipments.formats.registry import FORMATS
from shipments.normalise import Origin, PlaceBook, normalise
from tests.expected_values import OWN, OWN_SAMPLES, RECEIVED

ORIGIN = Origin(1, "S", 50, "", datetime(2026, 6, 1, tzinfo=UTC), {}, PlaceBook())
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def sample(format_):
    return (OWN / next(name for name, of in OWN_SAMPLES.items() if of == format_)).read_bytes()


def check(format_, raw):
    """Every event can be normalised; every text of an issue can be stored; no answer is empty-handed."""
    parsed = FORMATS[format_](raw, RECEIVED)
    assert parsed.events or parsed.issues or parsed.is_quiet
    for event in parsed.events:
        assert normalise(event, ORIGIN).fingerprint
    for issue in parsed.issues:
        assert "\x00" not in issue.message + issue.snippet
        (issue.message + issue.snippet + issue.element).encode()


@pytest.mark.parametrize("format_", FORMATS)
@given(raw=st.binary(max_size=200))
def test_any_bytes(format_, raw):
    check(format_, raw)


@pytest.mark.parametrize("format_", FORMATS)
@given(data=st.data())
def test_a_real_message_with_any_bytes_in_its_middle(format_, data):
    whole = sample(format_)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    check(format_, whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:])


@pytest.mark.parametrize("format_", FORMATS)
@given(cut=st.floats(0, 1))
def test_a_real_message_cut_off_anywhere(format_, cut):
    whole = sample(format_)
    check(format_, whole[: int(len(whole) * cut)])


@pytest.mark.parametrize("format_", ["dcsa_2", "epcis", "native"])
@given(data=st.data())
def test_a_real_event_with_any_value_in_any_field(format_, data):
    loaded = json.loads(sample(format_))
    listed = loaded if isinstance(loaded, list) else loaded.get("events") or loaded["epcisBody"]["eventList"]
    event = data.draw(st.sampled_from(listed))
    name = data.draw(st.sampled_from(sorted(event)))
    check(format_, json.dumps({**event, name: data.draw(JSON)}).encode())


def test_every_format_has_a_sample_of_ours():
    assert set(OWN_SAMPLES.values()) == set(FORMATS)
    assert sorted(path.name for path in Path(OWN).glob("*.expected.json")) == sorted(
        Path(name).with_suffix(".expected.json").name for name in OWN_SAMPLES
    )
