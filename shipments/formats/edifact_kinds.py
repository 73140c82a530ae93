"""EDIFACT files by the kinds of their messages: which are read, which are passed over, and who sent them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shipments.formats import coarri, codeco, contrl, iftsta
from shipments.formats.base import Envelope, EnvelopeSet, Parse, Parsed, ParseIssue
from shipments.formats.edifact import EdifactFile, EdifactMessage, Interchange, read
from shipments.formats.edifact_values import prepared_at
from shipments.formats.message_content import Content
from shipments.formats.recognise import refusal, snippet, wrong_format

_READERS: dict[str, Callable[[EdifactMessage, Content], None]] = {
    "IFTSTA": iftsta.read_message,
    "COARRI": coarri.read_message,
    "CODECO": codeco.read_message,
}
_OTHER = "other_message"


def parse_as(kind: str) -> Parse:
    """The parser of files of `kind` messages ('IFTSTA').

    It reads messages of its own kind, and CONTRL; others are reported and passed over. With the option "is_auto" every
    kind that has a reader is read.
    """

    def parse(raw: bytes, options: Mapping[str, Any]) -> Parsed:
        if refused := refusal(raw):
            return refused
        file = read(raw)
        if not file.is_edifact:
            return wrong_format(raw, f"EDIFACT {kind}")
        return _read(file, raw, kind, frozenset(_READERS) if options.get("is_auto") else frozenset({kind}))

    return parse


def _read(file: EdifactFile, raw: bytes, kind: str, kinds: frozenset[str]) -> Parsed:
    content = Content()
    envelopes = tuple(_read_interchange(interchange, content, kinds) for interchange in file.interchanges)
    found = {message.kind for message in file.messages}
    is_quiet = found == {contrl.KIND}
    issues = [*file.issues, *content.issues]
    if found and not found & {*kinds, contrl.KIND}:
        names = " and ".join(f"an EDIFACT {name}" for name in sorted(found)[:3])
        said = f"This looks like {names}; the source sends EDIFACT {kind}."
        issues.insert(0, ParseIssue("wrong_format", said, snippet=snippet(raw)))
    elif not found and not any(not issue.is_warning for issue in issues):
        issues.append(ParseIssue("no_message", "There is no message in the interchange."))
    return Parsed(tuple(content.events), tuple(issues), envelopes, is_quiet=is_quiet)


def _read_interchange(interchange: Interchange, content: Content, kinds: frozenset[str]) -> Envelope:
    content.prepare(prepared_at(*interchange.prepared))
    first = content.position
    sets = [_read_message(message, content, kinds) for message in interchange.messages]
    sets += [_set(message, is_accepted=False, issues=message.issues) for message in interchange.cut_off]
    if interchange.is_test:
        said = f"Interchange {interchange.number} says that it is a test (UNB 0035)."
        content.warn("test_interchange", said, "UNB", first)
    answers = {message.kind for message in (*interchange.messages, *interchange.cut_off)}
    return Envelope(
        standard="edifact",
        sender=interchange.sender,
        receiver=interchange.receiver,
        number=interchange.number,
        digest=interchange.digest,
        first=first,
        last=content.position,
        sets=tuple(sets),
        is_acknowledgement=answers == {contrl.KIND},
        sender_qualifier=interchange.sender_qualifier,
        receiver_qualifier=interchange.receiver_qualifier,
        is_test=interchange.is_test,
    )


def _read_message(message: EdifactMessage, content: Content, kinds: frozenset[str]) -> EnvelopeSet:
    if message.kind == contrl.KIND:
        contrl.read_message(message, content)
        return _set(message, is_accepted=True, issues=message.issues)
    if message.kind not in kinds:
        said = f"Message {message.number} is an EDIFACT {message.kind or 'message of no kind'} and was passed over."
        content.issue(_OTHER, said, f"UNH #{message.first}")
        return _set(message, is_accepted=False, issues=(*message.issues, _OTHER))
    _READERS[message.kind](message, content)
    return _set(message, is_accepted=True, issues=(*message.issues, *content.lost))


def _set(message: EdifactMessage, *, is_accepted: bool, issues: tuple[str, ...]) -> EnvelopeSet:
    return EnvelopeSet(
        kind=f"{message.kind}:{message.version}",
        number=message.number,
        group=message.group,
        group_kind=message.group_kind,
        is_accepted=is_accepted,
        issues=tuple(dict.fromkeys(issues)),
    )
