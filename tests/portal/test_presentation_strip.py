from __future__ import annotations

from dataclasses import dataclass

import pytest

from milestones.enums import Deviation, MilestoneState
from portal.presentation import strip, words


@dataclass
class Judged:
    state: str
    deviation: str = ""


@pytest.mark.parametrize(
    ("state", "deviation", "letter"),
    [
        (MilestoneState.REACHED, Deviation.ON_TIME, "D"),
        (MilestoneState.REACHED, Deviation.EARLY, "D"),
        (MilestoneState.REACHED, Deviation.UNEXPECTED, "U"),
        (MilestoneState.REACHED, Deviation.LATE, "L"),
        (MilestoneState.ESTIMATED, "", "E"),
        (MilestoneState.ESTIMATED, Deviation.LATE, "S"),
        (MilestoneState.OVERDUE, Deviation.OVERDUE, "O"),
        (MilestoneState.MISSING, Deviation.MISSING, "M"),
        (MilestoneState.PLANNED, "", "P"),
        (MilestoneState.SKIPPED, "", "N"),
    ],
)
def test_a_milestone_is_one_letter(state: str, deviation: str, letter: str) -> None:
    assert strip.letter(Judged(state, deviation)) == letter


def test_people_outside_read_of_waiting_where_the_house_reads_overdue_or_missing() -> None:
    assert strip.outside("DLOMEP") == "DLWWEP"


@pytest.mark.parametrize(
    ("letters", "next_name", "read"),
    [
        ("", "", "No milestones are planned yet"),
        ("D", "", "1 of 1 milestone reached"),
        ("DDLSOMP", "Vessel arrived", "3 of 7 milestones reached; 2 late; 1 overdue; 1 missing; next: Vessel arrived"),
        ("DND", "", "2 of 3 milestones reached; 1 not needed"),
        ("DWE", "", "1 of 3 milestones reached; 1 waiting for confirmation"),
    ],
)
def test_the_strip_says_in_words_what_it_draws(letters: str, next_name: str, read: str) -> None:
    assert strip.sentence(letters, next_name) == read
    assert f'role="img" aria-label="{read}"' in strip.svg(letters, next_name)


def test_every_letter_is_drawn_in_its_tone() -> None:
    letters = "".join(words.LETTERS)
    drawn = strip.svg(letters)
    assert [f'<g class="tone-{tone}"' in drawn for _shape, tone in words.LETTERS.values()] == [True] * len(letters)
    assert drawn.count("<g ") == len(letters)


def test_a_name_of_a_milestone_cannot_break_out_of_the_drawing() -> None:
    assert "&quot;&gt;&lt;script&gt;" in strip.svg("D", '"><script>')
