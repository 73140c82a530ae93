"""What a file is, told from its bytes, and a name for it that is safe to keep. Pure.

The sender's own word for the type is never asked: a page that runs in a browser could be called anything.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile

LONGEST_NAME = 200
# Of an archive no more entries than this are looked at: a workbook has a few dozen.
_ENTRIES = 5_000
_SEARCHED = 1024

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
TEXT, CSV, XML = "text/plain", "text/csv", "application/xml"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# What may be filed → how its name may end; the first is put behind a name that says something else.
ENDINGS: dict[str, tuple[str, ...]] = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    TIFF: (".tif", ".tiff"),
    XLSX: (".xlsx",),
    DOCX: (".docx",),
    XML: (".xml",),
    CSV: (".csv",),
    TEXT: (".txt", ".edi", ".eml", ".json"),
}
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_PARTS = {"xl/workbook.xml": XLSX, "word/document.xml": DOCX}
# Control signs that no text has, but for those that lay it out or part the segments of an interchange.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b\x7f]")
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def content_type_of(body: bytes, name: str = "") -> str:
    """The type of these bytes, one of ENDINGS, or "" for what is not taken. `name` only tells CSV from other text.

    Archives other than Office documents, documents with macros, old Office formats and programs are not taken.
    """
    for start, content_type in _STARTS:
        if body.startswith(start):
            return content_type
    # ISO 32000-1, 7.5.2, note 13 of annex H: readers find the header within the first 1,024 bytes.
    if b"%PDF-" in body[:_SEARCHED]:
        return PDF
    if body.startswith(b"PK\x03\x04"):
        return _office(body)
    text = _text(body)
    if not text.strip():
        return ""
    if text.lstrip().startswith("<?xml"):
        return XML
    return CSV if name.lower().endswith(".csv") else TEXT


def safe_name(said: str, content_type: str) -> str:
    """A name of 200 characters at most without folders, signs that nobody sees and a leading dot, ending as its type.

    "../é\u202efdp.exe" of a PDF becomes "éfdp.exe.pdf"; without any name it is "document.pdf".
    """
    last = unicodedata.normalize("NFC", said).replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(" .")
    endings = ENDINGS[content_type]
    stem, ending = plain, endings[0]
    for one in endings:
        if plain.lower().endswith(one):
            stem, ending = plain[: -len(one)], one
    return (stem.strip(" .")[: LONGEST_NAME - len(ending)] or "document") + ending


def _office(body: bytes) -> str:
    """By the list of the archive alone: nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = {entry.filename for entry in archive.infolist()[:_ENTRIES]}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return ""
    if any(name.endswith("vbaProject.bin") for name in names):
        return ""
    return next((kind for part, kind in _PARTS.items() if part in names), "")


def _text(body: bytes) -> str:
    """The bytes as text, or "" where they are none: Unicode with or without a mark, or Windows-1252."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "")
    for name in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = body.decode(name)
        except UnicodeDecodeError:
            continue
        return "" if _NO_TEXT.search(text) else text
    return ""
