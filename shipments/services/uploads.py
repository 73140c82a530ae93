"""Tables that a person hands in: checked without storing an event, then imported, discarded, or undone later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from core.states import move
from partners.access import may
from partners.models import User
from shipments.enums import UPLOAD_MOVES, Format, MessageState, UploadState
from shipments.formats.error_file import csv_table, error_rows
from shipments.formats.table import WITH_ROWS
from shipments.models import Message, Source, Upload
from shipments.services.apart import parse_apart
from shipments.services.checking import cancel_check, start_check, takes_long
from shipments.services.intake import file_name, receive, reprocess
from shipments.services.previewing import examine
from shipments.services.sources import is_internal
from shipments.services.undoing import undo_upload

__all__ = ["check_upload", "discard_upload", "error_file", "import_upload", "undo_upload"]

_TABLES = frozenset({Format.CSV, Format.AUTO})


def check_upload(
    source: Source, raw: bytes, *, filename: str, column_mapping: Mapping[str, Any] | None, by: User
) -> Upload:
    """Read the table without reporting anything, and keep it with what was found in `Upload.report`.

    A table that takes long is kept as `checking` with an empty report, and the workers check it (services.checking).
    `column_mapping`: as Source.column_mapping, on top of it for this table. The report: {"rows", "ready", "refused",
    "problems": [{"row", "field", "value", "code", "message"}] (the first 200; row 0: of the whole table), "preview":
    [{"row", "code", "raw_code", "classifier", "wall_time", "time_zone", "zone_certainty", "occurred_at", "place",
    "unit", "references": [[type, value]], "shipment": reference or "", "shipment_id": public id or "", "status": new |
    duplicate | unmatched | ambiguous | quarantined, "detail"}] (the first 50), "unmapped": {their code: rows},
    "headings": [...], "proposed": {our field: their heading} when columns are missing}.

    Raises DomainError `empty`, `too_large`, `wrong_format` (a source that sends no tables) and NotVisible.
    """
    if not is_internal(by) and not may(by, "view", source):
        raise NotVisible(str(Source._meta.verbose_name))
    if source.format not in _TABLES:
        raise DomainError("wrong_format", _("The source %s does not send tables.") % source.code, field="source")
    if not raw:
        raise DomainError("empty", _("The file is empty."), field="file")
    if len(raw) > settings.WAYMARK_PARSE_LIMIT:
        limit = settings.WAYMARK_PARSE_LIMIT >> 20
        raise DomainError("too_large", _("A table may have %s MiB at most.") % limit, field="file")
    mapping = {**source.column_mapping, **(column_mapping or {})}
    upload = Upload(source=source, filename=file_name(filename), raw=raw, column_mapping=mapping, created_by=by)
    if takes_long(raw):
        return _keep_for_workers(upload, by)
    upload.report = examine(source, raw, {**source.reading, **mapping}, by=by)
    upload.save()
    return upload


@transaction.atomic
def _keep_for_workers(upload: Upload, by: User) -> Upload:
    upload.state = UploadState.CHECKING
    upload.save()
    start_check(upload, by=by)
    return upload


@transaction.atomic
def import_upload(upload: Upload, *, by: User, remember: bool = False) -> Message:
    """Receive the table as a message of its source; the workers read it. Rows with problems are left out.

    `remember`: its column mapping is the source's from now on. The same file again is refused while its first import
    stands; after an undo, or when nothing could be read of it, it is read anew. Raises DomainError `imported_before`
    (conflict), `still_checking` (conflict), `state_not_allowed` (conflict), `nothing_ready`, `source_inactive` and
    NotVisible.
    """
    _check_right(upload, by)
    if upload.state == UploadState.CHECKING:
        raise DomainError("still_checking", _("The table is still being checked. Wait for its end."), conflict=True)
    if not upload.report.get("ready"):
        raise DomainError("nothing_ready", _("No row of the table can be imported."))
    source = Source.objects.select_for_update(of=("self",)).get(pk=upload.source_id)
    if remember:
        Source.objects.filter(pk=source.pk).update(column_mapping=upload.column_mapping)
    raw = bytes(upload.raw)
    before = Message.objects.filter(source=source, digest=hashlib.sha256(raw).hexdigest()).first()
    if before and not before.undone_at and before.state not in (MessageState.REJECTED, MessageState.PARKED):
        when = f"{before.received_at:%Y-%m-%d %H:%M} UTC"
        raise DomainError("imported_before", _("This very file came in before, on %s.") % when, conflict=True)
    message = receive(source, raw, filename=upload.filename, by=by).message
    if before:
        _read_anew(message, by)
    move(upload, UPLOAD_MOVES, to=UploadState.IMPORTED, message_id=message.pk)
    return message


def _read_anew(message: Message, by: User) -> None:
    """What was undone or could not be read, with the mapping of the newest upload of it, which is this."""
    Message.objects.filter(pk=message.pk).update(undone_at=None, received_by=by)
    message.undone_at = None
    reprocess(message, by=by)


@transaction.atomic
def discard_upload(upload: Upload, *, by: User) -> None:
    """Have the table not imported, nor checked any further. Raises DomainError `state_not_allowed` (conflict),
    `state_changed` (conflict: its check came to an end meanwhile) and NotVisible."""
    _check_right(upload, by)
    was_checking = upload.state == UploadState.CHECKING
    move(upload, UPLOAD_MOVES, to=UploadState.DISCARDED)
    if was_checking:
        cancel_check(upload, by=by)


def error_file(upload: Upload) -> Iterator[bytes]:
    """The refused rows with a last column that says why: a CSV to put right and hand in again.

    In pieces, as the table is read again: neither the rows nor the file are held as a whole.
    """
    options = {**upload.source.reading, **upload.column_mapping, WITH_ROWS: True}
    return csv_table(error_rows(parse_apart(Format.CSV, bytes(upload.raw), options)))


def _check_right(upload: Upload, by: User) -> None:
    if not is_internal(by) and not may(by, "change", upload):
        raise NotVisible(str(Upload._meta.verbose_name))
