"""What became of the rows of an imported table, as its person reads it. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from partners.models import User
from shipments.models import Event, EventMatch, Message, Shipment, Upload, WaitingEvent
from shipments.services.apart import needs_apart
from shipments.services.reading import read, reports_of


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """`status`: matched, waiting, duplicate (known before) or undone (taken back, or corrected since).

    `reasons`: WaitReason values. `shipments`: those of them that the person may see.
    """

    event: Event
    segment: str
    status: str
    reasons: tuple[str, ...] = ()
    shipments: tuple[Shipment, ...] = ()

    @property
    def row(self) -> str:
        return self.segment.removeprefix("row ")


def outcomes_of(upload: Upload, *, by: User, first: int = 0, count: int = 100) -> list[RowOutcome]:
    """`count` rows of the imported table that brought an event, from the `first` on, in the order of the table.

    Of a large table those rows are left out that had been reported before: their number stands in the message.
    """
    message = Message.objects.select_related("source").get(uploads=upload)
    if needs_apart(bytes(message.raw)):
        own = Event.objects.filter(message_id=message.pk, supersedes=None).order_by("position")
        events = list(own.select_related("code")[first : first + count])
        return _outcomes([(event.segment, event) for event in events], message, by)
    reports = reports_of([read(message)])[first : first + count]
    fingerprints = [report.event.fingerprint for report in reports]
    known = {e.fingerprint: e for e in Event.objects.filter(fingerprint__in=fingerprints).select_related("code")}
    rows = [(report.event.segment, known[fp]) for report in reports if (fp := report.event.fingerprint) in known]
    return _outcomes(rows, message, by)


def _outcomes(rows: Sequence[tuple[str, Event]], message: Message, by: User) -> list[RowOutcome]:
    ids = [event.pk for _segment, event in rows]
    pairs = list(EventMatch.objects.filter(event__in=ids).values_list("event_id", "shipment_id"))
    visible = Shipment.objects.for_user(by, "view").in_bulk({shipment_id for _event, shipment_id in pairs})
    shipments: dict[int, list[Shipment]] = defaultdict(list)
    for event_id, shipment_id in pairs:
        if shipment_id in visible:
            shipments[event_id].append(visible[shipment_id])
    gone = set(Event.objects.filter(supersedes__in=ids).values_list("supersedes", flat=True))
    reasons: dict[int, list[str]] = defaultdict(list)
    for event_id, reason in WaitingEvent.objects.open().filter(event__in=ids).values_list("event_id", "reason"):
        reasons[event_id].append(reason)
    return [
        RowOutcome(
            event,
            segment,
            "undone" if event.pk in gone else _status(event, message, bool(reasons[event.pk])),
            tuple(sorted(reasons[event.pk])),
            tuple(shipments[event.pk]),
        )
        for segment, event in rows
    ]


def _status(event: Event, message: Message, is_waiting: bool) -> str:
    if event.message_id != message.pk:
        return "duplicate"
    return "waiting" if is_waiting else "matched"
