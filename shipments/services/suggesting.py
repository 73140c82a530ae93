"""What a code that nobody mapped may mean: by the same code elsewhere, and by what its reports say in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from shipments.models import CodeMapping, MilestoneType
from shipments.normalise import INFO
from shipments.services.mappings import ForeignCode, waiting_with

_MOST = 5
_SAMPLED = 6
# Below this two texts have a word in common and no more.
_ALIKE = 72
# A short code is a word of nobody's language.
_WORDY = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposal for a person, never applied by itself. `score`: 0 to 100; `why`: a sentence."""

    code: str
    classifier: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    score: int = 0


class Adviser:
    """Suggests for many codes in a row: what is known is loaded once."""

    def __init__(self) -> None:
        self.known = list(CodeMapping.objects.current().exclude(code=INFO).select_related("source"))
        self.types = list(MilestoneType.objects.exclude(pk=INFO))

    def suggest(self, **foreign: Unpack[ForeignCode]) -> list[Suggestion]:
        """The likeliest meanings of a code, best first, five at most. One query."""
        best: dict[tuple[str, str], Suggestion] = {}
        for suggestion in (*_same_code(self.known, foreign), *self._alike(_texts(**foreign))):
            key = (suggestion.code, suggestion.classifier)
            if key not in best or suggestion.score > best[key].score:
                best[key] = suggestion
        return sorted(best.values(), key=lambda s: (-s.score, s.code, s.classifier))[:_MOST]

    def _alike(self, texts: Iterable[str]) -> Iterator[Suggestion]:
        """By words: what the reports say beside the code, against the notes of mappings and the names of milestones."""
        notes = {number: mapping.note for number, mapping in enumerate(self.known) if mapping.note}
        names = {number: f"{kind.name} {kind.meaning}" for number, kind in enumerate(self.types)}
        for text in texts:
            for note, score, number in process.extract(text, notes, scorer=_likeness, score_cutoff=_ALIKE, limit=3):
                found = self.known[number]
                why = _("“%(text)s” reads like the note “%(note)s”.") % {"text": text[:60], "note": note}
                yield Suggestion(found.code_id, found.classifier, found.attributes, why, int(score * 0.8))
            for name, score, number in process.extract(text, names, scorer=_likeness, score_cutoff=_ALIKE, limit=3):
                why = _("“%(text)s” reads like “%(name)s”.") % {"text": text[:60], "name": name.strip()}
                yield Suggestion(self.types[number].pk, "", {}, why, int(score * 0.75))


def suggest_meanings(**foreign: Unpack[ForeignCode]) -> list[Suggestion]:
    """The likeliest meanings of a code, best first, five at most. Three queries."""
    return Adviser().suggest(**foreign)


def _same_code(known: Sequence[CodeMapping], foreign: ForeignCode) -> Iterator[Suggestion]:
    wanted = foreign["raw_code"].upper()
    for mapping in known:
        if mapping.raw_code.upper() != wanted:
            continue
        score, why = _nearness(mapping, foreign)
        yield Suggestion(mapping.code_id, mapping.classifier, mapping.attributes, why, score)


def _nearness(mapping: CodeMapping, foreign: ForeignCode) -> tuple[int, str]:
    where = {"list": mapping.code_list, "format": mapping.format or _("any"), "source": mapping.source or ""}
    if mapping.code_list == foreign["code_list"] and mapping.source_id:
        return 90, _("The source %(source)s uses the same code of list %(list)s for it.") % where
    if mapping.code_list == foreign["code_list"]:
        return 85, _("The same code of list %(list)s in the format %(format)s means it.") % where
    if mapping.format == foreign["format"] and foreign["format"]:
        return 65, _("The same code in the sibling list %(list)s means it; lists may differ.") % where
    return 50, _("The same code in list %(list)s of another format means it; lists may differ.") % where


def _likeness(one: str, other: str, *, score_cutoff: float | None = None, **_kwargs: Any) -> float:
    """Words in any order; one that is a part of the other counts less than one that is the same."""
    left, right = one.lower().replace("_", " "), other.lower().replace("_", " ")
    alike = (fuzz.token_set_ratio(left, right) + fuzz.token_sort_ratio(left, right)) / 2
    return alike if score_cutoff is None or alike >= score_cutoff else 0


def _texts(**foreign: Unpack[ForeignCode]) -> list[str]:
    raw_code = foreign["raw_code"].replace("_", " ").replace(".", " ")
    waiting = waiting_with(**foreign).values_list("event__remarks", "event__reason")[:_SAMPLED]
    said = [text for pair in waiting for text in pair if text]
    return list(dict.fromkeys([*([raw_code] if len(raw_code) >= _WORDY else []), *said]))[:_SAMPLED]
