"""Places, and what else they are called: made and changed by people. Events follow at once, or many by a job."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from stdnum import ean
from stdnum.exceptions import ValidationError as BadNumber

from core.errors import DomainError
from partners.models import User
from partners.services.checking import checked
from shipments.enums import AliasKind, LocationKind
from shipments.models import Location, LocationAlias, Source
from shipments.normalise import alias_value
from shipments.services.intake import printable
from shipments.services.locks import lock_mappings
from shipments.services.placing import Affected, Preview, preview, resolve_again
from shipments.zones import load_zone

MODES = ("VESSEL", "AIR", "RAIL", "ROAD", "BARGE")


class PlaceFacts(TypedDict, total=False):
    """What can be said of a place; what is left out stays as it is. `same_as` None: a place of its own."""

    name: str
    subdivision: str
    iata: str
    time_zone: str
    latitude: Decimal | None
    longitude: Decimal | None
    same_as: Location | None


class Naming(TypedDict):
    """A name of a place. `value`: as they write it; `country` and `state` belong to a name. `mode` '': any means of
    transport, `source` None: whoever says it."""

    kind: str
    value: str
    country: NotRequired[str]
    state: NotRequired[str]
    mode: NotRequired[str]
    source: NotRequired[Source | None]


@transaction.atomic
def save_place(unlocode: str, facility_code: str = "", *, by: User | None, **facts: Unpack[PlaceFacts]) -> Location:
    """Make or change a place, or a facility in one. Events that wait for it are read again.

    Where its zone or what it is the same as changed, so are the events that stand at it. Raises DomainError `invalid`,
    `unknown_zone`, `unknown_place` (a facility in no place), `iata_taken`, `half_a_point`.
    """
    lock_mappings(to_write=True)
    code, facility = unlocode.strip().upper(), facility_code.strip().upper()
    place = Location.objects.filter(unlocode=code, facility_code=facility).first()
    is_new = place is None
    row = place or _new(code, facility)
    before = (row.time_zone, row.same_as_id)
    for name, value in facts.items():
        setattr(row, name, printable(value).strip() if isinstance(value, str) else value)
    row.iata = row.iata.upper()
    _check_place(row)
    row.save()
    moved = not is_new and before != (row.time_zone, row.same_as_id)
    affected = Affected(_keys_of(row), (row.pk,) if moved else ())
    resolve_again(affected, title=_("Events at %s") % row.code, by=by)
    return row


@transaction.atomic
def save_alias(place: Location, *, by: User | None, **naming: Unpack[Naming]) -> LocationAlias:
    """Have `place` known by another code or name from now on; one that led elsewhere leads here. Events follow.

    Raises DomainError `unknown_kind`, `unknown_mode`, `value_missing`, `not_a_gln`.
    """
    lock_mappings(to_write=True)
    alias, before = _put(place, naming, by)
    resolve_again(_affected(alias, before, _meant(place)), title=_("Events at “%s”") % alias.value, by=by)
    return alias


@transaction.atomic
def preview_alias(place: Location, **naming: Unpack[Naming]) -> Preview:
    """What `save_alias` would do to the events, without doing it. Raises the same."""
    point = transaction.savepoint()
    alias, before = _put(place, naming, None)
    found = preview(_affected(alias, before, _meant(place)))
    transaction.savepoint_rollback(point)
    return found


@transaction.atomic
def delete_alias(alias: LocationAlias, *, by: User | None) -> None:
    """Have the place known by this no more. The events that stand there by it are read again, by a job."""
    lock_mappings(to_write=True)
    stands = LocationAlias.objects.select_related("location").filter(pk=alias.pk).first()
    if stands is None:
        return
    affected = _affected(stands, _meant(stands.location), None)
    stands.delete()
    resolve_again(affected, title=_("Events at “%s”") % alias.value, by=by)


def naming_of(key: str) -> Naming | None:
    """The alias that an event waits for: 'place:name:US-IL|SPRINGFIELD' as its parts; None for what is no such key."""
    head, _colon, rest = key.partition(":")
    kind, _colon, value = rest.partition(":")
    if head != "place" or kind not in AliasKind.values or not value:
        return None
    if kind != AliasKind.NAME:
        return Naming(kind=kind, value=value)
    within, _bar, name = value.partition("|")
    country, _dash, state = within.partition("-")
    return Naming(kind=kind, value=name, country=country, state=state)


def alias_row(place: Location, naming: Naming, by: User | None) -> LocationAlias:
    """The row to be, its value as aliases are compared. Raises as `save_alias` does."""
    kind, mode = naming["kind"], naming.get("mode", "")
    if kind not in AliasKind.values:
        raise DomainError("unknown_kind", _("The kind is one of %s.") % ", ".join(AliasKind.values), field="kind")
    if mode and mode not in MODES:
        raise DomainError("unknown_mode", _("The mode is one of %s.") % ", ".join(MODES), field="mode")
    said = printable(naming["value"]).strip()
    if not said:
        raise DomainError("value_missing", _("Write the code or name as they send it."), field="value")
    value = alias_value(kind, said, naming.get("country", ""), naming.get("state", ""))
    if kind == AliasKind.GLN:
        _check_gln(value)
    return LocationAlias(kind=kind, value=value, mode=mode, source=naming.get("source"), location=place, created_by=by)


def _put(place: Location, naming: Naming, by: User | None) -> tuple[LocationAlias, int | None]:
    """The alias as it is now, and the place that it led to before."""
    row = alias_row(place, naming, by)
    stands = LocationAlias.objects.filter(kind=row.kind, value=row.value, mode=row.mode, source=row.source).first()
    if stands is None:
        row.save()
        return row, None
    before = _meant(stands.location)
    stands.location, stands.created_by = place, by
    stands.save(update_fields=["location", "created_by"])
    return stands, before


def _affected(alias: LocationAlias, led_to: int | None, leads_to: int | None) -> Affected:
    """What waits for this name, and what stands where it led to before, or would lead to by itself."""
    by_itself = _without_alias(alias) if leads_to is not None else []
    places = {pk for pk in (led_to, *by_itself) if pk is not None and pk != leads_to}
    return Affected((f"place:{alias.kind}:{alias.value}",), tuple(sorted(places)), alias.source_id)


def _meant(place: Location) -> int:
    """Where events of a place stand: at what it is the same as."""
    return place.same_as_id or place.pk


def _without_alias(alias: LocationAlias) -> list[int]:
    """The places that the value of an alias names by itself, and what those are the same as."""
    conditions: dict[str, Q] = {
        AliasKind.UNLOCODE: Q(unlocode=alias.value[:5], facility_code=""),
        AliasKind.IATA: Q(iata=alias.value),
        AliasKind.TERMINAL: Q(unlocode=alias.value[:5], facility_code=alias.value[6:], kind=LocationKind.FACILITY),
        AliasKind.NAME: Q(country=alias.value[:2], name__iexact=alias.value.partition("|")[2]),
    }
    found = conditions.get(alias.kind)
    if found is None:
        return []
    return [same_as or pk for pk, same_as in Location.objects.filter(found).values_list("pk", "same_as_id")]


def _new(code: str, facility: str) -> Location:
    if facility:
        known = Location.objects.filter(unlocode=code, facility_code="").first()
        if known is None:
            raise DomainError("unknown_place", _("There is no place %s for the facility.") % code, field="unlocode")
        return Location(
            kind=LocationKind.FACILITY, unlocode=code, facility_code=facility, country=known.country,
            subdivision=known.subdivision, time_zone=known.time_zone,
        )  # fmt: skip
    return Location(unlocode=code, country=code[:2])


def _check_place(row: Location) -> None:
    if row.time_zone and (row.time_zone[:1] in "+-Z" or load_zone(row.time_zone) is None):
        text = _("A time zone is written like Europe/Amsterdam.")
        raise DomainError("unknown_zone", text, field="time_zone")
    if (row.latitude is None) != (row.longitude is None):
        text = _("A point has a latitude and a longitude.")
        raise DomainError("half_a_point", text, field="longitude" if row.longitude is None else "latitude")
    others = Location.objects.filter(iata=row.iata).exclude(iata="").exclude(pk=row.pk)
    if other := others.exclude(same_as=row.pk).first():
        raise DomainError("iata_taken", _("%s has this airport code already.") % other, field="iata")
    if row.same_as is not None and (row.same_as_id == row.pk or row.same_as.same_as_id is not None):
        raise DomainError("invalid", _("A place is the same as one that stands by itself."), field="same_as")
    if row.same_as is not None and row.pk and (other := row.aliases.first()):
        raise DomainError("invalid", _("%s is said to be the same as this place.") % other, field="same_as")
    checked(row, exclude=("same_as",))


def _check_gln(value: str) -> None:
    """Thirteen digits with the check digit of GS1 (General Specifications 7.9)."""
    try:
        if len(ean.validate(value)) != 13:
            raise BadNumber
    except BadNumber as error:
        text = _("A GLN has 13 digits, and the last one checks the others.")
        raise DomainError("not_a_gln", text, field="value") from error


def _keys_of(row: Location) -> tuple[str, ...]:
    """What events may wait under that this place resolves by itself."""
    if row.facility_code:
        return (f"place:{AliasKind.TERMINAL}:{alias_value('terminal', row.code)}",)
    names: list[Any] = [
        f"place:unlocode:{row.unlocode}",
        f"place:name:{alias_value('name', row.name, row.country)}",
    ]
    if row.subdivision:
        names.append(f"place:name:{alias_value('name', row.name, row.country, row.subdivision)}")
    if row.iata:
        names.append(f"place:iata:{row.iata}")
    return tuple(names)
