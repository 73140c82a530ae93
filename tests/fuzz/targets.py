"""What is fuzzed: every registered parser, every tokeniser. A target takes bytes and may raise nothing at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from shipments.formats.base import Parse, Parsed
from shipments.formats.edifact import read as read_edifact
from shipments.formats.registry import FORMATS
from shipments.formats.x12 import read as read_x12
from shipments.normalise import Origin, PlaceBook, normalise, wanted_places

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
Target = Callable[[bytes], None]
_ORIGIN = Origin(1, "S", 50, "", datetime(2026, 6, 1, tzinfo=UTC), {}, PlaceBook())
_OPTIONS = {"received_at": "2026-06-01T12:00:00+00:00"}
# A tokeniser is a line here: its name on the command line, and a function of bytes.
TOKENISERS: dict[str, Callable[[bytes], object]] = {"tokenise_x12": read_x12, "tokenise_edifact": read_edifact}


class WrongAnswer(AssertionError):
    """The parser raised nothing, but what it gave back cannot be stored."""


def target_of(parse: Parse) -> Target:
    """Parse, then do with the answer what the product does: normalise each event, store each issue as JSON."""

    def check(raw: bytes) -> None:
        parsed = parse(raw, _OPTIONS)
        if not isinstance(parsed, Parsed):
            raise WrongAnswer(f"not Parsed but {type(parsed).__name__}")
        if not (parsed.events or parsed.issues or parsed.is_quiet):
            raise WrongAnswer("neither an event nor an issue")
        wanted_places(parsed.events)
        positions = [normalise(event, _ORIGIN).position for event in parsed.events]
        if len(set(positions)) != len(positions):
            raise WrongAnswer("two events have one position")
        for issue in parsed.issues:
            json.dumps([issue.code, issue.message, issue.segment, issue.element, issue.snippet]).encode()

    return check


def _tokeniser(tokenise: Callable[[bytes], object]) -> Target:
    def check(raw: bytes) -> None:
        tokenise(raw)

    return check


TARGETS: dict[str, Target] = {
    **{name: target_of(parse) for name, parse in FORMATS.items()},
    **{name: _tokeniser(tokenise) for name, tokenise in TOKENISERS.items()},
}


def seeds() -> Iterator[Path]:
    """Our own samples, of all formats: what is another format's message is a good wrong one."""
    for path in sorted(SAMPLES.iterdir()):
        if path.is_file() and path.name != "README.md" and not path.name.endswith(".expected.json"):
            yield path
