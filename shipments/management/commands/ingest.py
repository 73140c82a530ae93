from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from shipments.enums import MessageState
from shipments.models import Message, Source
from shipments.services import Receipt, read_now, receive

_UNDERSTOOD, _NEEDS_A_PERSON, _UNREADABLE = 0, 1, 2
_UNREAD = frozenset({MessageState.REJECTED, MessageState.PARKED, MessageState.RECEIVED})


class Command(BaseCommand):
    help = (
        "Receives each file as one message and reads it. Prints one JSON object a line; exit 0: everything was"
        " understood, 1: something waits for a person, 2: nothing could be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", required=True, metavar="CODE")
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source.objects.filter(code=options["source"]).first()
        if source is None:
            raise CommandError(f"There is no source {options['source']}.", returncode=_UNREADABLE)
        lines = [self._one(source, Path(name)) for name in options["files"]]
        sys.exit(exit_code(lines))

    def _one(self, source: Source, path: Path) -> dict[str, Any]:
        try:
            line = _received(source, path)
        except OSError as error:
            line = _refused(path, "unreadable_file", error.strerror or str(error))
        except DomainError as refusal:
            line = _refused(path, refusal.code, refusal.message)
        self.stdout.write(json.dumps(line, ensure_ascii=False))
        self.stdout.flush()
        return line


def exit_code(lines: list[dict[str, Any]]) -> int:
    """Of the lines printed: 0, 1 or 2 as the command's help says."""
    if all(line["state"] in _UNREAD or line["state"] == "refused" for line in lines):
        return _UNREADABLE
    is_clean = all(
        line["state"] in (MessageState.PARSED, "duplicate")
        and not (line["unmatched"] or line["unmapped"] or line["quarantined"])
        for line in lines
    )
    return _UNDERSTOOD if is_clean else _NEEDS_A_PERSON


def _received(source: Source, path: Path) -> dict[str, Any]:
    receipt = receive(source, path.read_bytes(), filename=path.name)
    return _line(path, receipt, read_now(receipt.message))


def _line(path: Path, receipt: Receipt, message: Message) -> dict[str, Any]:
    errors = [{name: error.get(name, "") for name in ("code", "segment", "message")} for error in message.errors]
    line: dict[str, Any] = {
        "file": str(path),
        "message": str(message.public_id),
        "state": message.state,
        "events": message.events_found,
        "matched": message.events_matched,
        "unmatched": message.events_unmatched,
        "unmapped": message.events_unmapped,
        "quarantined": message.events_quarantined,
        "duplicates": message.events_duplicate,
        "errors": errors,
    }
    if receipt.is_duplicate and message.state not in _UNREAD:
        # Everything in it was taken up when it came first; what waited for a person then is not counted twice.
        line |= {"state": "duplicate", "duplicates": message.events_found + message.events_duplicate}
        line |= dict.fromkeys(("events", "matched", "unmatched", "unmapped", "quarantined"), 0)
    return line


def _refused(path: Path, code: str, text: str) -> dict[str, Any]:
    counts = dict.fromkeys(("events", "matched", "unmatched", "unmapped", "quarantined", "duplicates"), 0)
    errors = [{"code": code, "segment": "", "message": text}]
    return {"file": str(path), "message": "", "state": "refused", **counts, "errors": errors}
