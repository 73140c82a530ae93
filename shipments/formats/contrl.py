"""EDIFACT CONTRL, syntax and service report (ISO 9735-4): what the other side says of our interchanges, and our answer.

Pure. Action 4 is rejected, 7 acknowledged, 8 received. It is never an event, and never acknowledged itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from shipments.formats.base import Envelope, EnvelopeSet
from shipments.formats.edifact import EdifactMessage, Segment, part
from shipments.formats.message_content import Content

KIND = "CONTRL"
_REJECTED, _ACKNOWLEDGED = "4", "7"
_SAID = {
    "4": "was rejected by them", "5": "was rejected by them", "6": "was accepted by them",
    "7": "was accepted by them", "8": "was received by them",
}  # fmt: skip
# Issue → code of element 0085. The others are 18: an error that is not specified.
_ERRORS = {"wrong_count": "29", "wrong_number": "28", "message_cut_off": "13", "truncated": "13", "other_message": "14"}
_UNSPECIFIED = "18"
_SERVICE_SIGNS = "?:+'"
_CHARSET = "iso8859-1"


def read_message(message: EdifactMessage, content: Content) -> None:
    """Note what became of each of our interchanges and messages; nothing of it is an event."""
    content.begin(message, "", None)
    for offset, segment in enumerate(message.segments):
        tag = segment[0][0]
        if tag in ("UCI", "UCM"):
            _note(tag, segment, f"{tag} #{message.first + offset}", content)


def _note(tag: str, segment: Segment, where: str, content: Content) -> None:
    action, error = (part(segment, 4), part(segment, 5)) if tag == "UCI" else (part(segment, 3), part(segment, 4))
    what = "Interchange" if tag == "UCI" else f"Message {part(segment, 2)[:6]}"
    because = f" (error {error[:3]})" if error else ""
    said = f"{what} {part(segment, 1)[:14]} {_SAID.get(action, 'was answered without a verdict')}{because}."
    content.warn("they_rejected" if action in ("4", "5") else "they_accepted", said, where)


def write(envelopes: Sequence[Envelope], number: int, at_iso: str) -> bytes:
    """Our answer to `envelopes`: for each interchange a CONTRL of syntax version 3 under our `number`.

    Sender and receiver change places. What is no acknowledgement is answered, nothing else: b"" when nothing is left.
    """
    at = datetime.fromisoformat(at_iso).astimezone(UTC)
    answered = [envelope for envelope in envelopes if not envelope.is_acknowledgement]
    pieces: list[str] = []
    for count, envelope in enumerate(answered):
        control = str(number) if count == 0 else f"{number}-{count + 1}"
        pieces += _interchange(envelope, control[:14], at)
    return "".join(f"{piece}'\r\n" for piece in pieces).encode(_CHARSET)


def _interchange(envelope: Envelope, control: str, at: datetime) -> Iterator[str]:
    us = _party(envelope.receiver, envelope.receiver_qualifier)
    them = _party(envelope.sender, envelope.sender_qualifier)
    body = [f"UNH+1+{KIND}:D:3:UN", *_report(envelope, us, them)]
    test = "++++++1" if envelope.is_test else ""
    yield f"UNB+UNOC:3+{us}+{them}+{at:%y%m%d}:{at:%H%M}+{control}{test}"
    yield from body
    yield f"UNT+{len(body) + 1}+1"
    yield f"UNZ+1+{control}"


def _report(envelope: Envelope, us: str, them: str) -> Iterator[str]:
    """UCI, and UCM for what is worth saying: an accepted interchange vouches for all messages it does not name."""
    is_readable = not envelope.sets or any(one.is_accepted for one in envelope.sets)
    action = _ACKNOWLEDGED if is_readable else _REJECTED
    yield f"UCI+{_escaped(envelope.number)}+{them}+{us}+{action}"
    for one in envelope.sets:
        if not one.is_accepted or one.issues:
            yield f"UCM+{_escaped(one.number)}+{_kind(one)}+{_verdict(one)}"


def _verdict(one: EnvelopeSet) -> str:
    error = next((_ERRORS[issue] for issue in one.issues if issue in _ERRORS), _UNSPECIFIED)
    return _ACKNOWLEDGED if one.is_accepted else f"{_REJECTED}+{error}"


def _kind(one: EnvelopeSet) -> str:
    """'IFTSTA:D:00B:UN' as the message named itself (S009)."""
    return ":".join(map(_escaped, one.kind.split(":")))


def _party(name: str, qualifier: str) -> str:
    return f"{_escaped(name)}:{_escaped(qualifier)}" if qualifier else _escaped(name)


def _escaped(text: str) -> str:
    """As data: what the charset lacks is a question mark, and signs that separate are released."""
    text = text.encode(_CHARSET, "replace").decode(_CHARSET)
    return "".join(f"?{sign}" if sign in _SERVICE_SIGNS else sign for sign in text if sign.isprintable())
