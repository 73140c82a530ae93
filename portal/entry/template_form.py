"""The form of a template: what was posted, as people typed it, and the draft that it says.

A line is known by its key as long as the page is open, whatever its place in the order; others refer to it by that key.
Positions are given when the form is read: lines keep theirs as far as the order allows, because the position is what a
milestone of a live shipment goes by.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import orjson
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.translation import gettext as _

from milestones.drafts import LineDraft, TemplateDraft
from milestones.enums import AnchorKind, Audience, LineScope, PlaceRole, Requirement, WorkRole
from milestones.services.template_files import read_head, read_line
from milestones.services.template_problems import Problem
from milestones.validating import MAX_LINES
from portal.entry.spans import read_span, write_span

HEAD = (
    "name", "mode", "shipment_type", "service", "customer", "origin_country", "destination_country", "origin_place",
    "destination_place", "note",
)  # fmt: skip
_UPPER = ("origin_country", "destination_country", "origin_place", "destination_place", "customer")
_TEXTS = (
    "type", "name", "place_role", "scope", "unit_rule", "requirement", "condition", "after", "anchor", "offset",
    "direction", "day_basis", "roll", "time_of_day", "early", "late", "responsible", "audience", "weight", "task",
    "charges",
)  # fmt: skip
_AS_TYPED = (
    "name", "place_role", "scope", "unit_rule", "requirement", "day_basis", "roll", "responsible", "audience", "task",
)  # fmt: skip
_SHOWN_AT_ONCE = frozenset({"type", "name", "offset", "anchor", "early", "late"})
_GIST: tuple[tuple[str, type[TextChoices]], ...] = (
    ("place_role", PlaceRole), ("scope", LineScope), ("requirement", Requirement), ("audience", Audience),
    ("responsible", WorkRole),
)  # fmt: skip
_KEY = re.compile(r"[a-z0-9]{1,8}", re.ASCII)
_LONGEST = 4_000
# Lines are ten apart as long as there is room; the last position there is.
_STEP, _LAST = 10, 999
# Field of the draft → field of the form, where they are not called the same.
_NAMES = {
    "offset_minutes": "offset", "early_tolerance_minutes": "early", "late_tolerance_minutes": "late",
    "anchor_line": "anchor", "after_line": "after",
}  # fmt: skip
_LINE = "line:"


@dataclass(slots=True)
class LineForm:
    """One line as it is typed. `position`: the one it has on record, None for a new line."""

    key: str
    values: dict[str, str]
    documents: list[str] = field(default_factory=list)
    position: int | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What to call it."""
        return self.values["name"].strip() or self.values["type"].strip() or _("new line")

    @property
    def as_anchor(self) -> str:
        """What another line says when it counts from this one."""
        return f"{_LINE}{self.key}"

    @property
    def names(self) -> dict[str, str]:
        """Field → its name in the form."""
        return {name: f"{self.key}-{name}" for name in (*_TEXTS, "documents")}

    @property
    def ids(self) -> dict[str, str]:
        """Field → its id on the page."""
        return {name: f"te-{self.key}-{name}" for name in (*_TEXTS, "documents")}

    @property
    def has_hidden_errors(self) -> bool:
        """Whether something is wrong with a field that has to be opened first."""
        return bool(self.errors.keys() - _SHOWN_AT_ONCE)

    @property
    def gist(self) -> str:
        """What the fields say that have to be opened first, where it is not the usual."""
        said = [str(known(self.values[name]).label) for name, known in _GIST if self.values[name] in known.values]
        return " · ".join([*said, *filter(None, (self.values["time_of_day"], self.values["task"]))])


@dataclass(slots=True)
class TemplateForm:
    """The whole form. `errors`: of the head by field, "" for all of it."""

    head: dict[str, str]
    lines: list[LineForm] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def error_count(self) -> int:
        return len(self.errors) + sum(len(line.errors) for line in self.lines)

    def line(self, key: str) -> int:
        """Where the line with this key stands; -1 for none."""
        return next((index for index, line in enumerate(self.lines) if line.key == key), -1)

    # --- From and to the draft ------------------------------------------------------------------------------------

    @classmethod
    def of(cls, draft: TemplateDraft, customer: str) -> TemplateForm:
        """As it stands on record. `customer`: code of its customer."""
        head = {name: str(getattr(draft, name, "")) for name in HEAD} | {"customer": customer}
        return cls(head, [_shown(line) for line in sorted(draft.lines, key=lambda line: line.position)])

    @classmethod
    def posted(cls, post: QueryDict) -> TemplateForm:
        """As it was sent; more lines than there may be are cut off, and a key that comes twice counts once."""
        head = {name: _clean(post.get(name, "")) for name in HEAD}
        head |= {name: head[name].strip().upper() for name in _UPPER}
        keys = dict.fromkeys(key for key in post.getlist("line") if _KEY.fullmatch(key))
        return cls(head, [_sent(key, post) for key in list(keys)[: MAX_LINES + 1]])

    def draft(self) -> tuple[TemplateDraft, str] | None:
        """The draft that it says and the code of its customer; None when something is wrong, which is then noted."""
        problems: list[Problem] = []
        head = read_head({**self.head, "code": "DRAFT"}, problems)
        customer = head.pop("customer", "")
        at = dict(zip((line.key for line in self.lines), positions([ln.position for ln in self.lines]), strict=True))
        drafts = [self._draft(index, line, at, problems) for index, line in enumerate(self.lines)]
        if len(self.lines) > MAX_LINES:
            problems.append(Problem(_("At most %d lines.") % MAX_LINES, field="lines"))
        self.blame(problems, at)
        if self.error_count:
            return None
        lines = tuple(line for line in drafts if line is not None)
        return TemplateDraft(**head, lines=lines), customer

    def _draft(self, index: int, line: LineForm, at: Mapping[str, int], problems: list[Problem]) -> LineDraft | None:
        given: dict[str, Any] = {"position": at[line.key], "documents": line.documents}
        readers: dict[str, Callable[[], Any]] = _readers(line.values, at)
        for name, read in readers.items():
            try:
                given[name] = read()
            except ValueError as error:
                line.errors[_NAMES.get(name, name)] = str(error)
        if line.errors:
            return None
        return read_line(given, problems, index=index)

    def blame(self, problems: Sequence[Problem], at: Mapping[str, int] | None = None) -> None:
        """Put each problem to its field."""
        places = {position: key for key, position in (at or self.numbered()).items()}
        for problem in problems:
            name = _NAMES.get(problem.field, problem.field)
            if problem.index is not None:
                self.lines[problem.index].errors.setdefault(name, problem.message)
            elif problem.position in places:
                self.lines[self.line(places[problem.position])].errors.setdefault(name, problem.message)
            else:
                self.errors.setdefault(name if name in HEAD else "", problem.message)

    def numbered(self) -> dict[str, int]:
        """Key → the position that the line will have."""
        given = positions([line.position for line in self.lines])
        return dict(zip((line.key for line in self.lines), given, strict=True))

    # --- Steps ----------------------------------------------------------------------------------------------------

    def step(self, name: str) -> str:
        """Do "add", "up:<key>", "down:<key>" or "remove:<key>". Returns the key of the line to look at, "" for none."""
        verb, _colon, key = name.partition(":")
        index = self.line(key)
        if verb == "add" and len(self.lines) < MAX_LINES:
            self.lines.append(_shown(LineDraft(position=0, type="", name="", anchor=AnchorKind.ETD), self._free_key()))
            return self.lines[-1].key
        if index < 0:
            return ""
        if verb == "remove":
            del self.lines[index]
            return self.lines[min(index, len(self.lines) - 1)].key if self.lines else ""
        to = {"up": index - 1, "down": index + 1}.get(verb, index)
        if 0 <= to < len(self.lines):
            self.lines.insert(to, self.lines.pop(index))
        return key

    def _free_key(self) -> str:
        taken = {line.key for line in self.lines}
        return next(key for number in range(1, MAX_LINES * 2 + 2) if (key := f"n{number}") not in taken)


def positions(old: Sequence[int | None]) -> list[int]:
    """A position for each line in its order: as many as can keep theirs do, the others get one between.

    Where there is no room between, all are numbered anew.
    """
    kept = _ascending(old)
    found: list[int] = []
    for index, value in enumerate(old):
        before = found[-1] if found else 0
        if index in kept:
            found.append(int(value or 0))
            continue
        after = next((int(old[later] or 0) for later in range(index, len(old)) if later in kept), None)
        left = sum(later not in kept for later in range(index, _next_kept(index, kept, len(old))))
        step = ((_LAST + 1 if after is None else after) - before) // (left + 1)
        if step < 1:
            wide = min(_STEP, _LAST // len(old))
            return [(number + 1) * wide for number in range(len(old))]
        found.append(before + min(step, _STEP))
    return found


def _next_kept(index: int, kept: set[int], end: int) -> int:
    return next((later for later in range(index, end) if later in kept), end)


def _ascending(old: Sequence[int | None]) -> set[int]:
    """Indexes of a longest run of values that grow."""
    tails: list[int] = []
    ends: list[int] = []
    links: dict[int, int | None] = {}
    for index, value in enumerate(old):
        if not value:
            continue
        place = bisect_left(tails, value)
        links[index] = ends[place - 1] if place else None
        tails[place : place + 1], ends[place : place + 1] = [value], [index]
    found: set[int] = set()
    at = ends[-1] if ends else None
    while at is not None:
        found.add(at)
        at = links[at]
    return found


# --- One line --------------------------------------------------------------------------------------------------------


def _shown(line: LineDraft, key: str = "") -> LineForm:
    """A line of the draft as it stands in the form."""
    plain = {f.name: getattr(line, f.name) for f in fields(line)}
    anchor = f"{_LINE}{line.anchor_line}" if line.anchor_line is not None else str(plain["anchor"])
    values = {name: str(plain[name]) for name in _TEXTS if name in plain} | {
        "anchor": anchor,
        "after": "" if line.after_line is None else str(line.after_line),
        "offset": write_span(line.offset_minutes),
        "direction": "before" if line.offset_minutes < 0 else "after",
        "early": write_span(line.early_tolerance_minutes),
        "late": write_span(line.late_tolerance_minutes),
        "time_of_day": "" if line.time_of_day is None else line.time_of_day.isoformat().removesuffix(":00"),
        "condition": "" if line.condition is None else orjson.dumps(line.condition).decode(),
        "charges": ", ".join(line.charges),
    }
    return LineForm(key or str(line.position), values, list(line.documents), line.position or None)


def _sent(key: str, post: QueryDict) -> LineForm:
    values = {name: _clean(post.get(f"{key}-{name}", "")) for name in _TEXTS}
    position = post.get(f"{key}-position", "")
    known = int(position) if position.isdecimal() and len(position) < 5 else None
    return LineForm(key, values, post.getlist(f"{key}-documents")[:50], known or None)


def _clean(text: str) -> str:
    return text.replace("\x00", "")[:_LONGEST]


def _readers(values: Mapping[str, str], at: Mapping[str, int]) -> dict[str, Callable[[], Any]]:
    """Field of a line in a file → what reads it from the form. Each raises ValueError with what is wrong."""
    anchor = values["anchor"]
    is_line = anchor.startswith(_LINE)
    sign = -1 if values["direction"] == "before" else 1
    given: dict[str, Callable[[], Any]] = {name: partial(_plain, values, name) for name in _AS_TYPED}
    return given | {
        "type": lambda: values["type"].strip().upper(),
        "anchor": lambda: AnchorKind.LINE.value if is_line else anchor,
        "anchor_line": lambda: _position(anchor.removeprefix(_LINE), at) if is_line else None,
        "after_line": lambda: _position(values["after"], at) if values["after"] else None,
        "offset_minutes": lambda: sign * read_span(values["offset"]),
        "early_tolerance_minutes": lambda: read_span(values["early"]),
        "late_tolerance_minutes": lambda: read_span(values["late"]),
        "time_of_day": lambda: values["time_of_day"].strip() or None,
        "weight": lambda: _whole(values["weight"]),
        "condition": lambda: _tree(values["condition"]),
        "charges": lambda: [code.strip() for code in values["charges"].split(",") if code.strip()],
    }


def _plain(values: Mapping[str, str], name: str) -> str:
    return values[name].strip()


def _position(key: str, at: Mapping[str, int]) -> int:
    if key not in at:
        raise ValueError(_("This line is not there any more."))
    return at[key]


def _whole(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 6:
        raise ValueError(_("A whole number is needed."))
    return int(text)


def _tree(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return orjson.loads(text.encode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        raise ValueError(_("This is no JSON.")) from error
