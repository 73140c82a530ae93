"""GS1 identifiers and CBV words, whichever way they are spelled. Pure.

One thing has several names: an EPC URN without its check digit (Tag Data Standard 2.0, section 6), a Digital Link URI
with it (GS1 Digital Link 1.2, section 5), and a word of the Core Business Vocabulary bare, as a CURIE, as a URI of
ref.gs1.org or as a URN (CBV 2.0, section 7). Two names of one thing give the same value here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from shipments.identifiers import gs1_check_digit

_URN = re.compile(r"urn:epc:(?:id|class|idpat):([a-z]+):(.+)\Z", re.IGNORECASE)
_LINK = re.compile(r"https?://[^/?#]+(?:/[^?#]*?)?/(00|01|253|401|402|414|417|8003|8004|8018)/([^/?#]+)([^?#]*)", re.I)
_SECOND = re.compile(r"/(?:21|254|10)/([^/?#]+)")
_LINK_KINDS = {
    "00": ("sscc", r"\d{18}"), "01": ("gtin", r"\d{8}|\d{12,14}"), "253": ("gdti", r"\d{13}.{0,17}"),
    "401": ("ginc", r".{4,30}"), "402": ("gsin", r"\d{17}"), "414": ("gln", r"\d{13}"), "417": ("gln", r"\d{13}"),
    "8003": ("grai", r"0\d{13}.{0,16}"), "8004": ("giai", r".{4,30}"), "8018": ("gsrn", r"\d{18}"),
}  # fmt: skip
_LINK_SHAPES = {key: (kind, re.compile(rf"(?:{shape})\Z", re.ASCII)) for key, (kind, shape) in _LINK_KINDS.items()}
_WORD = re.compile(
    r"(?:https?://(?:ref\.gs1\.org/cbv|ns\.gs1\.org/cbv|gs1\.org/cbv)/|cbv:)([A-Za-z]+)-([A-Za-z0-9_]+)\Z"
    r"|urn:epcglobal:cbv:([a-z]+):([a-z0-9_]+)\Z"
)
_CONTAINER = re.compile(r"[A-Z]{4}\d{7}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """`kind`: sscc, gtin, gln, grai, giai, gdti, ginc, gsin, gsrn, bic (a container) or imo (a ship).

    `code`: the number with its check digit, capital letters. `serial`: of the one thing, place or document within it.
    """

    kind: str
    code: str
    serial: str = ""

    @property
    def text(self) -> str:
        return f"{self.code}.{self.serial}" if self.serial else self.code


def read_key(uri: str) -> Key | None:
    """The GS1 key, container or ship that an EPC URN or a Digital Link URI names; None for any other URI."""
    if found := _URN.match(uri):
        return _of_urn(found[1].lower(), unquote(found[2]))
    if found := _LINK.match(uri):
        kind, shape = _LINK_SHAPES[found[1]]
        code, second = unquote(found[2]), _SECOND.match(found[3])
        return _of_link(kind, code, unquote(second[1]) if second else "") if shape.match(code) else None
    return None


def word(value: str, kind: str) -> str:
    """A term of the CBV as its bare word; any other URI and word as it is. `kind`: bizstep, disp, btt, sdt or er."""
    found = _WORD.match(value)
    if not found:
        return value
    said, bare = found[1] or found[3], found[2] or found[4]
    return bare if said.lower() == kind else value


def _of_urn(scheme: str, rest: str) -> Key | None:
    if scheme == "bic":
        return Key("bic", rest.upper()) if _CONTAINER.match(rest.upper()) else None
    if scheme == "imovn":
        return Key("imo", rest) if re.fullmatch(r"\d{7}", rest, re.ASCII) else None
    company, _, item = rest.partition(".")
    item, _, serial = item.partition(".")
    if not (company.isascii() and company.isdigit()):
        return None
    read = _SCHEMES.get(scheme)
    return read(company, item, "" if serial in ("*", "0") and scheme != "sgtin" else serial) if read else None


def _of_link(kind: str, code: str, serial: str) -> Key:
    if kind == "gtin":
        return Key(kind, code.zfill(14), serial)
    if kind == "grai":
        return Key(kind, code[:14], code[14:])
    if kind == "gdti":
        return Key(kind, code[:13], code[13:])
    return Key(kind, code, "" if serial == "0" else serial)


def _digits(text: str, length: int) -> str:
    return text if len(text) == length and text.isascii() and text.isdigit() else ""


def _sscc(company: str, item: str, serial: str) -> Key | None:
    # The extension digit stands first in the serial reference, and first in the SSCC.
    body = _digits(item[:1] + company + item[1:], 17)
    return Key("sscc", body + gs1_check_digit(body)) if body and not serial else None


def _gtin(company: str, item: str, serial: str) -> Key | None:
    body = _digits(item[:1] + company + item[1:], 13)
    return Key("gtin", body + gs1_check_digit(body), "" if serial == "*" else serial) if body else None


def _gln(company: str, item: str, serial: str) -> Key | None:
    body = _digits(company + item, 12)
    return Key("gln", body + gs1_check_digit(body), serial) if body else None


def _grai(company: str, item: str, serial: str) -> Key | None:
    body = _digits(company + item, 12)
    return Key("grai", f"0{body}{gs1_check_digit(body)}", serial) if body else None


def _gdti(company: str, item: str, serial: str) -> Key | None:
    body = _digits(company + item, 12)
    return Key("gdti", body + gs1_check_digit(body), serial) if body else None


def _gsrn(company: str, item: str, serial: str) -> Key | None:
    body = _digits(company + item, 17)
    return Key("gsrn", body + gs1_check_digit(body)) if body and not serial else None


def _gsin(company: str, item: str, serial: str) -> Key | None:
    body = _digits(company + item, 16)
    return Key("gsin", body + gs1_check_digit(body)) if body and not serial else None


def _giai(company: str, item: str, serial: str) -> Key | None:
    return Key("giai", company + item + (f".{serial}" if serial else "")) if item else None


def _ginc(company: str, item: str, serial: str) -> Key | None:
    return Key("ginc", company + item + (f".{serial}" if serial else "")) if item else None


_SCHEMES = {
    "sscc": _sscc, "sgtin": _gtin, "lgtin": _gtin, "sgln": _gln, "pgln": _gln, "grai": _grai, "gdti": _gdti,
    "gsrn": _gsrn, "gsrnp": _gsrn, "gsin": _gsin, "giai": _giai, "ginc": _ginc,
}  # fmt: skip
