"""What a payload looks like, so that a refusal can say so. Pure."""

from __future__ import annotations

import re

from shipments.formats.base import Parsed, rejected

_HEAD = 4096
_UTF_8 = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BINARY = frozenset({"pdf", "zip", "xlsx", "xls", "gzip", "image", "binary"})
_MAGIC: dict[bytes, str] = {
    b"%PDF": "pdf", b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "xls", b"\x1f\x8b": "gzip",
    b"\x89PNG": "image", b"\xff\xd8\xff": "image", b"GIF8": "image",
}  # fmt: skip
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_X12 = re.compile(rb"ISA[^A-Za-z0-9 \r\n]|(?:GS|ST)\*")
_X12_SET = re.compile(rb"ST([^A-Za-z0-9 \r\n])(\d{3})\1")
_EDIFACT = re.compile(rb"UN(?:A|B[^A-Za-z0-9\s])")
_EDIFACT_MESSAGE = re.compile(rb"UNH([^A-Za-z0-9\s]).{1,24}?\1([A-Z]{6})", re.DOTALL)
_EDIFACT_READ = {
    "iftsta": "iftsta", "coarri": "coarri", "codeco": "codeco", "cimfsu": "cargo_imp", "cimfsa": "cargo_imp",
}  # fmt: skip
_DCSA_WORDS = (b'"eventType"', b'"eventClassification"', b'EventTypeCode"', b'"eventID"', b"retractedEventID")
_DCSA_3_WORDS = (b'"eventClassification"', b'"eventRouting"')
_ONE_RECORD_WORDS = (b"onerecord.iata.org", b'"cargo:', b'"LogisticsEvent"')
# A whole line, behind the addresses of a Type-B message.
_CARGO_IMP = re.compile(rb"(?:\A|[\r\n])[ \t]*FS[UA]/\d{1,2}[ \t]*(?=[\r\n]|\Z)")
_EPCIS_WORDS = (b'EPCISDocument"', b'EPCISQueryDocument"', b'"eventList"', b'bizStep"', b'"eventTimeZoneOffset"')
_UPS_WORDS = (b'"trackResponse"', b'"activityStatus"', b'"localActivityDate"')
_FEDEX_WORDS = (b'"completeTrackResults"', b'"trackingNumberInfo"', b'"scanEvents"')
_DHL_WORDS = (b'"statusCode"', b'"service"', b'"typeCode"', b'"shipmentTrackingNumber"')
_NATIVE_WORDS = (b'"occurred_at"', b'"raw_code"', b'"retracts"')
_SPOKEN: dict[str, str] = {
    "pdf": "a PDF document", "zip": "an Excel workbook or a ZIP archive", "xlsx": "an Excel workbook",
    "xls": "an old Excel workbook",
    "gzip": "a compressed file", "image": "an image", "binary": "a binary file", "edifact": "an EDIFACT message",
    "xml": "XML or HTML", "cargo_imp": "a Cargo-IMP message", "json": "JSON of another kind",
    "dcsa_2": "DCSA Track & Trace events", "dcsa_3": "DCSA Track & Trace 3 events",
    "one_record": "ONE Record (JSON-LD)", "epcis": "GS1 EPCIS events", "native": "Waymark events (JSON)",
    "csv": "a table (CSV)", "cbp": "US customs dispositions", "x12_214": "an X12 214", "x12": "an X12 interchange",
    "ups": "a UPS tracking answer", "fedex": "a FedEx tracking answer", "dhl": "a DHL tracking answer",
    "iftsta": "an EDIFACT IFTSTA", "coarri": "an EDIFACT COARRI", "codeco": "an EDIFACT CODECO",
    "contrl": "an EDIFACT CONTRL",
}  # fmt: skip


def recognise(raw: bytes) -> str:
    """'x12_214', 'x12', 'cbp', 'iftsta', 'contrl', 'edifact_baplie', 'cargo_imp', 'dcsa_2' ...; '' for none."""
    if name := _magic(raw):
        return "xlsx" if name == "zip" and b"xl/workbook" in raw else name
    head = raw[:_HEAD]
    if head.startswith(_UTF_16):
        head = head[2:].replace(b"\x00", b"")
    return "binary" if b"\x00" in head else _recognise_text(head.removeprefix(_UTF_8).lstrip())


def _magic(raw: bytes) -> str:
    """What the first bytes alone say; '' for text."""
    return next((name for magic, name in _MAGIC.items() if raw.startswith(magic)), "")


def decode(raw: bytes) -> str:
    """The text: by its byte order mark, else UTF-8, else Windows-1252. Total."""
    try:
        if raw.startswith(_UTF_16):
            return raw.decode("utf-16")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; Latin-1 takes them as control characters.
        return raw.decode("cp1252" if not _NOT_CP1252.search(raw) else "latin-1")


def snippet(raw: bytes) -> str:
    """The beginning of a payload, to show a person."""
    return decode(raw[:60]).replace("\x00", "").strip()


def _recognise_text(head: bytes) -> str:
    if _X12.match(head):
        found = _X12_SET.search(head)
        return f"x12_{found[2].decode()}" if found else "x12"
    if _EDIFACT.match(head):
        return _recognise_edifact(head)
    if _CARGO_IMP.search(head) and not head.startswith((b"{", b"[", b"<")):
        return "cargo_imp"
    if head.startswith((b"{", b"[")):
        return _recognise_json(head)
    if head.startswith(b"<"):
        return "xml"
    first = head.partition(b"\n")[0]
    return "csv" if any(first.count(sign) for sign in (b",", b";", b"\t", b"|")) else ""


def _recognise_edifact(head: bytes) -> str:
    """By its messages: the first of a kind that is read, else the first."""
    kinds = [kind.decode().lower() for _, kind in _EDIFACT_MESSAGE.findall(head)]
    if known := next((_EDIFACT_READ[kind] for kind in kinds if kind in _EDIFACT_READ), ""):
        return known
    if not kinds:
        return "edifact"
    return "contrl" if kinds[0] == "contrl" else f"edifact_{kinds[0]}"


def _recognise_json(head: bytes) -> str:
    if any(word in head for word in _ONE_RECORD_WORDS):
        return "one_record"
    if any(word in head for word in _EPCIS_WORDS):
        return "epcis"
    if any(word in head for word in _NATIVE_WORDS):
        return "native"
    if b'"dispositions"' in head:
        return "cbp"
    if parcel := _recognise_parcel(head):
        return parcel
    if any(word in head for word in _DCSA_3_WORDS):
        return "dcsa_3"
    return "dcsa_2" if any(word in head for word in _DCSA_WORDS) else "json"


def _recognise_parcel(head: bytes) -> str:
    if any(word in head for word in _UPS_WORDS):
        return "ups"
    if any(word in head for word in _FEDEX_WORDS):
        return "fedex"
    return "dhl" if b'"shipments"' in head and any(word in head for word in _DHL_WORDS) else ""


def refusal(raw: bytes) -> Parsed | None:
    """The rejection of what no parser reads: nothing at all, or bytes that are no text. None for text."""
    if not raw.strip():
        return rejected("empty", "The message is empty.")
    looks_like = _magic(raw) or ("binary" if b"\x00" in raw[:_HEAD] and not raw.startswith(_UTF_16) else "")
    if looks_like in _BINARY:
        return rejected("binary", f"This is not text: it looks like {_SPOKEN[looks_like]}.")
    has_nul = "\x00" in decode(raw) if raw.startswith(_UTF_16) else b"\x00" in raw
    if has_nul:
        return rejected("binary", "This is not text: it holds NUL bytes.")
    return None


def named(looks_like: str) -> str:
    """What `recognise` found, in words with an article; '' for what has no name."""
    if looks_like.startswith("edifact_"):
        return f"an EDIFACT {looks_like[8:].upper()}"
    return _SPOKEN.get(looks_like) or (f"an X12 {looks_like[4:]}" if looks_like.startswith("x12_") else "")


def wrong_format(raw: bytes, expected: str) -> Parsed:
    """The rejection of a file of another format. `expected` in words, as in 'X12 214'."""
    looks_like = recognise(raw)
    said = named(looks_like)
    if not said:
        return rejected("wrong_format", f"This is not {expected}.", snippet=snippet(raw))
    return rejected("wrong_format", f"This looks like {said}; the source sends {expected}.", snippet=snippet(raw))
