"""Code mappings as a table to take away, to edit and to bring back. Nothing is written before it was checked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from partners.models import User
from shipments.formats.recognise import decode
from shipments.models import CodeMapping, Source
from shipments.outgoing.cells import defused, restored
from shipments.services.mappings import MappingValues, check_mapping, save_mapping

COLUMNS = ("format", "code_list", "raw_code", "source", "code", "classifier", "attributes", "note")
MOST_BYTES = 2 << 20
MOST_ROWS = 5000
NEW, CHANGED, SAME, ERROR = "new", "changed", "same", "error"
_MEANING = ("code", "classifier", "attributes", "note")
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One row of the file. `line`: in the file, from 1. `outcome`: new, changed, same or error (`message` says why).

    `before`: what the code means today; `values`: what the row says.
    """

    line: int
    outcome: str
    values: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    column: str = ""


def export_mappings(rows: Iterable[CodeMapping]) -> bytes:
    """The mappings as CSV (UTF-8 with a byte order mark, RFC 4180 lines). No cell can be taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = _values_of(row)
        writer.writerow([defused(_text(values[name])) for name in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def check_mappings(raw: bytes) -> list[MappingRow]:
    """What each row of the file would do. Writes nothing.

    Raises DomainError `too_large`, `not_a_table`, `columns_missing`, `too_many_rows`.
    """
    known = {_key(values): values for values in map(_values_of, _current())}
    sources = {source.code: source for source in Source.objects.all()}
    seen: set[_Key] = set()
    rows = []
    for line, cells in _lines(raw):
        row = _checked(line, cells, known, sources)
        if row.outcome != ERROR:
            key = _key(row.values)
            if key in seen:
                row = MappingRow(line, ERROR, row.values, message=_("The code stands in the file twice."))
            seen.add(key)
        rows.append(row)
    return rows


@transaction.atomic
def import_mappings(raw: bytes, *, by: User | None) -> list[MappingRow]:
    """Save what is new or changed; rows with errors are left out. Returns every row with what became of it."""
    rows = check_mappings(raw)
    sources = {source.code: source for source in Source.objects.all()}
    for row in rows:
        if row.outcome in (NEW, CHANGED):
            save_mapping(code=row.values["code"], by=by, **_said(row.values, sources))
    return rows


def _current() -> Iterable[CodeMapping]:
    return CodeMapping.objects.current().select_related("source")


def _values_of(row: CodeMapping) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in ("format", "code_list", "raw_code", "classifier")}
    source = row.source.code if row.source else ""
    return {**values, "source": source, "code": row.code_id, "attributes": row.attributes, "note": row.note}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


def _key(values: Mapping[str, Any]) -> _Key:
    return (values["format"], values["code_list"], values["raw_code"], values["source"])


def _lines(raw: bytes) -> Iterable[tuple[int, dict[str, str]]]:
    if len(raw) > MOST_BYTES:
        raise DomainError("too_large", _("A table of mappings may have 2 MiB at most."), field="file")
    text = decode(raw).replace("\x00", "")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        table = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        said = _("This is no table that can be read: %s") % error
        raise DomainError("not_a_table", said, field="file") from error
    names = [name.strip().lower() for name in table[0][1]] if table else []
    if missing := [name for name in ("format", "code_list", "raw_code", "code") if name not in names]:
        said = _("The first line must name the columns; missing: %s.") % ", ".join(missing)
        raise DomainError("columns_missing", said, field="file")
    if len(table) - 1 > MOST_ROWS:
        raise DomainError("too_many_rows", _("A table of mappings may have %d rows at most.") % MOST_ROWS, field="file")
    return [
        (line, dict(zip(names, (restored(cell.strip()) for cell in row), strict=False)))
        for line, row in table[1:]
        if any(cell.strip() for cell in row)
    ]


def _checked(
    line: int, cells: Mapping[str, str], known: Mapping[_Key, Mapping[str, Any]], sources: Mapping[str, Source]
) -> MappingRow:
    values: dict[str, Any] = {name: cells.get(name, "") for name in COLUMNS}
    try:
        values["attributes"] = attributes_of(values["attributes"])
        if values["source"] and values["source"] not in sources:
            raise DomainError("unknown_source", _("There is no source %s.") % values["source"], field="source")
        check_mapping(values["code"], _said(values, sources))
    except DomainError as error:
        return MappingRow(line, ERROR, values, message=error.message, column=error.field)
    before = known.get(_key(values), {})
    is_same = bool(before) and all(before[name] == values[name] for name in _MEANING)
    return MappingRow(line, SAME if is_same else CHANGED if before else NEW, values, before)


def attributes_text(attributes: Mapping[str, Any]) -> str:
    """As people write them: pairs, or JSON where a value is no plain text."""
    if all(isinstance(value, str) and not set(";={") & set(value) for value in attributes.values()):
        return ";".join(f"{name}={value}" for name, value in attributes.items())
    return json.dumps(attributes, ensure_ascii=False, sort_keys=True)


def attributes_of(text: str) -> dict[str, Any]:
    """A JSON object, or pairs as the product's own tables write them: mode=ROAD;stop=ORIGIN.

    Raises DomainError `attributes_unreadable`.
    """
    if not text.startswith("{"):
        pairs = [part.partition("=") for part in text.split(";") if part.strip()]
        if any(not sign or not name.strip() for name, sign, _value in pairs):
            raise DomainError(
                "attributes_unreadable", _("Write attributes as mode=ROAD;stop=ORIGIN."), field="attributes"
            )
        return {name.strip(): value.strip() for name, _sign, value in pairs}
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DomainError("attributes_unreadable", _("The attributes are not JSON."), field="attributes") from error
    return found


def _said(values: Mapping[str, Any], sources: Mapping[str, Source]) -> MappingValues:
    return {
        "format": values["format"],
        "code_list": values["code_list"],
        "raw_code": values["raw_code"],
        "source": sources.get(values["source"]),
        "classifier": values["classifier"],
        "attributes": values["attributes"],
        "note": values["note"][:200],
    }
