"""Tables of terminals, GLNs and aliases as they are handed round: CSV text in, lines for the loader out. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from stdnum import ean

from shipments.enums import AliasKind
from shipments.normalise import alias_value
from shipments.unlocode import degrees

_UNLOCODE = re.compile(r"[A-Z]{2}[A-Z2-9]{3}\Z")
# (UN/LOCODE, facility code, name, subdivision, IATA code, zone, latitude, longitude, is removed)
Entry = tuple[str, str, str, str, str, str, str, str, bool]
# (kind, value, mode, UN/LOCODE, facility code)
AliasLine = tuple[str, str, str, str, str]


def read_terminals(text: str) -> list[Entry]:
    """A list such as SMDG's: UN/LOCODE, terminal code, name, latitude, longitude, by whatever heading."""
    found = []
    for row in _rows(text):
        code = _of(row, "unlocode", "locode", "portunlocode", "unlocationcode")
        terminal = _of(row, "terminalcode", "smdgcode", "code", "facilitycode", "facility")
        name = _of(row, "terminalfacilityname", "terminalname", "facilityname", "name") or terminal
        if not _UNLOCODE.match(code := code.replace(" ", "").upper()) or not 0 < len(terminal) <= 16:
            continue
        latitude, longitude = _point(_of(row, "latitude", "lat"), _of(row, "longitude", "lon", "long", "lng"))
        found.append((code, terminal.upper(), name[:200], "", "", "", latitude, longitude, False))
    return found


def read_glns(text: str) -> tuple[list[Entry], list[AliasLine], int]:
    """gln, unlocode, facility, name: the facilities, the aliases, and how many lines name no GLN or no UN/LOCODE."""
    entries: list[Entry] = []
    lines: list[AliasLine] = []
    wrong = 0
    for row in _rows(text):
        code, facility = _of(row, "unlocode", "locode").upper(), _of(row, "facility", "facilitycode").upper()[:16]
        gln = re.sub(r"\D", "", _of(row, "gln"))
        if not _UNLOCODE.match(code) or len(gln) != 13 or not ean.is_valid(gln):
            wrong += 1
            continue
        if facility:
            name = (_of(row, "name") or facility)[:200]
            entries.append((code, facility, name, "", "", "", *_point(_of(row, "lat"), _of(row, "lon")), False))
        lines.append((AliasKind.GLN.value, gln, "", code, facility))
    return entries, lines, wrong


def read_aliases(text: str) -> tuple[list[AliasLine], list[tuple[str, str, str]]]:
    """Our own export (kind, value, mode, unlocode, facility), and "Vienna = Wien" lines (Country, Name).

    The second list holds what has to be looked up: (country, name, name it is the same as).
    """
    lines: list[AliasLine] = []
    sought: list[tuple[str, str, str]] = []
    for row in _rows(text):
        code, kind = _of(row, "unlocode").upper(), _of(row, "kind").lower()
        if _UNLOCODE.match(code) and kind in AliasKind.values and (said := _of(row, "value")):
            value = said.upper() if kind == AliasKind.NAME else alias_value(kind, said)
            lines.append((kind, value, _of(row, "mode").upper()[:8], code, _of(row, "facility").upper()))
        for name in {_of(row, "name"), _of(row, "namewodiacritics")}:
            other, sign, meant = (part.strip() for part in name.partition("="))
            if sign and other and meant:
                sought.append((_of(row, "country").upper(), other, meant))
    return lines, sorted(set(sought))


def _rows(text: str) -> Iterator[dict[str, str]]:
    sample = text[:2000].splitlines()[0] if text.strip() else ""
    delimiter = ";" if sample.count(";") > sample.count(",") else ","
    lines = csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=delimiter)
    heading = [re.sub(r"[^a-z]", "", cell.lower()) for cell in next(lines, [])]
    for line in lines:
        yield dict(zip(heading, (cell.strip() for cell in line), strict=False))


def _of(row: dict[str, str], *names: str) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def _point(latitude: str, longitude: str) -> tuple[str, str]:
    try:
        return degrees(float(latitude), float(longitude))
    except ValueError:
        return "", ""
