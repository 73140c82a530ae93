"""What foreign codes mean: said, changed and withdrawn by people, version by version; and tried out before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.models import User
from shipments.enums import Classifier, Format
from shipments.models import CodeMapping, Event, MilestoneType, Source, WaitingEvent
from shipments.services.intake import printable
from shipments.services.locks import lock_mappings
from shipments.services.reading import Reading, load_meanings
from shipments.services.repairing import read_again
from shipments.services.storing import unmapped_key

# Events that are read again within the request of the person who asked.
AT_ONCE = 1000


class ForeignCode(TypedDict):
    """A code as senders write it. `format` "": in every format that uses the list; `source`: for this feed alone."""

    format: str
    code_list: str
    raw_code: str
    source: NotRequired[Source | None]


class Meant(TypedDict, total=False):
    """What it means beside our code. `classifier` "": as the message says; `attributes`: mode, stop, reason ..."""

    classifier: str
    attributes: Mapping[str, Any] | None
    note: str


class MappingValues(ForeignCode, Meant):
    """All that a mapping says but our code."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a mapping would do. `waiting`: events that wait for it; `changes`: the first of them, old and new."""

    waiting: int
    changes: list[tuple[Event, Event]]


@transaction.atomic
def save_mapping(*, code: str, by: User | None, **said: Unpack[MappingValues]) -> CodeMapping:
    """Say what a foreign code means from now on, and read the events again that wait for it.

    Of very many the first are read at once, since the stream stands still for so long; the sweep reads the others.

    The mapping that stood before stays as an old version. Raises DomainError `unknown_format`, `unknown_code`,
    `unknown_classifier`, `raw_code_missing`, `code_list_too_long`.
    """
    lock_mappings(to_write=True)
    mapping = _put(code, by, said)
    waiting = waiting_with(**foreign_of(mapping)).values_list("event_id", flat=True)
    read_again(list(waiting[:AT_ONCE]), by=by)
    return mapping


@transaction.atomic
def withdraw_mapping(mapping: CodeMapping, *, by: User | None) -> None:
    """Have a code mean nothing (or what a less specific mapping says) from now on. Raises DomainError `not_current`."""
    lock_mappings(to_write=True)
    if not CodeMapping.objects.current().filter(pk=mapping.pk).update(replaced_at=timezone.now()):
        raise DomainError("not_current", _("This mapping was replaced or withdrawn already."), conflict=True)
    mapping.refresh_from_db(fields=["replaced_at"])


def rehearse_mapping(*, code: str, limit: int, **said: Unpack[MappingValues]) -> Rehearsal:
    """Save the mapping and read the first `limit` waiting events again, in a transaction that the caller rolls back.

    Takes no lock that would hold up the stream. Raises as `save_mapping` does.
    """
    mapping = _put(code, None, said)
    waiting = waiting_with(**foreign_of(mapping))
    some = list(waiting.values_list("event_id", flat=True)[:limit])
    read_again(some)
    old = Event.objects.select_related("code", "location", "source").in_bulk(some)
    new = Event.objects.filter(supersedes__in=some).select_related("code", "location", "source").order_by("supersedes")
    return Rehearsal(waiting.count() + len(new), [(old[event.supersedes or 0], event) for event in new])


def foreign_of(mapping: CodeMapping) -> ForeignCode:
    """What the mapping is for."""
    return {
        "format": mapping.format,
        "code_list": mapping.code_list,
        "raw_code": mapping.raw_code,
        "source": mapping.source,
    }


def waiting_with(**foreign: Unpack[ForeignCode]) -> QuerySet[WaitingEvent]:
    """The events that wait for a mapping of this code, oldest first."""
    key = unmapped_key(foreign["format"], foreign["code_list"], foreign["raw_code"])
    waiting = WaitingEvent.objects.unmapped().filter(keys__contains=[key])
    source = foreign.get("source")
    return (waiting.filter(source=source) if source is not None else waiting).order_by("pk")


def mappings_of(reading: Reading) -> dict[tuple[str, str], CodeMapping]:
    """(code list, raw code) → the mapping that decides about it in this message."""
    meanings = load_meanings([reading])[reading.source.pk, reading.format]
    rows = CodeMapping.objects.select_related("source").in_bulk(meaning.mapping_id for meaning in meanings.values())
    return {key: rows[meaning.mapping_id] for key, meaning in meanings.items() if meaning.mapping_id in rows}


def check_mapping(code: str, said: MappingValues) -> None:
    """Raise DomainError for a mapping that makes no sense."""
    if said["format"] and said["format"] not in Format.values:
        raise DomainError("unknown_format", _("The format is one of %s.") % ", ".join(Format.values), field="format")
    if not said["raw_code"] or len(said["raw_code"]) > 64:
        raise DomainError("raw_code_missing", _("Their code has 1 to 64 characters."), field="raw_code")
    if len(said["code_list"]) > 32:
        raise DomainError("code_list_too_long", _("A code list has 32 characters at most."), field="code_list")
    if not MilestoneType.objects.filter(pk=code).exists():
        raise DomainError("unknown_code", _("There is no milestone %s.") % code, field="code")
    if (classifier := said.get("classifier", "")) and classifier not in Classifier.values:
        names = ", ".join(Classifier.values)
        raise DomainError("unknown_classifier", _("The classifier is one of %s.") % names, field="classifier")


def _put(code: str, by: User | None, said: MappingValues) -> CodeMapping:
    """The new version, in the place of the one that stood."""
    check_mapping(code, said)
    foreign: dict[str, Any] = {name: said[name] for name in ("format", "code_list", "raw_code")}
    same = CodeMapping.objects.filter(**foreign, source=said.get("source"))
    last = same.order_by("-version").first()
    same.current().update(replaced_at=timezone.now())
    return CodeMapping.objects.create(
        **foreign,
        source=said.get("source"),
        code_id=code,
        classifier=said.get("classifier", ""),
        attributes=dict(said.get("attributes") or {}),
        note=printable(said.get("note", ""))[:200],
        version=last.version + 1 if last else 1,
        created_by=by,
    )
