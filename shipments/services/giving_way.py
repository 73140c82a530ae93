"""Events give a shipment up that they were matched to by a container number alone, when it turns out to be another's.

The dates of a shipment change, or the box appears on another shipment: then the same events would be matched otherwise
if they came now. A match is never deleted, so the event is superseded by a copy that is matched anew, or waits for a
person. Matches that a person made, or that another number decided, stay.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from partners.models import Job
from partners.services import advance_job, start_job
from shipments.enums import ReferenceType, WaitOutcome
from shipments.models import Event, EventMatch, Reference, Shipment
from shipments.normalise import successor_fingerprint
from shipments.services import pairing
from shipments.services.locks import lock_mappings
from shipments.services.repairing import end_waits, in_place_of, read_anew
from shipments.services.storing import lock_for, shipments_of, store
from shipments.services.taking_up import findables

JOB = "match_again"
_BY_CONTAINER = f"{ReferenceType.CONTAINER.value} "
_A_STEP = 200


def look_again(shipment: Shipment) -> None:
    """Have a job match the events again that stand at `shipment`, or at another with its box, by the box alone.

    In the caller's transaction, which has locked the references. Nothing is begun when all stand where they belong.
    """
    keys = shipment.references.filter(type=ReferenceType.CONTAINER).values_list("key", flat=True)
    owners = Reference.objects.filter(type=ReferenceType.CONTAINER, key__in=list(keys))
    family = sorted(set(owners.values_list("shipment_id", flat=True)))
    if family and _stale(family):
        title = _("Events by container, of %s and others") % shipment.reference
        start_job(JOB, title=title, parameters={"shipments": family}, by=None)


def work_match_again(job: Job) -> bool:
    """A step of the job: two hundred events that stand at the wrong shipment by a container number."""
    with transaction.atomic():
        lock_mappings()
        stale = _stale(job.parameters["shipments"], limit=_A_STEP)
        moved = _give_way(stale)
        # What cannot be read any more would be found again for ever.
        is_last = moved == 0
        advance_job(job, done=job.done + moved, result={"moved": job.done + moved})
    return is_last


def _stale(shipment_ids: Collection[int], *, limit: int | None = None) -> dict[int, set[int]]:
    """Event → the shipments that it is matched to by a container number and would not be matched to now."""
    rows = EventMatch.objects.filter(shipment_id__in=shipment_ids, matched_by__startswith=_BY_CONTAINER)
    rows = rows.filter(~Exists(Event.objects.filter(supersedes=OuterRef("event_id"))))
    held: dict[int, set[int]] = defaultdict(set)
    for event_id, shipment_id in rows.order_by("event_id").values_list("event_id", "shipment_id"):
        held[event_id].add(shipment_id)
    choices = pairing.choose_all(findables(held))
    found = {pk: wrong for pk, ids in held.items() if pk in choices and (wrong := ids - {*choices[pk].shipment_ids})}
    return dict(list(found.items())[:limit])


def _give_way(stale: dict[int, set[int]]) -> int:
    """Supersede each event by a copy that is matched anew, and tell the shipments that lose it."""
    before = shipments_of(list(stale))
    by_box = set(
        EventMatch.objects.filter(event_id__in=list(stale), matched_by__startswith=_BY_CONTAINER).values_list(
            "event_id", "shipment_id"
        )
    )
    reports = [
        in_place_of(
            old,
            dataclasses.replace(new, fingerprint=successor_fingerprint(old.fingerprint)),
            tuple(pk for pk in before.get(old.pk, ()) if (old.pk, pk) not in by_box),
        )
        for old, new in read_anew(list(stale))
    ]
    if not reports:
        return 0
    lock_for(reports)
    store(reports)
    # What else the event lacks, its copy waits for.
    end_waits([report.supersedes or 0 for report in reports], outcome=WaitOutcome.MATCHED, by=None)
    pairing.touch({shipment_id for report in reports for shipment_id in stale[report.supersedes or 0]})
    return len(reports)
