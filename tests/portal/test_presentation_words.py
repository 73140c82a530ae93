from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db.models import TextChoices

from billing.enums import ChargeState, DocumentKind, InvoiceState
from milestones.enums import (
    CaseState,
    Deviation,
    ExceptionKind,
    Health,
    JourneyStatus,
    MilestoneState,
    Severity,
    TaskState,
)
from partners.enums import DeliveryState, Topic
from portal.presentation import shapes, words
from portal.presentation.words import Word
from shipments.enums import MessageState, WaitReason

TONES = {"ok", "info", "warn", "bad", "plan", "mute"}
VOCABULARIES: list[tuple[Callable[[str], Word | None], type[TextChoices]]] = [
    (words.status, JourneyStatus),
    (words.health, Health),
    (words.severity, Severity),
    (words.exception_kind, ExceptionKind),
    (words.deviation, Deviation),
    (words.case_state, CaseState),
    (words.task_state, TaskState),
    (words.message_state, MessageState),
    (words.wait_reason, WaitReason),
    (words.charge_state, ChargeState),
    (words.invoice_state, InvoiceState),
    (words.document_kind, DocumentKind),
    (words.delivery_state, DeliveryState),
    (words.topic, Topic),
]


@pytest.mark.parametrize(("word", "choices"), VOCABULARIES, ids=lambda one: one.__name__)
def test_every_state_has_its_label_a_drawn_shape_and_a_tone(
    word: Callable[[str], Word], choices: type[TextChoices]
) -> None:
    said = [word(value) for value in choices.values]
    assert [str(one) for one in said] == [str(label) for label in choices.labels]
    assert {one.shape for one in said} - set(shapes.BODIES) == set()
    assert {one.tone for one in said} - TONES == set()


@pytest.mark.parametrize(
    "word", [words.status, words.health, words.severity, words.exception_kind, words.case_state, words.topic]
)
def test_no_two_states_of_a_column_differ_by_colour_alone(word: Callable[[str], Word]) -> None:
    choices = dict(VOCABULARIES)[word]
    looks = [word(value).shape for value in choices.values]
    assert len(set(looks)) == len(looks)


def test_nothing_is_said_while_nothing_can_be_said() -> None:
    assert words.deviation("") is None


def test_each_letter_of_a_strip_has_a_word_of_its_own() -> None:
    said = [str(words.milestone(letter)) for letter in words.LETTERS]
    assert said == [
        "Reached", "Reached late", "Happened, not planned", "Expected", "Expected late", "Overdue", "Missing",
        "Planned", "Waiting for confirmation", "Not needed",
    ]  # fmt: skip
    assert {state.label for state in MilestoneState} - set(said) == set()


def test_a_shape_alone_is_named_for_screen_readers_and_hidden_beside_its_word() -> None:
    assert 'role="img" aria-label="Late &lt;1&gt;"' in shapes.shape("alert", "bad", "Late <1>")
    assert 'aria-hidden="true"' in words.health(Health.LATE).svg
