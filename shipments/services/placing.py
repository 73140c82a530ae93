"""Events stand where their places turn out to be: what waits for a place, or stands at one that changed, is read again.

The old event stays and is superseded by a new one with the place and the instant that follow. A few are read again at
once; many by a job, in steps.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from partners.models import Job, User
from partners.services import advance_job, start_job
from shipments.models import Event, WaitingEvent
from shipments.services.locks import lock_mappings
from shipments.services.repairing import moved_events, parsed_before, place_again

JOB = "place_events"
# Events that are read again within the request of the person who asked; more of them are a job's.
AT_ONCE = 500
_A_STEP = 1000
# Ids of events that a step looks through for those that stand at one of the places.
_WINDOW = 20_000
# Of the newest so many events a preview looks for those that stand at a place.
_SAMPLED = 100_000
_PAGES_OF_A_SWEEP = 20
_SHOWN = 20

# By what a waiting event moved, as shipments.normalise reads it.
_MEANS = """CASE WHEN coalesce(e.attributes->>'mode', '') <> '' THEN e.attributes->>'mode'
    WHEN e.vessel_imo <> '' OR e.voyage <> '' THEN 'VESSEL' WHEN e.flight <> '' THEN 'AIR' ELSE '' END"""
# Waiting events whose place is known by now. As exact as shipments.normalise is: what is found here and is not
# understood then would be read again each time.
_KNOWN_BY_NOW = f"""
    SELECT w.id, w.event_id FROM shipments_waitingevent w JOIN shipments_event e ON e.id = w.event_id
    WHERE w.closed_at IS NULL AND w.reason = 'unplaced' AND w.id > %s AND (
        EXISTS (SELECT 1 FROM unnest(w.keys) AS k(key) JOIN shipments_locationalias a
            ON a.kind = split_part(k.key, ':', 2) AND a.value = substr(k.key, 8 + length(split_part(k.key, ':', 2)))
            WHERE (a.source_id IS NULL OR a.source_id = w.source_id) AND (a.mode = '' OR a.mode = {_MEANS}))
        OR EXISTS (SELECT 1 FROM unnest(w.keys) AS k(key) JOIN shipments_location l
            ON l.unlocode = substr(k.key, 16) AND l.facility_code = '' WHERE k.key LIKE 'place:unlocode:%%')
        OR EXISTS (SELECT 1 FROM unnest(w.keys) AS k(key) JOIN shipments_location l
            ON l.unlocode = substr(k.key, 16, 5) AND l.facility_code = substr(k.key, 22)
            WHERE k.key LIKE 'place:terminal:%%')
        OR EXISTS (SELECT 1 FROM unnest(w.keys) AS k(key) JOIN shipments_location l
            ON l.iata = substr(k.key, 12) AND l.iata <> '' WHERE k.key LIKE 'place:iata:%%')
        OR 1 = (SELECT count(DISTINCT coalesce(l.same_as_id, l.id)) FROM unnest(w.keys) AS k(key)
            JOIN shipments_location l ON l.country = substr(k.key, 12, 2) AND l.kind = 'place'
            AND upper(l.name) = split_part(k.key, '|', 2) AND l.subdivision = split_part(substr(k.key, 15), '|', 1)
            WHERE k.key LIKE 'place:name:__-%%')
        OR 1 = (SELECT count(DISTINCT coalesce(l.same_as_id, l.id))
            FILTER (WHERE l.subdivision = '' OR NOT EXISTS (
                SELECT 1 FROM unnest(w.keys) AS s(key) WHERE s.key LIKE 'place:name:__-%%'))
            FROM unnest(w.keys) AS k(key) JOIN shipments_location l ON l.country = substr(k.key, 12, 2)
            AND l.kind = 'place' AND upper(l.name) = substr(k.key, 15) WHERE k.key LIKE 'place:name:__|%%')
    ) ORDER BY w.id LIMIT %s
"""  # noqa: S608 nothing in it comes from outside


@dataclass(frozen=True, slots=True)
class Affected:
    """What a change of places is about: events that wait under one of `keys` (of one source, or of all), and events
    that stand at one of `locations`."""

    keys: tuple[str, ...] = ()
    locations: tuple[int, ...] = ()
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One event before and after."""

    event: Event
    old_place: str
    new_place_id: int | None
    old_at: datetime | None
    new_at: datetime | None
    new_zone: str


@dataclass(frozen=True, slots=True)
class Preview:
    """How many events would move and the first 20 of them. `looked_at`: how many were read to find out; `waiting`: how
    many wait for this place in all. `is_whole`: every event concerned was read."""

    moved: int = 0
    moves: tuple[Move, ...] = ()
    looked_at: int = 0
    waiting: int = 0
    is_whole: bool = True


def resolve_again(affected: Affected, *, title: str, by: User | None) -> int:
    """Read again what is `affected`, in the caller's transaction, which has locked the mappings to write.

    Returns how many moved. More than 500, and all that stand at a place already, are left to a job.
    """
    waiting = _waiting(affected, limit=AT_ONCE + 1)
    if len(waiting) <= AT_ONCE and not affected.locations:
        return place_again(waiting, by=by)
    last = _last_id()
    parameters = {
        "keys": list(affected.keys),
        "locations": list(affected.locations),
        "source": affected.source_id,
        "until": last,
    }
    moved = place_again(waiting, by=by) if len(waiting) <= AT_ONCE else 0
    start_job(JOB, title=title, parameters=parameters, by=by, total=last)
    return moved


def work_place_events(job: Job) -> bool:
    """A step of the job: what waits first, a thousand at a time; then what stands at the places, by windows of ids."""
    asked, cursor = job.parameters, dict(job.cursor)
    affected = Affected(tuple(asked["keys"]), tuple(asked["locations"]), asked["source"])
    if not cursor.get("waits_are_done"):
        ids = _waiting(affected, after=cursor.get("wait", 0), limit=_A_STEP)
        cursor |= {"wait": ids[-1], "waits_are_done": False} if ids else {"waits_are_done": True}
        looked = job.done
    else:
        ids, looked = _standing(affected, after=cursor.get("event", 0), until=asked["until"])
        cursor["event"] = looked
    readings = parsed_before(ids)
    with transaction.atomic():
        # The stream stands still for what follows, but not for the parsing.
        lock_mappings(to_write=True)
        moved = job.result.get("moved", 0) + place_again(ids, by=job.created_by, readings=readings)
        is_last = bool(cursor["waits_are_done"]) and (not affected.locations or looked >= asked["until"])
        done = asked["until"] if is_last else min(looked, asked["until"])
        advance_job(job, cursor=cursor, done=done, result={"moved": moved})
    return is_last


def preview(affected: Affected) -> Preview:
    """What `resolve_again` would do, read from the rows as they stand in this transaction. Nothing is written."""
    waiting = _waiting(affected, limit=AT_ONCE)
    total = _count_waiting(affected)
    ids = waiting + _first_standing(affected, AT_ONCE - len(waiting))
    moved = moved_events(ids)
    places = dict(
        Event.objects.filter(pk__in=[old.pk for old, _ in moved[:_SHOWN]]).values_list("pk", "location__name")
    )
    moves = tuple(
        Move(old, places.get(old.pk) or "", new.location_id, old.occurred_at, new.occurred_at, new.time_zone)
        for old, new in moved[:_SHOWN]
    )
    is_whole = total <= len(waiting) and (not affected.locations or (len(ids) < AT_ONCE and not _has_more()))
    return Preview(len(moved), moves, len(ids), total, is_whole)


def sweep_places() -> int:
    """Read again what waits for a place that is known by now: loaded, or made past the services. Returns how many."""
    last, moved = 0, 0
    for _page in range(_PAGES_OF_A_SWEEP):
        with connection.cursor() as cursor:
            cursor.execute(_KNOWN_BY_NOW, [last, _A_STEP])
            rows = cursor.fetchall()
        if not rows:
            break
        last = rows[-1][0]
        ids = [event_id for _, event_id in rows]
        readings = parsed_before(ids)
        with transaction.atomic():
            lock_mappings(to_write=True)
            moved += place_again(ids, readings=readings)
    return moved


def follow_places(location_ids: Collection[int], *, by: User | None) -> None:
    """Have the events that stand at these places read again by a job: the zone or the name of the places changed."""
    if location_ids:
        title = _("Events at places that changed")
        resolve_again(Affected(locations=tuple(sorted(location_ids))), title=title, by=by)


def _waiting(affected: Affected, *, limit: int, after: int = 0) -> list[int]:
    rows = WaitingEvent.objects.unplaced().filter(keys__overlap=list(affected.keys), event_id__gt=after)
    if affected.source_id is not None:
        rows = rows.filter(source=affected.source_id)
    return list(rows.order_by("event_id").values_list("event_id", flat=True)[:limit]) if affected.keys else []


def _count_waiting(affected: Affected) -> int:
    rows = WaitingEvent.objects.unplaced().filter(keys__overlap=list(affected.keys))
    if affected.source_id is not None:
        rows = rows.filter(source=affected.source_id)
    return rows.count() if affected.keys else 0


def _standing(affected: Affected, *, after: int, until: int) -> tuple[list[int], int]:
    """Events at the places within the next window of ids, and up to where was looked.

    A window begins at an event that is there: where ids are missing, long steps through nothing would follow.
    """
    if not affected.locations:
        return [], until
    first = Event.objects.filter(pk__gt=after, pk__lte=until).order_by("pk").values_list("pk", flat=True).first()
    if first is None:
        return [], until
    end = min(first - 1 + _WINDOW, until)
    rows = Event.objects.filter(pk__gte=first, pk__lte=end, location_id__in=affected.locations, retracts="")
    if affected.source_id is not None:
        rows = rows.filter(source=affected.source_id)
    ids: Sequence[int] = list(rows.order_by("pk").values_list("pk", flat=True)[:_A_STEP])
    return list(ids), ids[-1] if len(ids) == _A_STEP else end


def _last_id() -> int:
    return Event.objects.aggregate(last=Max("pk"))["last"] or 0


def _has_more() -> bool:
    """Whether there are events before those that a preview looks through. Numbers that no event has do not count."""
    return Event.objects.filter(pk__lte=_last_id() - _SAMPLED).exists()


def _first_standing(affected: Affected, limit: int) -> list[int]:
    """The newest events at the places, from the last window of ids only: a sample for the preview."""
    if not affected.locations or limit <= 0:
        return []
    rows = Event.objects.filter(pk__gt=_last_id() - _SAMPLED, location_id__in=affected.locations)
    if affected.source_id is not None:
        rows = rows.filter(source=affected.source_id)
    return sorted(rows.order_by("-pk").values_list("pk", flat=True)[:limit])
