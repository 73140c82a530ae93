"""Rows of a CSV, one after the other: charset and delimiter found out, nothing held but the bytes. Pure."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

_DELIMITERS = ",;\t|"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Looked at to find out the delimiter.
_HEAD = 1 << 16
_CHUNK = 1 << 20
# As many cells of Excel's longest as a row may have columns: no line is longer for a good reason.
MAX_LINE = 200 * 32_767


class Delimited:
    """`rows()`: (number from 1 as a spreadsheet counts, cells). `percent`: how much of the bytes is read."""

    def __init__(self, raw: bytes, options: Mapping[str, Any]) -> None:
        self._bytes = io.BytesIO(raw)
        self._size = max(1, len(raw))
        self._charset = _charset(raw, str(options.get("charset") or ""))
        self._delimiter = str(options.get("delimiter") or "")
        self._heading = options.get("header_row")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Raises csv.Error where the text is no table any more."""
        text = io.TextIOWrapper(self._bytes, encoding=self._charset, errors="replace", newline="")
        head = text.read(_HEAD)
        text.seek(0)
        lines = _Lines(text)
        first = next(lines, "")
        number = 1
        if first[:4].lower() == "sep=" and len(first.rstrip("\r\n")) == 5:
            self._delimiter, number = first[4], 2
        else:
            text.seek(0)
        delimiter = self._delimiter if len(self._delimiter) == 1 else _likely(head, self._heading)
        yield from enumerate(csv.reader(_Lines(text), delimiter=delimiter), start=number)

    @property
    def percent(self) -> int:
        return min(99, self._bytes.tell() * 100 // self._size)


class _Lines:
    """The lines of a text. Not the text itself: csv would have its position blocked."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        if len(line) > MAX_LINE:
            raise csv.Error(f"a line has more than {MAX_LINE:,} characters")
        return line


def _charset(raw: bytes, named: str) -> str:
    """By the byte order mark, by name, else UTF-8 where all of it is, else Windows-1252 with what it does not know."""
    if raw.startswith(_UTF_16):
        return "utf-16"
    if named and _is_charset(named):
        return named
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(raw), _CHUNK):
            decoder.decode(raw[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252" if not any(sign in raw for sign in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")) else "latin-1"
    return "utf-8-sig"


def _is_charset(name: str) -> bool:
    try:
        # Some of Python's codecs are no charsets: "zip", "hex".
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def _likely(head: str, header_row: object) -> str:
    """The delimiter that the heading has most of, outside of quotes."""
    lines = [line for line in head.splitlines() if line.strip()]
    number = header_row - 1 if isinstance(header_row, int) and 0 < header_row <= len(head.splitlines()) else -1
    heading = head.splitlines()[number] if number >= 0 else (lines[0] if lines else "")
    bare = "".join(heading.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)
