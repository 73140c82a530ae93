"""What the readers of EDIFACT messages fill: events and issues, counted through the whole file. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shipments.enums import TimePrecision
from shipments.formats.base import ParsedEvent, ParseIssue
from shipments.formats.edifact import EdifactMessage, Segment
from shipments.formats.edifact_values import Moment, as_function

# A status of many units, or a date of many stops, is many events: more than this is no message of the real world.
MAX_EVENTS = 100_000
MAX_ISSUES = 1_000
_SNIPPET = 120


class Content:
    """Events and issues of a file. `position` is the next one; `lost` are the codes of what the message lost."""

    def __init__(self) -> None:
        self.events: list[ParsedEvent] = []
        self.issues: list[ParseIssue] = []
        self.position = 0
        self.lost: list[str] = []
        self._function = ""
        self._reported_at = ""
        self._prepared_at = ""
        self.is_full = False

    def prepare(self, prepared_at: str) -> None:
        """A new interchange, prepared then (ISO without offset, or '')."""
        self._prepared_at = prepared_at

    def begin(self, message: EdifactMessage, function: str, reported: Moment | None) -> None:
        """A new message with its function (BGM 1225) and its own date (DTM 137), which counts where it has a time."""
        self.lost = []
        self._function = function
        is_exact = reported is not None and reported.wall and reported.precision != TimePrecision.DAY
        self._reported_at = reported.iso if reported and is_exact else self._prepared_at
        if reported is not None and not self._reported_at:
            self._reported_at = reported.iso if reported.wall else ""

    def add(self, when: Moment, **fields: Any) -> None:
        """An event at `when`; the other fields as those of ParsedEvent."""
        if self.is_full or self.position >= MAX_EVENTS:
            self._fill()
            return
        event = ParsedEvent(
            position=self.position,
            wall_time=when.wall,
            zone=when.zone,
            zone_code=when.zone_code,
            precision=when.precision,
            reported_at=self._reported_at,
            **fields,
        )
        self.events.extend(as_function((event,), self._function))
        self.position += 1

    def lose(self, code: str, message: str, where: str, segment: Segment) -> None:
        """An event that cannot be read; its siblings are."""
        snippet = "+".join(":".join(element) for element in segment)[:_SNIPPET]
        self._note(ParseIssue(code, message, where, where[:3], self.position, snippet))
        self.lost.append(code)
        self.position += 1

    def issue(self, code: str, message: str, where: str) -> None:
        """Something that is missing from the message as a whole."""
        self._note(ParseIssue(code, message, where))
        self.lost.append(code)

    def warn(self, code: str, message: str, where: str, position: int = -1) -> None:
        """Something odd by which nothing is lost."""
        self._note(ParseIssue(code, message, where, position=position, is_warning=True))

    def odd_dates(self, moments: Iterable[Moment]) -> None:
        """Dates whose length is not that of their format (formats.md rule 22)."""
        for moment in moments:
            if moment.is_odd and moment.wall:
                said = f"The date {moment.said} is not as long as its format says; its length was believed."
                self.warn("date_format", said, f"DTM #{moment.number}")

    def _note(self, issue: ParseIssue) -> None:
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(issue)

    def _fill(self) -> None:
        if not self.is_full:
            self.is_full = True
            self.issues.append(ParseIssue("too_many_events", f"Of its events only the first {MAX_EVENTS} were read."))
