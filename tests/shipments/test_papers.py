"""What a file is, its bytes tell."""

from __future__ import annotations

import io
import zipfile

import pytest

from shipments.papers import CSV, DOCX, ENDINGS, JPEG, PDF, PNG, TEXT, TIFF, XLSX, XML, content_type_of, safe_name


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


WORKBOOK = archive("[Content_Types].xml", "xl/workbook.xml")
TYPES = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", PDF),
    "pdf behind a mark": (b"\xef\xbb\xbf\n%PDF-1.4", PDF),
    "png": (b"\x89PNG\r\n\x1a\n\0\0", PNG),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", JPEG),
    "tiff, little end first": (b"II*\x00\x08", TIFF),
    "tiff, big end first": (b"MM\x00*\x00", TIFF),
    "workbook": (WORKBOOK, XLSX),
    "letter": (archive("[Content_Types].xml", "word/document.xml"), DOCX),
    "xml": (b'\n<?xml version="1.0"?><a/>', XML),
    "xml in utf-16": ('\ufeff<?xml version="1.0"?><a/>'.encode("utf-16-le"), XML),
    "text": ("Größe\t3\r\n".encode(), TEXT),
    "text in windows-1252": (b"Gr\xf6\xdfe", TEXT),
    "interchange": (b"ISA*00*\x1d\x1e\x1c~", TEXT),
    "a page is text": (b"<!doctype html><script>alert(1)</script>", TEXT),
    "archive": (archive("a.exe"), ""),
    "workbook with macros": (archive("xl/workbook.xml", "xl/vbaProject.bin"), ""),
    "broken archive": (WORKBOOK[:30], ""),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 20, ""),
    "program": (b"MZ\x90\x00\x03", ""),
    "elf": (b"\x7fELF\x02\x01", ""),
    "neither text nor cp1252": (b"\x81\x8d\x8f", ""),
    "utf-16 cut short": (b"\xff\xfea", ""),
    "blank": (b" \n\t", ""),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize(("body", "content_type"), TYPES.values(), ids=TYPES)
def test_the_bytes_tell_the_type(body, content_type):
    assert content_type_of(body, "invoice.pdf") == content_type


def test_only_text_is_a_table_when_its_name_says_so():
    assert content_type_of(b"a,b\n1,2\n", "Rates.CSV") == CSV
    assert content_type_of(b"%PDF-1.7", "Rates.csv") == PDF


@pytest.mark.parametrize(
    ("said", "content_type", "kept"),
    [
        ("Invoice 7.PDF", PDF, "Invoice 7.pdf"),
        ("scan.jpeg", JPEG, "scan.jpeg"),
        ("C:\\papers\\..\\scan.tiff", TIFF, "scan.tiff"),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("order.edi", TEXT, "order.edi"),
        ("e\u0301\u202efdp.exe", PDF, "éfdp.exe.pdf"),
        ('..<a"b>|c?.pdf', PDF, "abc.pdf"),
        ("a\r\nb\x00.png", PNG, "ab.png"),
        ("Счёт №5.xlsx", XLSX, "Счёт №5.xlsx"),
        ("", PDF, "document.pdf"),
        ("...", XML, "document.xml"),
        (".pdf", PDF, "pdf.pdf"),
    ],
)
def test_a_name_is_made_safe_and_ends_as_its_type(said, content_type, kept):
    assert safe_name(said, content_type) == kept


def test_a_long_name_keeps_its_ending():
    kept = safe_name("x" * 300 + ".pdf", PDF)
    assert (len(kept), kept[-5:]) == (200, "x.pdf")


def test_every_type_has_endings():
    assert all(ending.startswith(".") for endings in ENDINGS.values() for ending in endings)
