"""UN/LOCODE in its official and its enriched form. Pure: text in, rows out.

The official list (UNECE Recommendation 16) is three CSV parts without a heading: change indicator, country, location,
name, name without diacritics, subdivision, status and function (either order), date, IATA code, coordinates
("5155N 00430E"), remarks.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shipments.zones import load_zone, zone_of

_COORDINATES = re.compile(r"(\d{2})(\d{2})([NS]) (\d{3})(\d{2})([EW])\Z")
_CODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}\Z")
_FUNCTION = re.compile(r"[0-7B-]{8}\Z")
# How a heading may call what we need, in small letters and without signs.
_HEADINGS = {
    "locode": "code", "unlocode": "code", "change": "change", "ch": "change", "country": "country",
    "location": "location", "name": "name", "nameascii": "plain", "namewodiacritics": "plain",
    "subdivision": "subdivision", "subdiv": "subdivision", "status": "status", "function": "function", "iata": "iata",
    "coordinates": "coordinates", "lat": "latitude", "latitude": "latitude", "lon": "longitude",
    "longitude": "longitude", "tz": "zone", "timezone": "zone", "tzsource": "zone_source",
}  # fmt: skip
_OFFICIAL = ("change", "country", "location", "name", "plain", "subdivision", "status", "function", "date", "iata",
             "coordinates", "remarks")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One entry. `plain`: the name without diacritics. `zone`: IANA, empty when not known.

    `same_as`: of an entry "Vienna = Wien" without a code of its own, the name that it leads to. `is_removed`: the list
    drops it (change indicator X).
    """

    code: str
    country: str
    name: str
    plain: str = ""
    subdivision: str = ""
    iata: str = ""
    latitude: str = ""
    longitude: str = ""
    zone: str = ""
    is_airport: bool = False
    same_as: str = ""
    is_removed: bool = False


def decoded(raw: bytes) -> str:
    """UTF-8, with or without a mark at the beginning; else Latin-1, as UNECE writes it."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_unlocode(texts: Iterable[str]) -> list[PlaceRow]:
    """The entries of one or more files, whichever form each has. Lines that are none (headings of countries) are left
    out; of a code that comes twice, the last counts."""
    found: dict[str, PlaceRow] = {}
    aliases: list[PlaceRow] = []
    for text in texts:
        for row in _rows(text):
            if row.same_as:
                aliases.append(row)
            else:
                found[row.code] = row
    return [*_with_iata(list(found.values())), *aliases]


def _rows(text: str) -> Iterator[PlaceRow]:
    lines = csv.reader(io.StringIO(text.replace("\x00", "")))
    names: Sequence[str] = ()
    for line in lines:
        if not names:
            heading = [_HEADINGS.get(re.sub(r"[^a-z]", "", cell.lower()), "") for cell in line]
            names = heading if {"country", "name"} <= set(heading) else _OFFICIAL
            if names is heading:
                continue
        if len(line) >= 5 and (row := _row(dict(zip(names, (cell.strip() for cell in line), strict=False)))):
            yield row


def _row(said: dict[str, str]) -> PlaceRow | None:
    if not _FUNCTION.match(said.get("function", "")) and _FUNCTION.match(said.get("status", "")):
        said["function"], said["status"] = said["status"], said.get("function", "")
    country = said.get("country", "").upper()
    name = said.get("name", "")
    code = (said.get("code") or country + said.get("location", "")).upper()
    if "=" in name and (said.get("change") == "=" or not _CODE.match(code)):
        other, _sign, meant = (part.strip() for part in name.partition("="))
        return PlaceRow("", country, other[:200], same_as=meant) if other and meant else None
    if not _CODE.match(code) or not name:
        return None
    latitude, longitude = _where(said)
    subdivision = said.get("subdivision", "")[:3]
    return PlaceRow(
        code=code,
        country=code[:2],
        name=name[:200],
        plain=said.get("plain", "")[:200],
        subdivision=subdivision,
        iata=_iata(said),
        latitude=latitude,
        longitude=longitude,
        zone=_zone(said.get("zone", ""), code[:2], subdivision),
        is_airport=said.get("function", "")[3:4] == "4",
        is_removed=said.get("change", "").upper() == "X",
    )


def _zone(said: str, country: str, subdivision: str) -> str:
    return said if said and load_zone(said) is not None else zone_of(country, subdivision)


def _where(said: dict[str, str]) -> tuple[str, str]:
    """Latitude and longitude in degrees, '' when not given or not on earth."""
    if read := _COORDINATES.match(said.get("coordinates", "").upper()):
        latitude = (int(read[1]) + int(read[2]) / 60) * (-1 if read[3] == "S" else 1)
        longitude = (int(read[4]) + int(read[5]) / 60) * (-1 if read[6] == "W" else 1)
        return degrees(latitude, longitude)
    try:
        return degrees(float(said.get("latitude", "")), float(said.get("longitude", "")))
    except ValueError:
        return "", ""


def degrees(latitude: float, longitude: float) -> tuple[str, str]:
    """As they are stored, '' for what is not on earth."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return "", ""
    return f"{latitude:.5f}", f"{longitude:.5f}"


def _iata(said: dict[str, str]) -> str:
    """As given; else the location's own three letters where IATA gave out the code, or the entry is an airport's."""
    given = said.get("iata", "").upper()
    if re.fullmatch("[A-Z]{3}", given):
        return given
    location = said.get("location", "").upper()
    is_theirs = said.get("function", "")[3:4] == "4" and (said.get("status") == "AI" or " Apt" in said.get("name", ""))
    return location if is_theirs and re.fullmatch("[A-Z]{3}", location) else ""


def _with_iata(rows: list[PlaceRow]) -> list[PlaceRow]:
    """An airport code names one place: that which has it as its own letters, then an airport, then nobody if two do."""
    best: dict[str, tuple[bool, bool]] = {}
    ranks = [(row.iata == row.code[2:], row.is_airport) for row in rows]
    for row, rank in zip(rows, ranks, strict=True):
        if row.iata:
            best[row.iata] = max(rank, best.get(row.iata, rank))
    winners = Counter(row.iata for row, rank in zip(rows, ranks, strict=True) if row.iata and rank == best[row.iata])
    return [
        replace(row, iata="") if row.iata and (rank != best[row.iata] or winners[row.iata] > 1) else row
        for row, rank in zip(rows, ranks, strict=True)
    ]
