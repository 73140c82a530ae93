"""What the page of a message says beside its bytes: how far it is read, what was answered, who handed it in."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.console import cells
from portal.console.base import File
from portal.console.record import Fact, Section
from portal.presentation import words
from shipments.enums import MessageState
from shipments.models import Acknowledgement, Message, Upload


def facts(message: Message) -> list[Fact]:
    """The progress of a large one, that it was undone, what was answered."""
    found: list[Fact] = []
    if message.state == MessageState.RECEIVED and message.progress:
        read = _("%(n)d events stored so far") % {"n": message.events_read}
        found.append(Fact(_("Progress"), f"{message.progress} %", read))
    if message.undone_at:
        note = _("Its events count no more; they stay on record.")
        found.append(Fact(_("Undone"), cells.moment(message.undone_at), note, "warn"))
    if (answer := answer_to(message)) is not None:
        verdict = _("accepts") if answer.is_accepted else _("reports errors")
        tone = "" if answer.is_accepted else "warn"
        found.append(Fact(_("Acknowledgement"), f"{answer.kind} · {verdict}", cells.moment(answer.created_at), tone))
    return found


def sections(request: HttpRequest, message: Message) -> list[Section]:
    """The uploads that brought it in."""
    if not request.user.has_perm("shipments.view_upload"):
        return []
    rows = Upload.objects.for_user(request.user).filter(message_id=message.pk).defer("raw").select_related("created_by")
    lines = [
        [
            cells.row_link("shipments_upload", upload.pk, str(upload)),
            cells.tag(words.upload_state(upload.state)),
            str(upload.created_by),
            cells.moment(upload.created_at),
        ]
        for upload in rows.order_by("-pk")[:10]
    ]
    head = [_("Upload"), _("State"), _("By"), _("Uploaded")]
    return [Section(_("Handed in by upload"), head, lines)] if lines else []


def answer_to(message: Message) -> Acknowledgement | None:
    try:
        return message.acknowledgement
    except ObjectDoesNotExist:
        return None


def _download(message: Message) -> tuple[bytes, str, str]:
    answer = answer_to(message)
    if answer is None:
        raise Http404
    return bytes(answer.body), "application/octet-stream", f"{answer.kind}-{message.public_id}.txt"


ACKNOWLEDGEMENT = File(
    "acknowledgement",
    gettext_lazy("Acknowledgement"),
    "shipments.view_message",
    _download,
    icon="reply",
    fits=lambda message: answer_to(message) is not None,
)
