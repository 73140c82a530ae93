"""Rows of an Excel workbook (XLSX, ECMA-376). What it would unpack to is known before any of it is unpacked. Pure."""

from __future__ import annotations

import functools
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum, WorksheetNotFound

from shipments.formats.json_text import Unreadable
from shipments.formats.row_events import LONGEST_CELL, Cell

MAX_ENTRIES = 1_000
MAX_UNPACKED = 64 << 20
MAX_SHEETS = 200
MAX_STRINGS = 1_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
# Rows times columns: the reader holds the whole rectangle.
MAX_CELLS = 2_000_000
_CHUNK = 1 << 18
_OLE = b"\xd0\xcf\x11\xe0"
_NESTED = (".zip", ".xlsx", ".xlsm", ".xlsb", ".docx", ".gz", ".7z", ".rar")
_TAG = rb"<(?:[\w.-]{1,40}:)?"
_CELL = re.compile(_TAG + rb"""(c|row)(?=[\s/>])(?:[^>]{0,200}?\sr=["']([A-Z]{0,4})(\d{1,10})["'])?""")
_STRING = re.compile(_TAG + rb"si[\s/>]")
_END = b"PK\x05\x06"


class Workbook:
    """`rows()`: (number from 1 as Excel counts, cells) of one sheet. `percent`: how much of it is read."""

    def __init__(self, raw: bytes, options: Mapping[str, Any]) -> None:
        self._raw = raw
        self._sheet = options.get("sheet")
        self._read, self._all = 0, 1

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Raises Unreadable, before anything is unpacked, for a workbook that is none or could be a trap."""
        check_archive(self._raw)
        try:
            workbook = CalamineWorkbook.from_filelike(io.BytesIO(self._raw))
            sheet = workbook.get_sheet_by_name(self._name(workbook))
            self._all = max(1, sheet.height)
            first = sheet.start[0] + 1 if sheet.start else 1
            left = [""] * (sheet.start[1] if sheet.start else 0)
            for number, row in enumerate(sheet.iter_rows(), start=first):
                self._read += 1
                # Columns that are empty from the top are left out by the reader.
                yield number, [*left, *row]
        except Unreadable:
            raise
        except PasswordError:
            raise _protected() from None
        except (CalamineError, WorksheetNotFound, ValueError) as error:
            raise Unreadable("not_a_workbook", f"The workbook cannot be read: {str(error)[:150]}.") from None

    @property
    def percent(self) -> int:
        return min(99, self._read * 100 // self._all)

    def _name(self, workbook: CalamineWorkbook) -> str:
        """The sheet of the template, by name or by number from 1; else the first that is shown."""
        names = workbook.sheet_names
        if isinstance(self._sheet, int) and 0 < self._sheet <= len(names):
            return names[self._sheet - 1]
        if self._sheet:
            if str(self._sheet) in names:
                return str(self._sheet)
            there = ", ".join(names[:20])
            raise Unreadable("no_such_sheet", f"The workbook has no sheet {self._sheet!s:.40}; it has {there:.200}.")
        shown = [meta.name for meta in workbook.sheets_metadata if meta.visible == SheetVisibleEnum.Visible]
        if not (shown or names):
            raise Unreadable("not_a_workbook", "The workbook has no sheet.")
        return (shown or names)[0]


def is_workbook(raw: bytes) -> bool:
    """Whether to read this here: also what looks like a workbook and is refused with the reason."""
    return raw.startswith((b"PK\x03\x04", _END, _OLE))


def check_archive(raw: bytes) -> None:
    """Refuse (Unreadable) what is no XLSX, or unpacks to more than the limits, from the archive's directory first."""
    if raw.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise _protected()
        raise Unreadable("old_workbook", "This is an old Excel workbook (.xls). Save it as .xlsx and send that.")
    if _announced(raw) > MAX_ENTRIES:
        raise _limit(f"it holds more than {MAX_ENTRIES} parts")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            _check_directory(entries)
            _check_parts(archive, entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError,
            ValueError, struct.error, OSError) as error:  # fmt: skip
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("not_a_workbook", "The workbook is damaged: its archive cannot be read.") from None


def _announced(raw: bytes) -> int:
    """The number of entries that the end of the archive announces (APPNOTE 4.3.16), before they are listed."""
    at = raw.rfind(_END, max(0, len(raw) - 65_557))
    if at < 0 or len(raw) < at + 12:
        return 0
    count = int(struct.unpack_from("<H", raw, at + 10)[0])
    size = int(struct.unpack_from("<I", raw, at + 12)[0]) if len(raw) >= at + 16 else 0
    # 0xFFFF: the true number stands elsewhere. An entry takes 46 bytes of the directory at least.
    return max(count, size // 300 if size < 0xFFFFFFFF else 0)


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _limit(f"it holds more than {MAX_ENTRIES} parts")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise _unsafe("two parts have one name")
    for entry in entries:
        _check_entry(entry)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _limit(f"it unpacks to more than {MAX_UNPACKED >> 20} MiB")
    if sum(name.startswith("xl/worksheets/") for name in names) > MAX_SHEETS:
        raise _limit(f"it has more than {MAX_SHEETS} sheets")
    if "xl/workbook.xml" not in names:
        kind = (
            "a binary workbook (.xlsb)" if "xl/workbook.bin" in names else "an archive, and no Excel workbook (.xlsx)"
        )
        raise Unreadable("not_a_workbook", f"This is {kind}. Save it as .xlsx and send that.")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if entry.flag_bits & 0x1:
        raise _protected()
    if name.startswith(("/", "\\")) or ":" in name or ".." in re.split(r"[/\\]", name) or len(name) > 255:
        raise _unsafe("a part lies outside of it")
    if name.lower().endswith(_NESTED):
        raise _unsafe("another archive is packed in it")
    if name.lower().endswith("vbaproject.bin"):
        raise Unreadable("macros", "The workbook holds macros (.xlsm). Save it as .xlsx and send that.")


def _check_parts(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack in small pieces, counting: what the directory says need not be true."""
    for entry in entries:
        if entry.filename == "xl/sharedStrings.xml":
            if sum(len(_STRING.findall(piece)) for piece in _pieces(archive, entry)) > MAX_STRINGS:
                raise _limit(f"it has more than {MAX_STRINGS:,} texts")
        elif entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
            _check_sheet(archive, entry)


def _check_sheet(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    size = _Size()
    for piece in _pieces(archive, entry):
        size.count(_CELL.findall(piece))
        if size.bottom > MAX_ROWS + 1_000:
            raise _limit(f"a sheet has more than {MAX_ROWS:,} rows")
        if size.right > MAX_COLUMNS:
            raise _limit(f"a sheet has more than {MAX_COLUMNS} columns")
        if size.bottom * size.right > MAX_CELLS or size.cells > MAX_CELLS:
            raise _limit(f"a sheet has more than {MAX_CELLS:,} cells")


@dataclass(slots=True)
class _Size:
    """Of the rectangle a sheet's cells span. A row or cell without a reference stands after the one before it."""

    bottom: int = 0
    right: int = 0
    cells: int = 0
    rows: int = 0
    in_row: int = 0

    def count(self, tags: list[tuple[bytes, bytes, bytes]]) -> None:
        right, bottom, in_row = self.right, self.bottom, self.in_row
        for tag, letters, digits in tags:
            if tag == b"c":
                in_row = _column(letters) if letters else in_row + 1
                right = max(right, in_row)
            else:
                in_row = 0
                self.rows += 1
            if digits:
                bottom = max(bottom, int(digits))
        self.cells += len(tags)
        self.right, self.bottom, self.in_row = right, max(bottom, self.rows), in_row


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part in pieces that end between two tags."""
    kept = b""
    with archive.open(entry) as part:
        while piece := part.read(_CHUNK):
            text = kept + piece
            end = text.rfind(b"<")
            # A text longer than a piece has no tag in it: nothing to find.
            kept = text[end:] if end > 0 and len(text) - end < 4096 else b""
            yield text[:end] if kept else text
    if kept:
        yield kept


@functools.lru_cache(20_000)
def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def check_cells(row: Sequence[Cell]) -> None:
    """Refuse (Unreadable) the row that holds a text longer than Excel's own longest."""
    if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in row):
        raise Unreadable("too_long", f"A cell holds more than {LONGEST_CELL:,} characters.")


def _limit(what: str) -> Unreadable:
    return Unreadable("workbook_too_large", f"The workbook is not read: {what}.")


def _unsafe(what: str) -> Unreadable:
    return Unreadable("workbook_unsafe", f"The workbook is not read: {what}.")


def _protected() -> Unreadable:
    return Unreadable("workbook_protected", "The workbook is protected by a password. Save it without one.")
