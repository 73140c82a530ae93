"""Whole lists of places, loaded by set: UN/LOCODE, terminals, GLNs, aliases.

The rule for what stands already: a list adds what is missing and fills in what is empty. Where the list says another
name, zone or point than the row, the row stays (a person may have put it right) and is counted as "kept"; only with
`overwrite` the list wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Upper

from core.bulk import insert_rows
from partners.models import User
from shipments.enums import AliasKind
from shipments.models import Location, LocationAlias
from shipments.normalise import alias_value
from shipments.services.placing import follow_places
from shipments.unlocode import PlaceRow

_STAGE = """
    CREATE TEMP TABLE place_stage (
        unlocode text, facility text, name text, country text, subdivision text, iata text, zone text,
        latitude numeric(8, 5), longitude numeric(8, 5), is_removed boolean
    ) ON COMMIT DROP
"""
_COPY = "COPY place_stage FROM STDIN"
# An airport code that another place has already stays with that one.
_TAKEN = """
    UPDATE place_stage s SET iata = '' FROM shipments_location l
    WHERE s.iata <> '' AND l.iata = s.iata AND (l.unlocode, l.facility_code) <> (s.unlocode, s.facility)
"""
_INDEX = "CREATE UNIQUE INDEX ON place_stage (unlocode, facility)"
_SAME = "l.unlocode = s.unlocode AND l.facility_code = s.facility"
_OTHER = f"""
    SELECT count(*) FILTER (WHERE (s.zone <> '' AND l.time_zone NOT IN ('', s.zone)) OR l.name <> s.name
        OR abs(l.latitude - s.latitude) > 0.1 OR abs(l.longitude - s.longitude) > 0.1)
    FROM place_stage s JOIN shipments_location l ON {_SAME}
"""  # noqa: S608 nothing in these comes from outside
_ZONES = """
    SELECT l.id FROM place_stage s JOIN shipments_location l ON {same}
    WHERE s.zone <> '' AND l.time_zone <> s.zone AND (l.time_zone = '' OR %s)
"""
_FILL = """
    UPDATE shipments_location l SET subdivision = n.subdivision, iata = n.iata, time_zone = n.zone,
        latitude = n.latitude, longitude = n.longitude
    FROM (
        SELECT l.id, coalesce(nullif(l.subdivision, ''), s.subdivision) AS subdivision,
            coalesce(nullif(l.iata, ''), s.iata) AS iata, coalesce(nullif(l.time_zone, ''), s.zone) AS zone,
            coalesce(l.latitude, s.latitude) AS latitude, coalesce(l.longitude, s.longitude) AS longitude
        FROM place_stage s JOIN shipments_location l ON {same}
    ) n
    WHERE l.id = n.id AND (l.subdivision, l.iata, l.time_zone, l.latitude, l.longitude)
        IS DISTINCT FROM (n.subdivision, n.iata, n.zone, n.latitude, n.longitude)
"""
_OVERWRITE = """
    UPDATE shipments_location l SET name = n.name, subdivision = n.subdivision, iata = n.iata, time_zone = n.zone,
        latitude = n.latitude, longitude = n.longitude
    FROM (
        SELECT l.id, s.name, coalesce(nullif(s.subdivision, ''), l.subdivision) AS subdivision,
            coalesce(nullif(s.iata, ''), l.iata) AS iata, coalesce(nullif(s.zone, ''), l.time_zone) AS zone,
            coalesce(s.latitude, l.latitude) AS latitude, coalesce(s.longitude, l.longitude) AS longitude
        FROM place_stage s JOIN shipments_location l ON {same}
    ) n
    WHERE l.id = n.id AND (l.name, l.subdivision, l.iata, l.time_zone, l.latitude, l.longitude)
        IS DISTINCT FROM (n.name, n.subdivision, n.iata, n.zone, n.latitude, n.longitude)
"""
_INSERT = f"""
    INSERT INTO shipments_location (kind, unlocode, facility_code, name, country, subdivision, iata, time_zone,
        latitude, longitude)
    SELECT CASE WHEN s.facility = '' THEN 'place' ELSE 'facility' END, s.unlocode, s.facility, s.name, s.country,
        s.subdivision, s.iata, s.zone, s.latitude, s.longitude
    FROM place_stage s WHERE NOT s.is_removed
        AND NOT EXISTS (SELECT 1 FROM shipments_location l WHERE {_SAME})
        AND (s.facility = '' OR EXISTS (
            SELECT 1 FROM shipments_location l WHERE l.unlocode = s.unlocode AND l.facility_code = ''))
    ORDER BY s.unlocode, s.facility ON CONFLICT DO NOTHING
"""  # noqa: S608
# A facility lies in the zone of its place where the list says nothing.
_INHERIT = """
    UPDATE place_stage s SET zone = coalesce(nullif(s.zone, ''), l.time_zone), subdivision = l.subdivision
    FROM shipments_location l WHERE s.facility <> '' AND l.unlocode = s.unlocode AND l.facility_code = ''
"""
_ZONELESS = f"SELECT count(*) FROM place_stage s JOIN shipments_location l ON {_SAME} WHERE l.time_zone = ''"  # noqa: S608
_STANDING = f"SELECT count(*) FROM place_stage s JOIN shipments_location l ON {_SAME}"  # noqa: S608
_AT_ONCE = 20_000

Tell = Callable[[str], Any]
# (kind, value, mode, UN/LOCODE, facility code)
AliasLine = tuple[str, str, str, str, str]
# UN/LOCODE, facility code, name, subdivision, IATA code, zone, latitude, longitude, is removed.
Entry = tuple[str, str, str, str, str, str, str, str, bool]


@transaction.atomic
def load_unlocode(
    rows: Sequence[PlaceRow], *, by: User | None, overwrite: bool = False, tell: Tell | None = None
) -> dict[str, int]:
    """Bring the places up to the list, and make aliases of its "Vienna = Wien" lines and of its plain spellings.

    What the list removes stays, because shipments may name it; it is only not added.

    Returns counts: inserted, updated, unchanged, kept (the list says otherwise), removed, without_zone, aliases,
    unresolved (aliases that lead to no place, or to more than one).
    """
    places = [row for row in rows if row.code]
    entries: list[Entry] = [
        (r.code, "", r.name, r.subdivision, r.iata, r.zone, r.latitude, r.longitude, r.is_removed) for r in places
    ]
    counts = _load(entries, by=by, overwrite=overwrite, tell=tell)
    lines, unresolved = _names(rows, places)
    counts |= {"aliases": load_aliases(lines, by=by)["inserted"], "unresolved": unresolved}
    return counts


@transaction.atomic
def load_facilities(entries: Sequence[Entry], *, by: User | None, overwrite: bool = False) -> dict[str, int]:
    """Terminals and other facilities in places that are known; those in places that are not are counted as
    `without_place`. Each is known by its terminal code as well."""
    counts = _load(entries, by=by, overwrite=overwrite, tell=None)
    lines: list[AliasLine] = [
        (AliasKind.TERMINAL, f"{code}/{facility}", "", code, facility) for code, facility, *_rest in entries
    ]
    loaded = load_aliases(lines, by=by)
    return {**counts, "aliases": loaded["inserted"], "without_place": loaded["without_place"]}


@transaction.atomic
def load_aliases(lines: Iterable[AliasLine], *, by: User | None) -> dict[str, int]:
    """(kind, value as aliases are compared, mode, UN/LOCODE, facility code): those that are not there yet.

    An alias that stands is kept wherever it leads. Returns counts: inserted, kept, without_place.
    """
    wanted = list({(kind, value, mode): (kind, value, mode, code, facility)
                   for kind, value, mode, code, facility in lines if value}.values())  # fmt: skip
    counts = {"inserted": 0, "kept": 0, "without_place": 0}
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        codes = {code for *_rest, code, _facility in part}
        ids = {
            (code, facility): pk
            for pk, code, facility in Location.objects.filter(unlocode__in=codes).values_list(
                "pk", "unlocode", "facility_code"
            )
        }
        rows = [
            (kind, value[:120], mode, ids[code, facility], by.pk if by else None)
            for kind, value, mode, code, facility in part
            if (code, facility) in ids
        ]
        columns = ["kind", "value", "mode", "location", "created_by"]
        made = insert_rows(LocationAlias, columns, rows, on_conflict="DO NOTHING", returning="id")
        counts["inserted"] += len(made)
        counts["kept"] += len(rows) - len(made)
        counts["without_place"] += len(part) - len(rows)
    return counts


@transaction.atomic
def load_name_aliases(sought: Sequence[tuple[str, str, str]], *, by: User | None) -> dict[str, int]:
    """(country, other name, name it is the same as): an alias where one place of the country alone has that name and
    none has the other. Returns counts as `load_aliases`, and `unresolved`."""
    countries = {country for country, _, _ in sought}
    names = {name.upper() for _, other, meant in sought for name in (other, meant)}
    rows = Location.objects.places().annotate(capitals=Upper("name"))
    rows = rows.filter(country__in=countries, capitals__in=names)
    owners: dict[str, set[str]] = defaultdict(set)
    for code, country, name in rows.values_list("unlocode", "country", "name"):
        owners[alias_value(AliasKind.NAME, name, country)].add(code)
    lines: list[AliasLine] = []
    for country, other, meant in sought:
        codes = owners.get(alias_value(AliasKind.NAME, meant, country), set())
        value = alias_value(AliasKind.NAME, other, country)
        if len(codes) == 1 and value not in owners:
            lines.append((AliasKind.NAME, value, "", next(iter(codes)), ""))
    return {**load_aliases(lines, by=by), "unresolved": len(sought) - len(lines)}


def _load(entries: Sequence[Entry], *, by: User | None, overwrite: bool, tell: Tell | None) -> dict[str, int]:
    _stage(entries, tell)
    counts = {"inserted": 0, "updated": 0, "unchanged": 0, "kept": 0, "removed": 0, "without_zone": 0}
    with connection.cursor() as cursor:
        cursor.execute(_INHERIT)
        cursor.execute(_TAKEN)
        cursor.execute(_ZONES.format(same=_SAME), [overwrite])
        moved = [pk for (pk,) in cursor.fetchall()]
        standing = _number(cursor, _STANDING)
        cursor.execute((_OVERWRITE if overwrite else _FILL).format(same=_SAME))
        counts["updated"] = cursor.rowcount
        counts["kept"] = 0 if overwrite else _number(cursor, _OTHER)
        cursor.execute(_INSERT)
        counts["inserted"] = cursor.rowcount
        counts["unchanged"] = standing - counts["updated"]
        counts["removed"] = sum(entry[-1] for entry in entries)
        counts["without_zone"] = _number(cursor, _ZONELESS)
    if tell:
        tell(f"{counts['inserted']} places added, {counts['updated']} changed")
    follow_places(moved, by=by)
    return counts


def _stage(entries: Sequence[Entry], tell: Tell | None) -> None:
    seen: dict[tuple[str, str], Entry] = {(entry[0], entry[1]): entry for entry in entries}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS place_stage")
        cursor.execute(_STAGE)
        with cursor.copy(_COPY) as copy:
            for number, entry in enumerate(seen.values(), start=1):
                code, facility, name, subdivision, iata, zone, latitude, longitude, is_removed = entry
                copy.write_row(
                    (code, facility, name, code[:2], subdivision, iata, zone, latitude or None, longitude or None,
                     is_removed)
                )  # fmt: skip
                if tell and number % _AT_ONCE == 0:
                    tell(f"{number} of {len(seen)} read")
        cursor.execute(_INDEX)
        cursor.execute("ANALYZE place_stage")


def _number(cursor: Any, sql: str) -> int:
    cursor.execute(sql)
    return int(cursor.fetchone()[0])


def _names(rows: Sequence[PlaceRow], places: Sequence[PlaceRow]) -> tuple[list[AliasLine], int]:
    """Aliases by name, as far as one place of the country alone has the name; and how many lead nowhere."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in places:
        for name in {row.name, row.plain} - {""}:
            owners[alias_value(AliasKind.NAME, name, row.country)].add(row.code)
    lines: list[AliasLine] = []
    for row in places:
        value = alias_value(AliasKind.NAME, row.plain, row.country)
        if row.plain and row.plain != row.name and len(owners[value]) == 1 and not row.is_removed:
            lines.append((AliasKind.NAME, value, "", row.code, ""))
    unresolved = 0
    for row in rows:
        if not row.same_as:
            continue
        codes = owners.get(alias_value(AliasKind.NAME, row.same_as, row.country), set())
        value = alias_value(AliasKind.NAME, row.name, row.country)
        if len(codes) == 1 and not owners.get(value):
            lines.append((AliasKind.NAME, value, "", next(iter(codes)), ""))
        else:
            unresolved += 1
    return lines, unresolved
