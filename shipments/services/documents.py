"""Papers of shipments: filed, read, withdrawn. The bytes of a document are written and read here alone."""

from __future__ import annotations

import hashlib
from typing import TypedDict, Unpack

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, NotVisible
from partners.access import may
from partners.enums import Permission
from partners.models import User
from shipments.enums import DocumentAudience, DocumentType
from shipments.models import Document, Shipment
from shipments.papers import ENDINGS, content_type_of, safe_name
from shipments.services.intake import printable
from shipments.services.pairing import touch
from shipments.services.sources import is_internal


class Paper(TypedDict):
    """`type`: a DocumentType, `name`: what its sender calls it, `audience`: a DocumentAudience."""

    type: str
    name: str
    audience: str


def may_file(shipment: Shipment, by: User | None) -> bool:
    """Whether `by` may file papers of the shipment: who may report its events, or change it."""
    if is_internal(by) or by is None:
        return True
    return any(may(by, each, shipment) for each in (Permission.REPORT_EVENTS, Permission.CHANGE_SHIPMENTS))


@transaction.atomic
def file_document(shipment: Shipment, *, body: bytes, by: User | None, **paper: Unpack[Paper]) -> tuple[Document, bool]:
    """Keep a paper of the shipment exactly as it is. Returns it, and whether it is new.

    The shipment is looked at again, so that what is open for want of the paper is closed. What the file is, its bytes
    tell (shipments.papers), never its name or its sender. The same bytes of the same type are filed once: filed again,
    the standing document is returned as it is. Raises NotVisible, and DomainError `not_allowed`, `unknown_type`,
    `unknown_audience`, `empty`, `too_large` (WAYMARK_DOCUMENT_BYTES), `wrong_content`, and `filed_before` (conflict) to
    one who may not see the paper that stands.
    """
    _must_file(shipment, by)
    content_type = _checked(paper, body)
    digest = hashlib.sha256(body).hexdigest()
    # Two at once: the second waits here for the first.
    Shipment.objects.select_for_update(no_key=True).filter(pk=shipment.pk).values_list("pk").first()
    same = Document.objects.standing().without_body().filter(shipment=shipment, type=paper["type"], digest=digest)
    if found := same.first():
        return _again(found, by), False
    document = Document.objects.create(
        shipment=shipment,
        type=paper["type"],
        name=safe_name(printable(paper["name"]), content_type),
        content_type=content_type,
        size=len(body),
        digest=digest,
        body=body,
        audience=paper["audience"],
        received_by=by,
    )
    touch([shipment.pk])
    return document, True


@transaction.atomic
def withdraw_document(document: Document, *, reason: str, by: User | None) -> None:
    """Have a paper count no more, with the reason; it is kept. Outside the house only who filed it may.

    The shipment is looked at again. Raises NotVisible, and DomainError `not_allowed`, `reason_missing`,
    `withdrawn_before` (conflict).
    """
    _must_withdraw(document, by)
    said = printable(reason).strip()[:300]
    if not said:
        raise DomainError("reason_missing", _("Say why, for those who read it later."), field="reason")
    now = timezone.now()
    standing = Document.objects.standing().filter(pk=document.pk)
    if not standing.update(withdrawn_at=now, withdrawn_by=by, withdraw_reason=said):
        raise DomainError("withdrawn_before", _("This document was withdrawn before."), conflict=True)
    document.withdrawn_at, document.withdrawn_by, document.withdraw_reason = now, by, said
    touch([document.shipment_id])


def body_of(document: Document) -> bytes:
    """The very bytes that were filed. Whether the caller may have them is decided by how `document` was found."""
    return bytes(Document.objects.filter(pk=document.pk).values_list("body", flat=True).get())


def _must_file(shipment: Shipment, by: User | None) -> None:
    if may_file(shipment, by):
        return
    if by is None or not may(by, "view", shipment):
        raise NotVisible(str(Shipment._meta.verbose_name))
    raise DomainError("not_allowed", _("You may read this shipment, but not file documents of it."))


def _must_withdraw(document: Document, by: User | None) -> None:
    if by is None or is_internal(by) or may(by, "change", document):
        return
    if not may(by, "view", document):
        raise NotVisible(str(Document._meta.verbose_name))
    raise DomainError("not_allowed", _("Only who filed a document may withdraw it."))


def _checked(paper: Paper, body: bytes) -> str:
    """The type of the bytes, when the paper may be filed."""
    if paper["type"] not in DocumentType.values:
        text = _("The type is one of %s.") % ", ".join(DocumentType.values)
        raise DomainError("unknown_type", text, field="type")
    if paper["audience"] not in DocumentAudience.values:
        text = _("Who may see it is one of %s.") % ", ".join(DocumentAudience.values)
        raise DomainError("unknown_audience", text, field="audience")
    if not body:
        raise DomainError("empty", _("The file is empty."), field="file")
    if len(body) > settings.WAYMARK_DOCUMENT_BYTES:
        raise DomainError("too_large", _("A document may have %s at most.") % size_words(), field="file")
    content_type = content_type_of(body, paper["name"])
    if not content_type:
        kinds = ", ".join(sorted({ending[0].removeprefix(".").upper() for ending in ENDINGS.values()}))
        text = _("This file is none of those that are taken: %s. Archives and documents with macros are not.") % kinds
        raise DomainError("wrong_content", text, field="file")
    return content_type


def size_words() -> str:
    """The largest document, for people."""
    largest = settings.WAYMARK_DOCUMENT_BYTES
    return f"{largest / (1 << 20):.4g} MiB" if largest >= 1 << 20 else f"{largest >> 10} KiB"


def _again(standing: Document, by: User | None) -> Document:
    if by is not None and not may(by, "view", standing):
        raise DomainError("filed_before", _("This file is there already."), field="file", conflict=True)
    return standing
