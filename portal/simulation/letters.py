"""What the messages of the simulated world say, and what of it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# The code of a letter that tells the last free day: no milestone, but when free time ends.
LAST_FREE_DAY = "LAST_FREE_DAY"
# Of a letter in a code that nobody knows: somebody spoke, but we do not know of what.
NO_MILESTONE = "INFO"
# An actual further ahead than this of when it was heard is not believed (domain.md, no date from the future).
_AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Letter:
    """What one message says of journey `number`. `at` None: it only takes back `retracts`.

    `unit`: the container of several it is about, empty: about all. `told_at`: when the sender says that it told it;
    None where its format does not say.
    """

    number: int
    source: str
    code: str
    at: datetime | None
    place: str = ""
    is_estimate: bool = False
    own_id: str = ""
    retracts: str = ""
    told_at: datetime | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A letter that stands: what happened, or is foretold, at `at`."""

    letter: Letter
    at: datetime

    @property
    def code(self) -> str:
        return self.letter.code

    @property
    def source(self) -> str:
        return self.letter.source


def standing(letters: Sequence[Letter], heard_at: datetime) -> list[Told]:
    """In the order in which they came: without what its sender took back or said again under the same id, without the
    taking back, and without what nobody believes."""
    gone = {(letter.source, letter.retracts) for letter in letters if letter.retracts}
    newest = {(letter.source, letter.own_id): letter for letter in letters if letter.own_id}
    return [
        Told(letter, letter.at)
        for letter in letters
        if letter.at is not None
        and (letter.is_estimate or letter.at <= heard_at + _AHEAD)
        and (letter.source, letter.own_id) not in gone
        and (not letter.own_id or newest[letter.source, letter.own_id] is letter)
    ]


def last_words(told: Sequence[Told]) -> dict[str, Told]:
    """What each source said last."""
    return {one.source: one for one in told}


def believed(told: Sequence[Told], trust: Mapping[str, int]) -> Told:
    """What stands of several reports of one happening: the last word of the most trusted source."""
    return max(last_words(told).values(), key=lambda one: trust.get(one.source, 0))
