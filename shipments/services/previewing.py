"""What a table would report, and of which shipments. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from django.db.models import Q
from django.utils import timezone

from partners.models import User
from shipments.enums import Format
from shipments.formats.base import Parsed, ParsedEvent, ParseIssue
from shipments.formats.proposing import propose
from shipments.formats.registry import FORMATS
from shipments.formats.row_events import CODE_LIST
from shipments.matching import Choice, wanted_references
from shipments.models import CodeMapping, Event, Message, Shipment, Source
from shipments.services import pairing
from shipments.services.apart import needs_apart, parse_apart
from shipments.services.intake import printable
from shipments.services.pairing import Findable
from shipments.services.reading import Reading, printable_event, reports_of
from shipments.services.storing import Report

MOST_PROBLEMS, MOST_SHOWN, MOST_UNMAPPED = 200, 50, 100
# Different codes of theirs that are counted.
_MOST_CODES = 1000


@dataclass(slots=True)
class Findings:
    """What was found so far, part by part. Bounded however long the table is, so that a job can carry it along."""

    ready: int = 0
    refused: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    preview: list[dict[str, Any]] = field(default_factory=list)
    foreign: Counter[str] = field(default_factory=Counter)
    headings: list[str] = field(default_factory=list)
    lacks_columns: bool = False

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """What `as_json` gave; nothing yet for an empty one."""
        return cls(**{**said, "foreign": Counter(said.get("foreign", {}))})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "foreign": dict(self.foreign)}

    @property
    def rows(self) -> int:
        return self.ready + self.refused

    def take(self, part: Parsed, source: Source, *, by: User) -> None:
        """Count a part. `by`: whose shipments the preview may name."""
        self.ready += len(part.events)
        self.refused += sum(issue.position >= 0 for issue in part.issues)
        self.problems += map(_problem, part.issues[: MOST_PROBLEMS - len(self.problems)])
        if shown := part.events[: MOST_SHOWN - len(self.preview)]:
            self.preview += _preview(source, [printable_event(event) for event in shown], by)
        for event in part.events:
            if event.raw_code and not event.code:
                self._count(printable(event.raw_code))
        self.headings = self.headings or [printable(heading)[:200] for heading in part.headings[:200]]
        self.lacks_columns = self.lacks_columns or any(issue.code == "columns_missing" for issue in part.issues)

    def _count(self, code: str) -> None:
        if code in self.foreign or len(self.foreign) < _MOST_CODES:
            self.foreign[code] += 1

    def report(self, source: Source) -> dict[str, Any]:
        """As shipments.services.uploads.check_upload says."""
        return {
            "rows": self.rows,
            "ready": self.ready,
            "refused": self.refused,
            "problems": self.problems,
            "preview": self.preview,
            "unmapped": _unmapped(source, self.foreign),
            "headings": self.headings,
            "proposed": propose(self.headings) if self.lacks_columns else {},
        }


def examine(source: Source, raw: bytes, options: Mapping[str, Any], *, by: User) -> dict[str, Any]:
    """The report of shipments.services.uploads.check_upload. A packed table is read in a process apart."""
    found = Findings()
    told = {**options, "received_at": timezone.now().isoformat()}
    for part in parse_apart(Format.CSV, raw, told) if needs_apart(raw) else [FORMATS[Format.CSV](raw, told)]:
        found.take(part, source, by=by)
    return found.report(source)


def _problem(issue: ParseIssue) -> dict[str, Any]:
    number = issue.segment.removeprefix("row ")
    return {
        "row": int(number) if number.isdigit() else 0,
        "field": issue.element,
        "value": printable(issue.snippet),
        "code": issue.code,
        "message": printable(issue.message),
    }


def _unmapped(source: Source, foreign: Counter[str]) -> dict[str, int]:
    """The codes that would wait for a mapping, and how many rows have them; the most frequent hundred."""
    rows = CodeMapping.objects.current().filter(Q(source=None) | Q(source=source), raw_code__in=list(foreign))
    mapped = set(rows.filter(code_list=CODE_LIST, format__in=("", Format.CSV)).values_list("raw_code", flat=True))
    return dict(Counter({code: n for code, n in foreign.items() if code not in mapped}).most_common(MOST_UNMAPPED))


def _preview(source: Source, events: Sequence[ParsedEvent], by: User) -> list[dict[str, Any]]:
    unsaved = Message(source=source, received_at=timezone.now())
    reports = reports_of([Reading(unsaved, source, Parsed(tuple(events), format=Format.CSV))])
    choices = pairing.choose_all([_findable(report) for report in reports])
    wanted = {shipment_id for choice in choices.values() for shipment_id in choice.shipment_ids}
    visible = Shipment.objects.for_user(by, "view").in_bulk(wanted)
    fingerprints = [report.event.fingerprint for report in reports]
    stored = set(Event.objects.filter(fingerprint__in=fingerprints).values_list("fingerprint", flat=True))
    return [_shown(report, choices[report.event.position], visible, stored) for report in reports]


def _findable(report: Report) -> Findable:
    event, source = report.event, report.source
    return Findable(
        event_id=event.position,
        source_id=source.pk,
        partner_id=source.partner_id,
        wanted=wanted_references(event.references, event.equipment),
        equipment=event.equipment,
    )


def _shown(report: Report, choice: Choice, visible: Mapping[int, Shipment], stored: set[str]) -> dict[str, Any]:
    event = report.event
    # What a person may not see is no different from what is not there.
    shipments = [visible[shipment_id] for shipment_id in choice.shipment_ids if shipment_id in visible]
    return {
        "row": int(event.segment.removeprefix("row ") or 0),
        "code": event.code if event.is_mapped else "",
        "raw_code": event.raw_code,
        "classifier": event.classifier,
        "wall_time": event.wall_time,
        "time_zone": event.time_zone,
        "zone_certainty": event.zone_certainty,
        "occurred_at": event.occurred_at.isoformat() if event.occurred_at else "",
        "place": event.location_text,
        "unit": event.equipment,
        "references": [list(pair) for pair in event.references],
        "shipment": ", ".join(shipment.reference for shipment in shipments[:3]),
        "shipment_id": str(shipments[0].public_id) if shipments else "",
        "status": _status(report, bool(shipments), choice, stored),
        "detail": event.quarantine or (choice.decided_by if shipments else ""),
    }


def _status(report: Report, is_found: bool, choice: Choice, stored: set[str]) -> str:
    if report.event.fingerprint in stored:
        return "duplicate"
    if report.event.quarantine:
        return "quarantined"
    if is_found:
        return "new"
    return "ambiguous" if choice.is_ambiguous else "unmatched"
