"""What a state is called on screen, with the shape and the tone that go with it (ux.md 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.enums import ChargeState, DocumentKind, InvoiceState
from milestones.enums import (
    CaseStage,
    CaseState,
    Deviation,
    ExceptionKind,
    Health,
    JourneyStatus,
    MilestoneState,
    Severity,
    TaskState,
)
from partners.enums import DeliveryState, JobState
from portal.presentation import shapes
from shipments.enums import MessageState, UploadState, WaitReason

# Tones, the classes of static/portal/shapes.css: ok, info, warn, bad, plan (not yet), mute (does not matter any more).
_Look = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Word:
    """A word on screen. `shape` is a name of shapes.BODIES, `tone` a class of shapes.css."""

    text: str
    shape: str
    tone: str

    def __str__(self) -> str:
        return self.text

    @property
    def svg(self) -> SafeString:
        return shapes.shape(self.shape, self.tone)


_STATUS: dict[str, _Look] = {
    JourneyStatus.BOOKED: ("diamond", "plan"),
    JourneyStatus.IN_TRANSIT: ("arrow", "info"),
    JourneyStatus.ARRIVED: ("disc", "info"),
    JourneyStatus.DELIVERED: ("check", "ok"),
    JourneyStatus.CANCELLED: ("dash", "mute"),
}
_HEALTH: dict[str, _Look] = {
    Health.ON_TIME: ("check", "ok"),
    Health.AT_RISK: ("triangle", "warn"),
    Health.LATE: ("alert", "bad"),
    Health.NO_UPDATE: ("dashes", "mute"),
}
_SEVERITY: dict[str, _Look] = {
    Severity.CRITICAL: ("gem", "bad"),
    Severity.HIGH: ("disc", "bad"),
    Severity.MEDIUM: ("triangle", "warn"),
    Severity.LOW: ("ring", "info"),
}
_KIND: dict[str, _Look] = {
    ExceptionKind.OVERDUE: ("alert", "bad"),
    ExceptionKind.LATE: ("triangle", "warn"),
    ExceptionKind.MISSING: ("gap", "bad"),
    ExceptionKind.HOLD: ("hand", "bad"),
    ExceptionKind.EARLY: ("back", "info"),
    ExceptionKind.OUT_OF_SEQUENCE: ("swap", "warn"),
    ExceptionKind.UNEXPECTED: ("plus", "warn"),
    ExceptionKind.ETA_SLIP: ("slip", "warn"),
    ExceptionKind.DWELL: ("waiting", "warn"),
    ExceptionKind.LAST_FREE_DAY: ("flag", "bad"),
    ExceptionKind.DOCUMENT: ("page", "warn"),
    ExceptionKind.NO_NEWS: ("mute", "mute"),
    ExceptionKind.CONFLICT: ("split", "warn"),
    ExceptionKind.DUPLICATE: ("twice", "info"),
    ExceptionKind.COST_OVERRUN: ("coins", "bad"),
    ExceptionKind.CONDITION: ("diamond", "warn"),
}
_STAGE: dict[str, _Look] = {
    CaseStage.WARNING: ("ring", "warn"),
    CaseStage.BREACH: ("alert", "bad"),
    CaseStage.ESCALATED: ("gem", "bad"),
}
_DEVIATION: dict[str, _Look] = {
    Deviation.EARLY: ("check", "ok"),
    Deviation.ON_TIME: ("check", "ok"),
    Deviation.LATE: ("triangle", "warn"),
    Deviation.OVERDUE: ("alert", "bad"),
    Deviation.UNEXPECTED: ("ring", "info"),
    Deviation.OUT_OF_SEQUENCE: ("triangle", "warn"),
    Deviation.MISSING: ("gap", "bad"),
}
_CASE: dict[str, _Look] = {
    CaseState.OPEN: ("alert", "bad"),
    CaseState.ACKNOWLEDGED: ("arrow", "info"),
    CaseState.SNOOZED: ("moon", "mute"),
    CaseState.RESOLVED: ("check", "ok"),
}
_TASK: dict[str, _Look] = {
    TaskState.OPEN: ("ring", "info"),
    TaskState.DONE: ("check", "ok"),
    TaskState.CANCELLED: ("dash", "mute"),
}
_MESSAGE: dict[str, _Look] = {
    MessageState.RECEIVED: ("ring", "info"),
    MessageState.PARSED: ("check", "ok"),
    MessageState.PARTIAL: ("triangle", "warn"),
    MessageState.REJECTED: ("alert", "bad"),
    MessageState.PARKED: ("gap", "bad"),
}
_UPLOAD: dict[str, _Look] = {
    UploadState.CHECKING: ("waiting", "info"),
    UploadState.CHECKED: ("ring", "info"),
    UploadState.IMPORTED: ("check", "ok"),
    UploadState.DISCARDED: ("dash", "mute"),
    UploadState.UNDONE: ("dash", "warn"),
}
_WAIT: dict[str, _Look] = {
    WaitReason.UNMATCHED: ("dashes", "warn"),
    WaitReason.AMBIGUOUS: ("triangle", "warn"),
    WaitReason.UNMAPPED: ("gap", "bad"),
    WaitReason.QUARANTINED: ("alert", "bad"),
    WaitReason.UNPLACED: ("gap", "warn"),
}
_CHARGE: dict[str, _Look] = {
    ChargeState.UNBILLED: ("ring", "info"),
    ChargeState.DRAFTED: ("diamond", "plan"),
    ChargeState.INVOICED: ("check", "ok"),
    ChargeState.CANCELLED: ("dash", "mute"),
}
_INVOICE: dict[str, _Look] = {InvoiceState.DRAFT: ("diamond", "plan"), InvoiceState.ISSUED: ("check", "ok")}
_DOCUMENT: dict[str, _Look] = {DocumentKind.INVOICE: ("ring", "info"), DocumentKind.CREDIT_NOTE: ("dash", "warn")}
_DELIVERY: dict[str, _Look] = {
    DeliveryState.QUEUED: ("ring", "info"),
    DeliveryState.SENT: ("check", "ok"),
    DeliveryState.FAILED: ("alert", "bad"),
    DeliveryState.WITHDRAWN: ("dash", "mute"),
}
_JOB: dict[str, _Look] = {
    JobState.RUNNING: ("ring", "info"),
    JobState.DONE: ("check", "ok"),
    JobState.FAILED: ("alert", "bad"),
    JobState.CANCELLED: ("dash", "mute"),
}
# The letters of a strip: of milestones.Journey.strip, and W for what outsiders read instead of O and M.
LETTERS: dict[str, _Look] = {
    "D": ("check", "ok"),
    "L": ("check", "warn"),
    "U": ("triangle", "warn"),
    "E": ("ring", "info"),
    "S": ("dashes", "warn"),
    "O": ("alert", "bad"),
    "M": ("gap", "bad"),
    "P": ("diamond", "plan"),
    "W": ("waiting", "warn"),
}


def _word(choices: type[TextChoices], looks: Mapping[str, _Look], value: str) -> Word:
    shape, tone = looks[value]
    return Word(str(choices(value).label), shape, tone)


def status(value: str) -> Word:
    return _word(JourneyStatus, _STATUS, value)


def health(value: str) -> Word:
    return _word(Health, _HEALTH, value)


def severity(value: str) -> Word:
    return _word(Severity, _SEVERITY, value)


def exception_kind(value: str) -> Word:
    return _word(ExceptionKind, _KIND, value)


def deviation(value: str) -> Word | None:
    """None while nothing can be said."""
    return _word(Deviation, _DEVIATION, value) if value else None


def case_state(value: str) -> Word:
    return _word(CaseState, _CASE, value)


def case_stage(value: str) -> Word:
    return _word(CaseStage, _STAGE, value)


def task_state(value: str) -> Word:
    return _word(TaskState, _TASK, value)


def message_state(value: str) -> Word:
    return _word(MessageState, _MESSAGE, value)


def upload_state(value: str) -> Word:
    return _word(UploadState, _UPLOAD, value)


def wait_reason(value: str) -> Word:
    return _word(WaitReason, _WAIT, value)


def charge_state(value: str) -> Word:
    return _word(ChargeState, _CHARGE, value)


def invoice_state(value: str) -> Word:
    return _word(InvoiceState, _INVOICE, value)


def document_kind(value: str) -> Word:
    return _word(DocumentKind, _DOCUMENT, value)


def delivery_state(value: str) -> Word:
    return _word(DeliveryState, _DELIVERY, value)


def job_state(value: str) -> Word:
    return _word(JobState, _JOB, value)


def milestone(letter: str) -> Word:
    """The word of one letter of a strip (portal.presentation.strip)."""
    shape, tone = LETTERS[letter]
    return Word(_letter_text(letter), shape, tone)


def _letter_text(letter: str) -> str:
    texts = {
        "D": MilestoneState.REACHED.label,
        "L": _("Reached late"),
        "U": _("Happened, not planned"),
        "E": MilestoneState.ESTIMATED.label,
        "S": _("Expected late"),
        "O": MilestoneState.OVERDUE.label,
        "M": MilestoneState.MISSING.label,
        "P": MilestoneState.PLANNED.label,
        "W": _("Waiting for confirmation"),
    }
    return str(texts[letter])
